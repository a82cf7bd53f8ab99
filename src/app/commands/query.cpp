// `rollcall query 'KQL'`: the result as a table, or as the API's JSON.
#include <fmt/format.h>

#include "app/chart.hpp"
#include "app/commands/commands.hpp"
#include "app/text_table.hpp"
#include "base/text.hpp"
#include "kql/format.hpp"

namespace rollcall::app {
namespace {

std::string cell_text(const json::value& value) {
  if (value.is_null()) return "";
  if (const auto* text = value.if_string()) return std::string(*text);
  return json::serialize(value);
}

int print_formatted(std::string_view text, const Console& console) {
  const auto formatted = kql::format(text);
  if (!formatted) return report(console, kql::to_error(formatted.error().front()), text);
  console.out(*formatted);
  return done;
}

}  // namespace

int query(const QueryCommandOptions& options, const Console& console, const Clock& clock) {
  if (options.format) return print_formatted(options.text, console);
  const auto connection = connect(options.connect, clock, console);
  if (!connection) return report(console, connection.error());
  const bool command = trim(options.text).starts_with('.');
  const auto answer =
      command ? (*connection)->post("/api/v1/command", json::object{{"command", options.text}})
              : (*connection)->post("/api/v1/query", json::object{{"query", options.text}});
  if (!answer) return report(console, answer.error());
  if (options.json) {
    console.out(pretty(*answer));
    return done;
  }
  if (const auto drawn = chart(*answer); !drawn.empty()) {
    console.out(drawn);
    return done;
  }
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& column : answer->at("columns").as_array())
    rows[0].emplace_back(text_or(column, "name"));
  for (const auto& row : answer->at("rows").as_array()) {
    rows.emplace_back();
    for (const auto& value : row.as_array()) rows.back().push_back(cell_text(value));
  }
  console.out(text_table(rows));
  console.out(fmt::format("({} row{})\n", rows.size() - 1, rows.size() == 2 ? "" : "s"));
  return done;
}

}  // namespace rollcall::app
