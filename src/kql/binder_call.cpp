#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "kql/aggregates.hpp"
#include "kql/functions.hpp"
#include "kql/native_table.hpp"

// Calls in expressions: lets, stored functions, aggregates, builtins, natives, in this order.

namespace rollcall::kql {
namespace {

Type type_of_letter(char letter) {
  switch (letter) {
    case 'l':
      return Type::long_integer;
    case 'i':
      return Type::integer;
    case 'r':
      return Type::real;
    case 'm':
      return Type::decimal;
    case 'b':
      return Type::boolean;
    case 'd':
      return Type::datetime;
    case 't':
      return Type::timespan;
    case 'j':
      return Type::dynamic;
    case 'g':
      return Type::guid;
    default:
      return Type::string;
  }
}

sql::ExprPtr argument_sql(Binder& binder, Scalar argument, char letter, Span span) {
  if (letter == 'x') return to_text(argument);
  if (letter == 'a') return to_json(argument);
  const Type type = type_of_letter(letter);
  if (type == Type::dynamic && argument.type == Type::string)
    return argument.sql;  // a JSON text is taken as such
  if (type == Type::timespan && argument.type == Type::string)
    return convert(std::move(argument), type).sql;
  if (type == Type::datetime && argument.type == Type::string)
    return convert(std::move(argument), type).sql;
  if (type == Type::guid && argument.type == Type::string)
    return convert(std::move(argument), type).sql;
  if (type == Type::string && argument.type == Type::guid) return to_text(argument);
  return binder.coerce(std::move(argument), type, span).sql;
}

std::string times(std::size_t n) { return n == 1 ? "1 argument" : fmt::format("{} arguments", n); }

bool check_count(Binder& binder, std::string_view name, std::size_t given, std::size_t least,
                 std::size_t most, Span span) {
  if (given >= least && given <= most) return true;
  std::string wanted = least == most        ? times(least)
                       : most >= any_number ? "at least " + times(least)
                                            : fmt::format("{} to {}", least, times(most));
  binder.complain("KQL0106", span, fmt::format("'{}' takes {}, not {}", name, wanted, given));
  return false;
}

Scalar call_native(Binder& binder, const Native& native_function, std::string_view name,
                   CallSite& site) {
  const Signature signature = signature_of(native_function);
  const std::size_t most = signature.repeats ? any_number : signature.letters.size();
  if (!check_count(binder, name, site.arguments.size(), signature.least, most, site.span))
    return unknown_scalar();
  std::vector<sql::ExprPtr> arguments;
  bool unknown = false;
  for (std::size_t i = 0; i < site.arguments.size(); ++i) {
    unknown = unknown || site.arguments[i].type == Type::unknown;
    if (!unknown)
      arguments.push_back(
          argument_sql(binder, site.arguments[i], signature.letter(i), site.span_of(i)));
  }
  if (unknown) return unknown_scalar();
  const std::size_t fixed =
      signature.repeats ? signature.letters.size() - 1 : signature.letters.size();
  for (std::size_t i = arguments.size(); i < fixed; ++i) {
    const Type missing = type_of_letter(signature.letters[i]);
    const std::int64_t value = signature.defaults[i];
    arguments.push_back(value == std::numeric_limits<std::int64_t>::min()
                            ? sql::cast(sql::null(), storage_of(missing))
                            : constant_of(missing, value).sql);
  }
  const Type result = type_of_letter(signature.result);
  return {native(native_function.name.substr(4), std::move(arguments)),
          result,
          result != Type::string,
          "",
          {}};
}

struct Alias {
  std::string_view name, meaning;
};
constexpr auto aliases = std::to_array<Alias>({
    {"array_strcat", "strcat_array"},
    {"arraylength", "array_length"},
    {"array_iif", "array_iff"},
    {"base64_decodestring", "base64_decode_tostring"},
    {"base64_encodestring", "base64_encode_tostring"},
    {"columnifexists", "column_ifexists"},
    {"datepart", "datetime_part"},
    {"extractall", "extract_all"},
    {"extractjson", "extract_json"},
    {"floor", "bin"},
    {"iif", "iff"},
    {"notempty", "isnotempty"},
    {"notnull", "isnotnull"},
    {"pack", "bag_pack"},
    {"pack_dictionary", "bag_pack"},
    {"parsejson", "parse_json"},
    {"parseurl", "parse_url"},
    {"parseurlquery", "parse_urlquery"},
    {"array_repeat", "repeat"},
    {"replace", "replace_regex"},
    {"todynamic", "parse_json"},
    {"toobject", "parse_json"},
    {"todouble", "toreal"},
    {"toboolean", "tobool"},
    {"totime", "totimespan"},
    {"todate", "todatetime"},
    {"weekofyear", "week_of_year"},
    {"series_fit_poly_fl", "series_fit_poly"},
    {"hash_xxhash64", "hash"},
    {"row_rank", "row_rank_dense"},
    {"merge_tdigest", "tdigest_merge"},
    {"merge_tdigests", "tdigest_merge"},
});

constexpr auto first_argument_names = std::to_array<std::string_view>({
    "abs",
    "acos",
    "asin",
    "atan",
    "atan2",
    "bin",
    "bin_at",
    "bin_auto",
    "binary_and",
    "binary_not",
    "binary_or",
    "binary_shift_left",
    "binary_shift_right",
    "binary_xor",
    "bitset_count_ones",
    "ceiling",
    "cos",
    "erf",
    "erfc",
    "exp",
    "exp10",
    "exp2",
    "floor",
    "format_bytes",
    "format_datetime",
    "format_timespan",
    "gamma",
    "log",
    "log10",
    "log2",
    "loggamma",
    "parse_csv",
    "parse_json",
    "parse_xml",
    "parsejson",
    "pow",
    "rand",
    "round",
    "series_fill_backward",
    "series_fill_const",
    "series_fill_forward",
    "series_fill_linear",
    "series_fir",
    "series_iir",
    "series_outliers",
    "sin",
    "split",
    "sqrt",
    "startofday",
    "tan",
    "tobool",
    "toboolean",
    "todatetime",
    "todecimal",
    "todouble",
    "todynamic",
    "toguid",
    "tohex",
    "toint",
    "tolong",
    "toobject",
    "toreal",
    "tostring",
    "totime",
    "totimespan",
});

}  // namespace

std::string_view canonical_function(std::string_view name) {
  for (const auto& alias : aliases) {
    if (alias.name == name) return alias.meaning;
  }
  return name;
}

bool is_named_by_first_argument(std::string_view function) {
  return std::binary_search(first_argument_names.begin(), first_argument_names.end(), function);
}

const Builtin* find_builtin(std::string_view name) {
  for (const auto table : {core_builtins(), math_builtins(), text_builtins(), time_builtins(),
                           dynamic_builtins(), window_builtins(), series_builtins()}) {
    for (const auto& builtin : table) {
      if (builtin.name == name) return &builtin;
    }
  }
  return nullptr;
}

std::vector<std::string> function_names() {
  std::vector<std::string> names;
  for (const auto table : {core_builtins(), math_builtins(), text_builtins(), time_builtins(),
                           dynamic_builtins(), window_builtins(), series_builtins()}) {
    for (const auto& builtin : table) names.emplace_back(builtin.name);
  }
  for_each_native(
      [](const Native& native_function, void* context) {
        const auto name = native_function.name.substr(4);
        if (!name.starts_with('_'))
          static_cast<std::vector<std::string>*>(context)->emplace_back(name);
      },
      &names);
  for (const auto& alias : aliases) names.emplace_back(alias.name);
  return names;
}

bool is_refused_function(std::string_view name) {
  if (name.starts_with("geo_") && name.contains("h3cell")) return true;
  static constexpr auto refused = std::to_array<std::string_view>(
      {"cursor_after", "cursor_before_or_at", "cursor_current", "extent_id", "extent_tags",
       "external_table", "materialized_view", "stored_query_result", "geo_info_from_ip_address",
       "entity_group", "graph", "row_id", "current_cursor", "current_node_id"});
  return std::find(refused.begin(), refused.end(), name) != refused.end();
}

Scalar Binder::bind_call(const ast::Call& call, Span span, Scope& scope) {
  const std::string& written = call.function.text;
  if (const auto* function = find_function(written, scope.environment)) {
    return call_scalar_function(*function, call, span, scope);
  }
  const std::string_view name = scope.aggregating && is_aggregate(written)
                                    ? std::string_view(written)
                                    : canonical_function(written);
  if (is_aggregate(written) && (scope.aggregating || find_builtin(name) == nullptr)) {
    if (!scope.aggregating) {
      return mistake(
          "KQL0107", call.function.span,
          fmt::format("the aggregate '{}' has no meaning here; summarize computes it", written));
    }
    auto columns = bind_aggregate(*this, call, span, scope);
    return columns.empty() ? unknown_scalar() : columns.front();
  }
  const Builtin* builtin = find_builtin(name);
  const Native* native_function =
      builtin != nullptr ? nullptr : find_native("kql_" + std::string(name));
  if (builtin == nullptr && (native_function == nullptr || name.starts_with('_'))) {
    for (const auto& argument : call.arguments) {
      if (!std::holds_alternative<ast::Star>(argument->node)) bind(*argument, scope);
    }
    if (is_refused_function(name)) {
      return mistake("KQL0109", call.function.span,
                     fmt::format("the function '{}' is not supported", written));
    }
    auto names = function_names();
    if (scope.aggregating) std::ranges::copy(aggregate_names(), std::back_inserter(names));
    for (const auto& [known, function] : catalog_.functions) names.push_back(known);
    return mistake("KQL0102", call.function.span, fmt::format("unknown function '{}'", written),
                   nearest_name(written, names));
  }
  CallSite site{call, span, scope, {}};
  if (builtin == nullptr || !builtin->raw) {
    for (const auto& argument : call.arguments) site.arguments.push_back(bind(*argument, scope));
  }
  Scalar result;
  if (builtin != nullptr) {
    if (!check_count(*this, written, call.arguments.size(), builtin->least, builtin->most, span))
      return unknown_scalar();
    const bool unknown =
        std::ranges::any_of(site.arguments, [](const auto& a) { return a.type == Type::unknown; });
    if (unknown) return unknown_scalar();
    result = builtin->bind(*this, site);
  } else {
    result = call_native(*this, *native_function, written, site);
  }
  if (is_named_by_first_argument(written) && !call.arguments.empty() && result.parts.empty()) {
    const auto* named = std::get_if<ast::Named>(&call.arguments[0]->node);
    result.name = named != nullptr          ? named->names[0].text
                  : !site.arguments.empty() ? site.arguments[0].name
                                            : path_name(*call.arguments[0]);
  } else if (name == "dcount_hll" || name == "percentile_tdigest" || name == "strlen" ||
             name == "string_size") {
    result.name = written + "_" + (site.arguments[0].name.empty() ? "" : site.arguments[0].name);
  } else if (result.parts.empty() && name != "column_ifexists" && name != "prev" &&
             name != "next") {
    if (builtin == nullptr || result.name.empty() || !builtin->raw) result.name.clear();
  }
  return result;
}

}  // namespace rollcall::kql
