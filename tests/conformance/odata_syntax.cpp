// odata/abnf_cases: texts that OASIS's grammar of OData accepts or rejects, one rule each. Those that a list
// store meets are marked as the core, and counted once more. What is a text of the grammar is decided before
// any database is asked.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "base/text.hpp"
#include "conformance/conformance.hpp"
#include "odata/options.hpp"
#include "odata/parser.hpp"

namespace rollcall::odata {
namespace {

using Check = std::function<bool(std::string_view)>;

// With `+` as itself: the cases are parts of URLs, not of forms.
std::string decode(std::string_view text) {
  std::string kept;
  for (const char c : text) kept += c == '+' ? std::string("%2B") : std::string(1, c);
  const auto decoded = percent_decode(kept);
  return decoded ? *decoded : std::string(text);
}

bool expression(std::string_view text) { return parse_expression(text).has_value(); }
bool value(std::string_view text) {
  return expression(text) || parse_expression(std::string("x eq ") + std::string(text));
}

Check literal_of(std::initializer_list<TokenKind> kinds) {
  return [kinds = std::vector(kinds)](std::string_view text) {
    const auto parsed = parse_expression(text);
    const auto* literal = parsed ? std::get_if<ast::Literal>(&(*parsed)->node) : nullptr;
    return literal != nullptr &&
           std::find(kinds.begin(), kinds.end(), literal->token.kind) != kinds.end();
  };
}
Check whole(std::size_t (*scan)(std::string_view)) {
  return [scan](std::string_view text) { return !text.empty() && scan(text) == text.size(); };
}
bool is_boolean(std::string_view text) {
  const auto parsed = parse_expression(text);
  return parsed && std::holds_alternative<ast::Boolean>((*parsed)->node);
}
bool is_enumeration(std::string_view text) {
  const auto names = split(text, ',');
  return std::all_of(names.begin(), names.end(), [](std::string_view name) {
    return !name.empty() && (scan_name(name) == name.size() || scan_integer(name) == name.size());
  });
}
bool is_primitive(std::string_view text) {
  return whole(scan_guid)(text) || whole(scan_real)(text) || whole(scan_datetime)(text) ||
         whole(scan_date)(text) || whole(scan_time_of_day)(text) || whole(scan_duration)(text) ||
         whole(scan_base64)(text) || is_enumeration(text);
}
bool is_quoted(std::string_view text) {
  Lexer lexer(text);
  const auto token = lexer.next();
  return token && token->kind == TokenKind::quoted && token->text.size() == text.size();
}

// One `name=value` of a query, both decoded.
bool option(const std::string& name, const std::string& text, bool has_value) {
  if (name.starts_with('@')) return has_value && (value(text) || expression("[" + text + "]"));
  const auto lower = to_lower(name.starts_with('$') ? name.substr(1) : name);
  if (lower == "filter") return expression(text);
  if (lower == "orderby") return parse_orderby(text).has_value();
  if (lower == "select") return parse_select(text).has_value();
  if (lower == "expand") return parse_expand(text).has_value();
  if (lower == "search") return parse_search(text).has_value();
  if (lower == "count") return text == "true" || text == "false";
  if (lower == "top" || lower == "skip" || lower == "index") return whole(scan_integer)(text);
  if (lower == "skiptoken" || lower == "deltatoken" || lower == "id" || lower == "format" ||
      lower == "schemaversion") {
    return !text.empty();
  }
  return !name.starts_with('$') && (has_value || scan_name(name) != name.size());
}

bool options(std::string_view query) {
  for (const auto part : split(query, '&')) {
    const auto equals = part.find('=');
    const bool has_value = equals != std::string_view::npos;
    if (!option(decode(part.substr(0, equals)), has_value ? decode(part.substr(equals + 1)) : "",
                has_value))
      return false;
  }
  return true;
}

// entityOptions: beside $id only $format, $schemaversion and options of the service's own; behind a cast
// entityCastOptions, which have $select and $expand too.
bool goes_with_entity(std::string_view path, std::string_view query) {
  bool named = false;
  for (const auto part : split(query, '&')) {
    const auto name = to_lower(decode(part.substr(0, part.find('='))));
    const bool shapes = name == "$select" || name == "$expand";
    const bool known = name == "$id" || name == "$format" || name == "$schemaversion";
    if (name.starts_with('$') && !known && !(shapes && path.contains('/'))) return false;
    named = named || name == "$id";
  }
  return named;
}

bool relative_uri(std::string_view uri) {
  const auto scheme = uri.find("://");
  if (scheme != std::string_view::npos && scheme < uri.find('?'))
    uri.remove_prefix(uri.find('/', scheme + 3) + 1);
  const auto mark = uri.find('?');
  const auto path = uri.substr(0, mark);
  if (!parse_resource_path(decode(path))) return false;
  if (path == "$entity" || path.starts_with("$entity/")) {
    if (mark == std::string_view::npos || !goes_with_entity(path, uri.substr(mark + 1)))
      return false;
  }
  return mark == std::string_view::npos || options(uri.substr(mark + 1));
}

// Rules of URLs are decoded before; rules that end in Value are of payloads and are not.
std::map<std::string, Check> url_rules() {
  std::map<std::string, Check> rules;
  for (const char* name : {"commonExpr", "boolCommonExpr", "boolcommonExpr", "notExpr", "isofExpr",
                           "firstMemberExpr", "propertyPathExpr"}) {
    rules[name] = expression;
  }
  rules["anyExpr"] = [](std::string_view text) { return expression("x/" + std::string(text)); };
  rules["primitiveLiteral"] = [](std::string_view text) {
    const auto parsed = parse_expression(text);
    return parsed && !std::holds_alternative<ast::Path>((*parsed)->node);
  };
  rules["stringLiteral"] = literal_of({TokenKind::string});
  rules["binaryLiteral"] = literal_of({TokenKind::binary});
  rules["durationLiteral"] = literal_of({TokenKind::duration});
  rules["enumLiteral"] = literal_of({TokenKind::enumeration, TokenKind::string});
  rules["guid"] = literal_of({TokenKind::guid});
  rules["date"] = literal_of({TokenKind::date});
  rules["timeOfDayLiteral"] = literal_of({TokenKind::time_of_day});
  rules["dateTimeOffsetLiteral"] = rules["dateTimeOffsetValueInUrl"] =
      literal_of({TokenKind::datetime});
  for (const char* name : {"decimalLiteral", "doubleLiteral", "singleLiteral", "sbyteLiteral"}) {
    rules[name] = literal_of({TokenKind::integer, TokenKind::real});
  }
  rules["boolean"] = is_boolean;
  rules["stringInUrl"] = is_quoted;
  rules["searchExpr"] = [](std::string_view text) { return parse_search(text).has_value(); };
  rules["odataIdentifier"] = whole(scan_name);
  return rules;
}

std::map<std::string, Check> payload_rules() {
  std::map<std::string, Check> rules;
  for (const char* name : {"decimalValue", "doubleValue", "singleValue"})
    rules[name] = whole(scan_real);
  for (const char* name : {"byteValue", "sbyteValue", "int16Value", "int32Value", "int64Value"}) {
    rules[name] = whole(scan_integer);
  }
  rules["booleanValue"] = [](std::string_view text) { return text == "true" || text == "false"; };
  rules["dateValue"] = whole(scan_date);
  rules["dateTimeOffsetValue"] = whole(scan_datetime);
  rules["durationValue"] = whole(scan_duration);
  rules["timeOfDayValue"] = whole(scan_time_of_day);
  rules["enumValue"] = is_enumeration;
  rules["primitiveValue"] = is_primitive;
  for (const char* name : {"queryOptions", "systemQueryOption", "filter", "orderby", "orderBy",
                           "select", "expand", "search", "compute", "skiptoken"}) {
    rules[name] = options;
  }
  rules["odataRelativeUri"] = rules["odataUri"] = relative_uri;
  return rules;
}

// nullopt: nothing here reads texts of that rule.
std::optional<bool> accepts(const std::string& rule, const std::string& input) {
  static const auto in_url = url_rules();
  static const auto in_payload = payload_rules();
  if (const auto found = in_url.find(rule); found != in_url.end())
    return found->second(decode(input));
  if (const auto found = in_payload.find(rule); found != in_payload.end())
    return found->second(input);
  return std::nullopt;
}

void check_cases(conformance::Run& run, bool core_only) {
  std::size_t number = 0;
  for (const auto& one : run.lines("odata/abnf_cases.jsonl")) {
    ++number;
    const auto* core = find(one, "core");
    if (core_only && (core == nullptr || !core->as_bool())) continue;
    const std::string rule(text_or(one, "rule")), input(text_or(one, "input"));
    const auto accepted = accepts(rule, input);
    if (!accepted) {
      run.fail(std::to_string(number), "no such rule: " + rule);
      continue;
    }
    const auto* valid = find(one, "valid");
    run.check(valid != nullptr && *accepted == valid->as_bool(), std::to_string(number),
              rule + " | " + input);
  }
}

const conformance::Suite suites[]{
    {"odata/abnf_cases", [](auto& run) { check_cases(run, false); }},
    {"odata/abnf_cases core", [](auto& run) { check_cases(run, true); }},
};

}  // namespace
}  // namespace rollcall::odata
