#include <re2/re2.h>

#include "kql/native_table.hpp"
#include "kql/operators.hpp"

// parse, parse-where, parse-kv: columns from a text. The pattern becomes one regular expression,
// matched once.

namespace rollcall::kql {
namespace {

struct Capture {
  std::string name;
  Type type;
  std::int64_t group = 0;  // in the array of groups
};

// How many groups a pattern of the user's has.
std::int64_t groups_in(const std::string& regex) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  const re2::RE2 compiled(regex, options);
  return compiled.ok() ? compiled.NumberOfCapturingGroups() : 0;
}

// How a typed capture looks; a text is as short as can be, and the last one takes the rest.
std::string capture_regex(Type type, bool last) {
  switch (type) {
    case Type::integer:
    case Type::long_integer:
      return R"(\s*(-?\d+))";
    case Type::real:
    case Type::decimal:
      return R"(\s*(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?))";
    case Type::boolean:
    case Type::string:
    case Type::datetime:
    case Type::timespan:
    case Type::dynamic:
    case Type::guid:
    case Type::unknown:
      break;
  }
  return last ? "(.*)" : "(.*?)";
}

std::string pattern_of(const ast::Parse& parse, const std::string& kind,
                       std::vector<Capture>& captures) {
  const bool regex = kind == "regex";
  const std::string flags = option_text(parse.options, "flags");
  std::string out = regex ? "(?" : "(?s";
  for (const char flag : flags) {
    if (flag == 'i' || flag == 'm' || flag == 's' || flag == 'U') out += flag;
  }
  out = out == "(?" ? "" : out + ")";
  const auto& parts = parse.parts;
  std::int64_t group = 0;
  // In a simple pattern the text begins where the first part does.
  if (!regex) out += "^";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& part = parts[i];
    const bool last = i + 1 == parts.size();
    switch (part.kind) {
      case ast::ParsePart::Kind::star:
        out += last || regex ? ".*" : ".*?";
        break;
      case ast::ParsePart::Kind::text:
        out += regex ? "(?:" + part.text + ")" : re2::RE2::QuoteMeta(part.text);
        if (regex) group += groups_in(part.text);
        break;
      case ast::ParsePart::Kind::capture: {
        const Type type = type_named(part.type).value_or(Type::string);
        captures.push_back({part.text, type, group++});
        if (kind == "relaxed")
          out += last ? "(.*)" : "(.*?)";
        else if (regex)  // as much as can be, unlike in the simple way
          out += is_numeric(type) ? capture_regex(type, false) : "(.*)";
        else
          out += capture_regex(type, last);
        break;
      }
    }
  }
  if (!parts.empty() && !regex && parts.back().kind == ast::ParsePart::Kind::capture) out += "$";
  return out;
}

// Adds the captures as columns, each read from the array of groups.
Relation with_captures(Binder& binder, Relation rows, const Scalar& groups,
                       const std::vector<Capture>& captures) {
  auto columns = binder.keep_all(rows);
  NameMaker names;
  for (const auto& column : rows.columns) names.reserve(column.name);
  for (std::size_t i = 0; i < captures.size(); ++i) {
    Scalar text{
        native("_element", {groups.sql, big(captures[i].group)}), Type::dynamic, true, "", {}};
    Scalar value = convert(std::move(text), captures[i].type);
    const auto existing = std::find_if(columns.begin(), columns.end(),
                                       [&](const auto& c) { return c.name == captures[i].name; });
    if (existing != columns.end())
      *existing = binder.made(captures[i].name, value);
    else
      columns.push_back(binder.made(names.unique(captures[i].name), value));
  }
  return binder.nest(std::move(rows), std::move(columns));
}

}  // namespace

