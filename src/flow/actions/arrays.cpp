// Filter array (Query), Select, Create table, Join: they take an array, `from`, and answer {"body": …}.
#include <fmt/format.h>

#include "base/text.hpp"
#include "flow/execution.hpp"

namespace rollcall::flow {
namespace {

// `from`, checked; the value keeps what the array lives in.
Result<expr::Value> array_of(Execution& execution, Frame& frame, ActionIndex action,
                             const Template& from) {
  auto environment = execution.environment(frame, action);
  TRY(auto value, from.evaluate(environment));
  if (!value->is_array()) {
    return fail("FLOW0314", fmt::format("'from' is no array but {}",
                                        std::string_view(to_string(value->kind()))));
  }
  if (value->get_array().size() > max_items) {
    return fail("FLOW0503", fmt::format("'from' has {} items, more than {}",
                                        value->get_array().size(), max_items));
  }
  if (execution.keeps_inputs())
    execution.slot(frame, action).inputs = json::object{{"from", *value}};
  return value;
}

json::value body(json::value value) {
  json::object outputs;
  outputs.emplace("body", std::move(value));
  return outputs;
}

void conclude(Execution& execution, Frame& frame, ActionIndex action, Result<json::value> answer) {
  if (!answer) return execution.fail(frame, action, answer.error());
  execution.succeed(frame, action, body(*std::move(answer)));
}

Result<json::value> filter(Execution& execution, Frame& frame, ActionIndex action,
                           const FilterArray& kind) {
  TRY(const auto from, array_of(execution, frame, action, kind.from));
  auto outer = execution.environment(frame, action);
  expr::ItemEnvironment environment(outer);
  json::array kept;
  for (const auto& item : from->get_array()) {
    environment.set(item);
    TRY(const bool matches, kind.where.evaluate_condition(environment));
    if (matches) kept.push_back(item);
  }
  return json::value(std::move(kept));
}

Result<json::value> select(Execution& execution, Frame& frame, ActionIndex action,
                           const Select& kind) {
  TRY(const auto from, array_of(execution, frame, action, kind.from));
  auto outer = execution.environment(frame, action);
  expr::ItemEnvironment environment(outer);
  json::array selected;
  selected.reserve(from->get_array().size());
  for (const auto& item : from->get_array()) {
    environment.set(item);
    TRY(auto value, kind.select.evaluate(environment));
    selected.push_back(std::move(value).take());
  }
  return json::value(std::move(selected));
}

Result<json::value> join(Execution& execution, Frame& frame, ActionIndex action, const Join& kind) {
  TRY(const auto from, array_of(execution, frame, action, kind.from));
  auto environment = execution.environment(frame, action);
  TRY(const auto with, kind.with.evaluate(environment));
  const auto separator = expr::to_text(*with);
  std::string text;
  for (std::size_t i = 0; i < from->get_array().size(); ++i) {
    if (i > 0) text += separator;
    text += expr::to_text(from->get_array()[i]);
    if (text.size() > max_string_length) return fail("FLOW0503", "the joined text is too long");
  }
  return json::value(text);
}

// ---- Create table

using Rows = std::vector<std::vector<std::string>>;

Result<Rows> cells(Execution& execution, Frame& frame, ActionIndex action, const Table& kind,
                   const json::array& from) {
  auto outer = execution.environment(frame, action);
  expr::ItemEnvironment environment(outer);
  Rows rows(1);
  for (const auto& column : kind.columns) {
    TRY(const auto header, column.header.evaluate(outer));
    rows[0].push_back(expr::to_text(*header));
  }
  std::vector<std::string> members;
  if (kind.columns.empty() && !from.empty() && from[0].is_object()) {
    for (const auto& member : from[0].get_object()) members.emplace_back(member.key());
    rows[0] = members;
  }
  for (const auto& item : from) {
    auto& row = rows.emplace_back();
    environment.set(item);
    for (const auto& column : kind.columns) {
      TRY(const auto value, column.value.evaluate(environment));
      row.push_back(expr::to_text(*value));
    }
    for (const auto& member : members) {
      const auto* value = find(item, member);
      row.push_back(value == nullptr ? "" : expr::to_text(*value));
    }
  }
  return rows;
}

std::string csv(const Rows& rows) {
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text += ',';
      if (row[i].find_first_of(",\"\r\n") == std::string::npos) {
        text += row[i];
        continue;
      }
      text += '"';
      for (const char c : row[i]) text += c == '"' ? std::string("\"\"") : std::string(1, c);
      text += '"';
    }
    text += "\r\n";
  }
  return text;
}

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else if (c == '>')
      escaped += "&gt;";
    else if (c == '"')
      escaped += "&quot;";
    else
      escaped += c;
  }
  return escaped;
}

std::string html(const Rows& rows) {
  const auto line = [](const std::vector<std::string>& row, std::string_view tag) {
    std::string text = "<tr>";
    for (const auto& cell : row) text += fmt::format("<{0}>{1}</{0}>", tag, escape_html(cell));
    return text + "</tr>";
  };
  std::string text = "<table><thead>" + line(rows.front(), "th") + "</thead><tbody>";
  for (std::size_t i = 1; i < rows.size(); ++i) text += line(rows[i], "td");
  return text + "</tbody></table>";
}

Result<json::value> table(Execution& execution, Frame& frame, ActionIndex action,
                          const Table& kind) {
  TRY(const auto from, array_of(execution, frame, action, kind.from));
  auto environment = execution.environment(frame, action);
  TRY(const auto format, kind.format.evaluate(environment));
  TRY(const auto rows, cells(execution, frame, action, kind, from->get_array()));
  const auto name = expr::to_text(*format);
  if (equals_ignoring_case(name, "csv")) return json::value(csv(rows));
  if (equals_ignoring_case(name, "html")) return json::value(html(rows));
  return fail("FLOW0315", fmt::format("a table's format is CSV or HTML, not '{}'", name));
}

}  // namespace

void start(Execution& execution, Frame& frame, ActionIndex action, const FilterArray& kind) {
  conclude(execution, frame, action, filter(execution, frame, action, kind));
}

void start(Execution& execution, Frame& frame, ActionIndex action, const Select& kind) {
  conclude(execution, frame, action, select(execution, frame, action, kind));
}

void start(Execution& execution, Frame& frame, ActionIndex action, const Table& kind) {
  conclude(execution, frame, action, table(execution, frame, action, kind));
}

void start(Execution& execution, Frame& frame, ActionIndex action, const Join& kind) {
  conclude(execution, frame, action, join(execution, frame, action, kind));
}

}  // namespace rollcall::flow
