#include "odata/apply.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "odata/binder.hpp"
#include "odata/parser.hpp"

namespace rollcall::odata {
namespace {

std::unexpected<Error> wrong(std::string message) {
  return fail("ODATA0102", "$apply: " + std::move(message));
}

// Cuts at `separator` outside of parentheses and quotes. Empty when they do not match.
std::vector<std::string_view> cut(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  int depth = 0;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') quoted = !quoted;
    if (quoted) continue;
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth < 0) return {};
    if (text[i] == separator && depth == 0) {
      parts.push_back(trim(text.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  if (quoted || depth != 0) return {};
  parts.push_back(trim(text.substr(begin)));
  return parts;
}

// The inside of `name( … )`; absent when the text is no such call.
std::optional<std::string_view> inside(std::string_view text, std::string_view name) {
  if (text.size() < name.size() + 2 || !equals_ignoring_case(text.substr(0, name.size()), name))
    return std::nullopt;
  const auto rest = trim(text.substr(name.size()));
  if (!rest.starts_with('(') || !rest.ends_with(')')) return std::nullopt;
  return trim(rest.substr(1, rest.size() - 2));
}

Result<Bound> bound_value(const Schema& schema, std::string_view text) {
  TRY(const auto expr, parse_expression(text));
  Binder binder(schema, false, 0);
  TRY(auto bound, binder.value(*expr));
  if (bound.type == Type::json || bound.type == Type::null)
    return fail("ODATA0106", fmt::format("'{}' cannot be grouped or counted", text));
  return bound;
}

bool is_alias(std::string_view text) { return !text.empty() && scan_name(text) == text.size(); }

// `$count as n`, `Percent with max as Most`
Result<Aggregation::Column> aggregate(const Schema& schema, std::string_view text) {
  const auto as = text.rfind(" as ");
  if (as == std::string_view::npos || !is_alias(trim(text.substr(as + 4))))
    return wrong(fmt::format("'{}' lacks its name: … as Name", text));
  const std::string name(trim(text.substr(as + 4)));
  const auto what = trim(text.substr(0, as));
  if (what == "$count")
    return Aggregation::Column{name, sql::call("count", {sql::make(sql::Star{})}), Type::integer};
  const auto with = what.rfind(" with ");
  if (with == std::string_view::npos)
    return wrong(fmt::format("'{}' is neither $count nor … with sum", what));
  const auto method = trim(what.substr(with + 6));
  TRY(auto bound, bound_value(schema, trim(what.substr(0, with))));
  struct Method {
    std::string_view name;
    const char* function;
    bool of_numbers, distinct;
  };
  static constexpr Method methods[] = {{"sum", "sum", true, false},
                                       {"average", "avg", true, false},
                                       {"min", "min", false, false},
                                       {"max", "max", false, false},
                                       {"countdistinct", "count", false, true}};
  for (const auto& one : methods) {
    if (!equals_ignoring_case(one.name, method)) continue;
    if (one.of_numbers && !is_number(bound.type)) {
      return fail("ODATA0106",
                  fmt::format("$apply: {} wants a number, not {}", method, describe(bound.type)));
    }
    auto type = bound.type;
    if (one.distinct) type = Type::integer;
    if (method == "average") type = Type::real;
    return Aggregation::Column{name,
                               sql::make(sql::Call{.function = one.function,
                                                   .arguments = {bound.sql},
                                                   .distinct = one.distinct,
                                                   .order_by = {},
                                                   .filter = nullptr,
                                                   .over = {}}),
                               type};
  }
  return fail("ODATA0109", fmt::format("$apply: lists do not aggregate with '{}'", method));
}

Result<void> aggregates(Aggregation& made, const Schema& schema, std::string_view text) {
  const auto parts = cut(text, ',');
  if (parts.empty()) return wrong("parentheses or quotes do not match");
  for (const auto part : parts) {
    TRY(auto one, aggregate(schema, part));
    made.aggregates.push_back(std::move(one));
  }
  return {};
}

// (Region,Stage) or (Region,Stage),aggregate(…)
Result<void> groups(Aggregation& made, const Schema& schema, std::string_view text) {
  const auto parts = cut(text, ',');
  const auto names = parts.empty() ? std::nullopt : inside(parts.front(), "");
  if (!names || parts.size() > 2) return wrong("groupby((Name,…),aggregate(…)) was expected");
  for (const auto name : cut(*names, ',')) {
    const auto* property = schema.find(name);
    if (property == nullptr)
      return fail("ODATA0103", fmt::format("$apply: unknown property '{}'", name));
    TRY(auto bound, bound_value(schema, name));
    made.groups.push_back({std::string(name), std::move(bound.sql), bound.type});
  }
  if (parts.size() == 1) return {};
  const auto inner = inside(parts[1], "aggregate");
  if (!inner) return wrong(fmt::format("'{}' stands where aggregate(…) was expected", parts[1]));
  return aggregates(made, schema, *inner);
}

}  // namespace

Result<Aggregation> compile_apply(std::string_view text, const Schema& schema) {
  if (text.size() > max_text_bytes) return fail("ODATA0108", "$apply is too long");
  Aggregation made;
  const auto steps = cut(trim(text), '/');
  if (steps.empty()) return wrong("parentheses or quotes do not match");
  for (const auto step : steps) {
    const bool is_last = made.groups.empty() && made.aggregates.empty();
    if (!is_last)
      return fail("ODATA0109", "$apply: lists have nothing behind groupby and aggregate");
    if (const auto filter = inside(step, "filter")) {
      TRY(const auto expr, parse_expression(*filter));
      Binder binder(schema, false, 0);
      TRY(auto condition, binder.filter(*expr));
      made.where = sql::and_also(std::move(made.where), std::move(condition));
    } else if (const auto inner = inside(step, "aggregate")) {
      TRY_DO(aggregates(made, schema, *inner));
    } else if (const auto grouped = inside(step, "groupby")) {
      TRY_DO(groups(made, schema, *grouped));
    } else {
      return fail("ODATA0109",
                  fmt::format("$apply: lists have filter, groupby and aggregate, not '{}'", step));
    }
  }
  if (made.groups.empty() && made.aggregates.empty())
    return wrong("groupby or aggregate was expected");
  return made;
}

}  // namespace rollcall::odata