Relation bind_operator(Binder& binder, Relation rows, const ast::Parse& node,
                       const EnvironmentPtr& environment) {
  Scope scope{environment};
  scope.rows = &rows;
  Scalar source = binder.bind(*node.expr, scope);
  if (source.type == Type::unknown) {
    rows.open = true;
    return rows;
  }
  source = convert(std::move(source), Type::string);
  std::string kind = option_text(node.options, "kind");
  if (kind.empty()) kind = "simple";
  if (kind != "simple" && kind != "regex" && kind != "relaxed") {
    binder.complain("KQL0106", find_option(node.options, "kind")->value->span,
                    fmt::format("'{}' is no kind of parse", kind));
    return rows;
  }
  std::vector<Capture> captures;
  const std::string regex = pattern_of(node, kind, captures);
  Scratch scratch;
  if (pattern(regex, scratch) == nullptr) {
    binder.complain("KQL0108", node.expr->span, "the pattern is no regular expression");
    return rows;
  }
  Scalar groups{
      native("_parse_groups", {text_constant(regex).sql, source.sql}), Type::dynamic, true, "", {}};
  groups = binder.hoist(rows, std::move(groups));
  // A typed capture that does not convert undoes the match, except when relaxed.
  if (kind != "relaxed") {
    sql::ExprPtr good;
    for (std::size_t i = 0; i < captures.size(); ++i) {
      if (captures[i].type == Type::string || captures[i].type == Type::dynamic) continue;
      Scalar text{
          native("_element", {groups.sql, big(captures[i].group)}), Type::dynamic, true, "", {}};
      good = sql::and_also(good, not_null(convert(std::move(text), captures[i].type).sql));
    }
    if (good) {
      groups.sql = when(good, groups.sql, null_of(Type::dynamic).sql);
      groups = binder.hoist(rows, std::move(groups));
    }
  }
  if (node.filter) rows.where = sql::and_also(rows.where, not_null(groups.sql));
  return with_captures(binder, std::move(rows), groups, captures);
}

Relation bind_operator(Binder& binder, Relation rows, const ast::ParseKv& node,
                       const EnvironmentPtr& environment) {
  Scope scope{environment};
  scope.rows = &rows;
  Scalar source = binder.bind(*node.expr, scope);
  if (source.type == Type::unknown) {
    rows.open = true;
    return rows;
  }
  source = convert(std::move(source), Type::string);
  const auto text = [&](std::string_view name, std::string otherwise) {
    return find_option(node.with, name) != nullptr ? option_text(node.with, name)
                                                   : std::move(otherwise);
  };
  const auto given = [&](std::string_view name) { return find_option(node.with, name) != nullptr; };
  const auto quote = text_constant(text("quote", "\"")).sql,
             escape = text_constant(text("escape", "")).sql;
  sql::ExprPtr pairs;
  if (given("regex")) {
    pairs = native("_parse_regex_pairs", {source.sql, text_constant(text("regex", "")).sql});
  } else if (!given("pair_delimiter") && !given("kv_delimiter")) {
    pairs = native("_parse_word_pairs", {source.sql, quote, escape});
  } else {
    pairs = native("_parse_pairs", {source.sql, text_constant(text("pair_delimiter", " ")).sql,
                                    text_constant(text("kv_delimiter", "=")).sql, quote, escape,
                                    sql::literal(text("greedy", "") == "true")});
  }
  Scalar bag{std::move(pairs), Type::dynamic, true, "", {}};
  bag = binder.hoist(rows, std::move(bag));
  auto columns = binder.keep_all(rows);
  NameMaker names;
  for (const auto& column : rows.columns) names.reserve(column.name);
  for (const auto& [name, type] : node.keys.columns) {
    Scalar value{
        native("_member", {bag.sql, text_constant(name.text).sql}), Type::dynamic, true, "", {}};
    value = convert(std::move(value), type_named(type).value_or(Type::string));
    columns.push_back(binder.made(names.unique(name.text), value));
  }
  return binder.nest(std::move(rows), std::move(columns));
}

}  // namespace rollcall::kql
