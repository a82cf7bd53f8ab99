// `rollcall status`: the matrix in a terminal. Regions go down in sequence order, roles go across.
#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "app/text_table.hpp"

namespace rollcall::app {
namespace {

struct Cell {
  std::string version;
  std::string since;
  std::int64_t percent = 100;
  std::string state;        // live, unknown, removed
  std::string deaf_source;  // through which it is heard, and which has stopped
};

// environment → role → region → cell; environments and roles by name, regions as the answer orders them.
using Matrix = std::map<std::string, std::map<std::string, std::map<std::string, Cell>>>;

std::int64_t number_or(const json::value& value, std::string_view key, std::int64_t otherwise) {
  const auto* member = find(value, key);
  if (member == nullptr) return otherwise;
  if (const auto* whole = member->if_int64()) return *whole;
  if (const auto* real = member->if_double()) return static_cast<std::int64_t>(*real);
  return otherwise;
}

Matrix matrix_of(const json::value& snapshot) {
  Matrix matrix;
  const auto* cells = find(snapshot, "cells");
  if (cells == nullptr || !cells->is_array()) return matrix;
  for (const auto& cell : cells->get_array()) {
    matrix[std::string(text_or(cell, "environment"))][std::string(text_or(cell, "role"))]
          [std::string(text_or(cell, "region"))] = {
              std::string(text_or(cell, "version")), std::string(text_or(cell, "since")),
              number_or(cell, "percent", 100), std::string(text_or(cell, "state")),
              std::string(text_or(cell, "deafSource"))};
  }
  return matrix;
}

std::string show(const Cell& cell, Timestamp now) {
  std::string text = cell.version;
  if (cell.percent < 100) text += fmt::format(" {}%", cell.percent);
  if (const auto since = parse_iso(cell.since)) text += " " + age(now - *since);
  if (cell.state == "removed") return text + " removed";
  if (!cell.deaf_source.empty()) return text + " not heard: " + cell.deaf_source + " stopped";
  return cell.state == "unknown" ? text + " silent" : text;
}

using Roles = std::map<std::string, std::map<std::string, Cell>>;

// As many roles beside each other as fit; the others in further tables.
std::string environment_tables(const Roles& roles, const json::array& regions, Timestamp now) {
  std::string out;
  for (auto role = roles.begin(); role != roles.end();) {
    std::vector<std::vector<std::string>> rows{{"  region"}};
    std::vector<std::string> present;
    for (const auto& region : regions) {
      const std::string name(region.get_string());
      if (std::ranges::any_of(roles, [&](const auto& one) { return one.second.contains(name); })) {
        present.push_back(name);
        rows.push_back({"  " + name});
      }
    }
    std::size_t width = 2 + (present.empty() ? 0 : std::ranges::max(present, {}, width_of).size());
    for (bool first = true; role != roles.end(); ++role, first = false) {
      std::vector<std::string> column{role->first};
      for (const auto& name : present) {
        const auto cell = role->second.find(name);
        column.push_back(cell == role->second.end() ? "-" : show(cell->second, now));
      }
      const auto widest = width_of(std::ranges::max(column, {}, width_of));
      if (!first && width + 2 + widest > screen_columns) break;
      width += 2 + widest;
      for (std::size_t i = 0; i < column.size(); ++i) rows[i].push_back(column[i]);
    }
    out += text_table(rows);
  }
  return out;
}

}  // namespace

int status(const StatusOptions& options, const Console& console, const Clock& clock) {
  const auto connection = connect(options.connect, clock, console);
  if (!connection) return report(console, connection.error());
  std::string target = "/api/v1/snapshot?";
  if (!options.environment.empty())
    target += "environment=" + http::encode_percent(options.environment) + "&";
  if (!options.role.empty()) target += "role=" + http::encode_percent(options.role);
  const auto snapshot = (*connection)->get(target);
  if (!snapshot) return report(console, snapshot.error());
  if (options.json) {
    console.out(pretty(*snapshot));
    return done;
  }
  const auto matrix = matrix_of(*snapshot);
  if (matrix.empty()) {
    console.out(
        "no cell is known yet: send logs with `rollcall ingest FILE`, then wait for the next "
        "poll\n");
    return done;
  }
  const auto now = parse_iso(text_or(*snapshot, "now")).value_or(clock.now());
  for (const auto& [environment, roles] : matrix) {
    console.out(environment + "\n" +
                environment_tables(roles, snapshot->at("regions").as_array(), now));
  }
  if (const auto* problems = find(*snapshot, "problems"); problems != nullptr) {
    for (const auto& one : problems->as_array())
      console.err(fmt::format("{}\n", std::string_view(one.as_string())));
  }
  return done;
}

}  // namespace rollcall::app
