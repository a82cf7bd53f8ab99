// The function table of OData: names, the types of arguments, and what each becomes in SQL.
// https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html 5.1.1.5
// to 5.1.1.11, and substringof and replace of version 3, which SharePoint's clients know.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "base/time.hpp"
#include "odata/binder.hpp"

namespace rollcall::odata {
namespace {

using sql::call;
using sql::ExprPtr;
using Op = sql::BinaryOperator;
using Arguments = std::vector<Bound>;

ExprPtr number(std::int64_t value) { return sql::literal(value); }
ExprPtr plus_one(ExprPtr expr) { return sql::binary(Op::add, std::move(expr), number(1)); }

ExprPtr contains(const ExprPtr& text, const ExprPtr& part) {
  return sql::binary(Op::greater, call("instr", {text, part}), number(0));
}
ExprPtr starts_with(const ExprPtr& text, const ExprPtr& part) {
  return sql::binary(Op::equal, call("substr", {text, number(1), call("length", {part})}), part);
}
// The tail of the part's length; a longer part leaves a tail that is shorter than it, and so not
// equal.
ExprPtr ends_with(const ExprPtr& text, const ExprPtr& part) {
  const auto from = sql::binary(Op::subtract, call("length", {text}), call("length", {part}));
  return sql::binary(Op::equal, call("substr", {text, plus_one(from)}), part);
}
// No less than 0; null stays null.
ExprPtr not_negative(const ExprPtr& value) {
  return sql::make(sql::Case{{{sql::binary(Op::less, value, number(0)), number(0)}}, value});
}
// Positions count from 0; before the text's start is at its start.
ExprPtr substring(const Arguments& arguments) {
  std::vector<ExprPtr> parts{arguments[0].sql, plus_one(not_negative(arguments[1].sql))};
  if (arguments.size() == 3) parts.push_back(not_negative(arguments[2].sql));
  return call("substr", std::move(parts));
}
ExprPtr concat(const Arguments& arguments) {
  auto joined = arguments[0].sql;
  for (std::size_t i = 1; i < arguments.size(); ++i)
    joined = sql::binary(Op::concat, joined, arguments[i].sql);
  return joined;
}
ExprPtr trim(const ExprPtr& text) {
  return call("trim", {text, sql::literal(std::string(" \t\r\n"))});
}

// A part of the calendar date, as strftime names it.
ExprPtr calendar(const ExprPtr& ticks, const char* format) {
  const auto unix_seconds =
      sql::binary(Op::subtract, sql::binary(Op::integer_divide, ticks, number(ticks_per_second)),
                  number(unix_epoch_ticks / ticks_per_second));
  return sql::cast(call("strftime", {sql::literal(std::string(format)), unix_seconds,
                                     sql::literal(std::string("unixepoch"))}),
                   sql::Type::bigint);
}
ExprPtr clock_part(const ExprPtr& ticks, std::int64_t unit, std::int64_t count) {
  return sql::binary(Op::modulo, sql::binary(Op::integer_divide, ticks, number(unit)),
                     number(count));
}
ExprPtr within_day(const ExprPtr& ticks) {
  return sql::binary(Op::modulo, ticks, number(ticks_per_day));
}

// The letters of a signature: s text, n number, i integer, d datetime or date, t also a time of
// day, u duration.
struct Function {
  std::string_view name;
  std::string_view parameters;
  std::size_t optional;  // how many of the last parameters may be absent
  Type result;
  ExprPtr (*make)(const Arguments&);
};

constexpr std::array functions{
    Function{"contains", "ss", 0, Type::boolean,
             [](const Arguments& a) { return contains(a[0].sql, a[1].sql); }},
    Function{"substringof", "ss", 0, Type::boolean,
             [](const Arguments& a) { return contains(a[1].sql, a[0].sql); }},
    Function{"startswith", "ss", 0, Type::boolean,
             [](const Arguments& a) { return starts_with(a[0].sql, a[1].sql); }},
    Function{"endswith", "ss", 0, Type::boolean,
             [](const Arguments& a) { return ends_with(a[0].sql, a[1].sql); }},
    Function{"length", "s", 0, Type::integer,
             [](const Arguments& a) { return call("length", {a[0].sql}); }},
    Function{"indexof", "ss", 0, Type::integer,
             [](const Arguments& a) {
               return sql::binary(Op::subtract, call("instr", {a[0].sql, a[1].sql}), number(1));
             }},
    Function{"substring", "sii", 1, Type::text, [](const Arguments& a) { return substring(a); }},
    Function{"tolower", "s", 0, Type::text,
             [](const Arguments& a) { return call("lower", {a[0].sql}); }},
    Function{"toupper", "s", 0, Type::text,
             [](const Arguments& a) { return call("upper", {a[0].sql}); }},
    Function{"trim", "s", 0, Type::text, [](const Arguments& a) { return trim(a[0].sql); }},
    Function{"concat", "ss", 0, Type::text, [](const Arguments& a) { return concat(a); }},
    Function{"replace", "sss", 0, Type::text,
             [](const Arguments& a) { return call("replace", {a[0].sql, a[1].sql, a[2].sql}); }},
    Function{"year", "d", 0, Type::integer,
             [](const Arguments& a) { return calendar(a[0].sql, "%Y"); }},
    Function{"month", "d", 0, Type::integer,
             [](const Arguments& a) { return calendar(a[0].sql, "%m"); }},
    Function{"day", "d", 0, Type::integer,
             [](const Arguments& a) { return calendar(a[0].sql, "%d"); }},
    Function{"hour", "t", 0, Type::integer,
             [](const Arguments& a) { return clock_part(a[0].sql, ticks_per_hour, 24); }},
    Function{"minute", "t", 0, Type::integer,
             [](const Arguments& a) { return clock_part(a[0].sql, ticks_per_minute, 60); }},
    Function{"second", "t", 0, Type::integer,
             [](const Arguments& a) { return clock_part(a[0].sql, ticks_per_second, 60); }},
    Function{"fractionalseconds", "t", 0, Type::real,
             [](const Arguments& a) {
               return sql::binary(Op::divide, clock_part(a[0].sql, 1, ticks_per_second),
                                  sql::literal(static_cast<double>(ticks_per_second)));
             }},
    Function{"date", "d", 0, Type::date,
             [](const Arguments& a) {
               return sql::binary(Op::subtract, a[0].sql, within_day(a[0].sql));
             }},
    Function{"time", "t", 0, Type::time_of_day,
             [](const Arguments& a) { return within_day(a[0].sql); }},
    Function{"totaloffsetminutes", "d", 0, Type::integer,
             [](const Arguments& a) { return sql::binary(Op::multiply, a[0].sql, number(0)); }},
    Function{"totalseconds", "u", 0, Type::real,
             [](const Arguments& a) {
               return sql::binary(Op::divide, a[0].sql,
                                  sql::literal(static_cast<double>(ticks_per_second)));
             }},
    Function{"mindatetime", "", 0, Type::datetime, [](const Arguments&) { return number(0); }},
    Function{"maxdatetime", "", 0, Type::datetime,
             [](const Arguments&) { return number(timestamp_max.ticks); }},
    Function{"round", "n", 0, Type::real,
             [](const Arguments& a) { return call("round", {a[0].sql}); }},
    Function{"floor", "n", 0, Type::real,
             [](const Arguments& a) { return call("floor", {a[0].sql}); }},
    Function{"ceiling", "n", 0, Type::real,
             [](const Arguments& a) { return call("ceil", {a[0].sql}); }},
    Function{"now", "", 0, Type::datetime, nullptr}};

// Functions of OData that lists do not have.
constexpr std::array<std::string_view, 10> not_for_lists{
    "cast", "isof",         "matchespattern", "hassubset",      "hassubsequence",
    "case", "geo.distance", "geo.length",     "geo.intersects", "any"};

bool fits(char parameter, Type type) {
  switch (parameter) {
    case 's':
      return type == Type::text;
    case 'n':
      return is_number(type);
    case 'i':
      return type == Type::integer;
    case 'd':
      return type == Type::datetime || type == Type::date;
    case 't':
      return type == Type::datetime || type == Type::date || type == Type::time_of_day;
    case 'u':
      return type == Type::duration;
    default:
      return false;
  }
}

std::string_view describe_parameter(char parameter) {
  switch (parameter) {
    case 's':
      return "a text";
    case 'n':
      return "a number";
    case 'i':
      return "an integer";
    case 'd':
      return "a date and time";
    case 't':
      return "a date and time or a time of day";
    default:
      return "a duration";
  }
}

std::unexpected<Error> unknown(const ast::Call& node) {
  const auto lower = to_lower(node.function);
  if (std::find(not_for_lists.begin(), not_for_lists.end(), lower) != not_for_lists.end()) {
    return fail("ODATA0109", fmt::format("lists do not have the function '{}'", node.function),
                node.name_span);
  }
  std::vector<std::string> names;
  for (const auto& one : functions) names.emplace_back(one.name);
  const auto nearest = nearest_name(node.function, names);
  return fail("ODATA0104",
              nearest.empty() ? fmt::format("unknown function '{}'", node.function)
                              : fmt::format("unknown function '{}'; did you mean '{}'?",
                                            node.function, nearest),
              node.name_span);
}

}  // namespace

Result<Bound> bind_function(Binder& binder, const ast::Call& node, std::vector<Bound> arguments) {
  const auto found = std::find_if(functions.begin(), functions.end(), [&](const Function& one) {
    return equals_ignoring_case(one.name, node.function);
  });
  if (found == functions.end()) return unknown(node);
  const auto most = found->parameters.size();
  if (arguments.size() > most || arguments.size() + found->optional < most) {
    return fail(
        "ODATA0105",
        fmt::format("{} takes {} argument{}, not {}", found->name,
                    found->optional == 0 ? fmt::format("{}", most)
                                         : fmt::format("{} or {}", most - found->optional, most),
                    most == 1 ? "" : "s", arguments.size()),
        node.name_span);
  }
  Bound result{nullptr, found->result, false};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    auto& argument = arguments[i];
    const char parameter = found->parameters[i];
    if (argument.literal && argument.type == Type::text && (parameter == 'd' || parameter == 't')) {
      TRY_DO(binder.convert(argument, Conversion::text_to_datetime, Type::datetime));
    }
    if (argument.type != Type::null && !fits(parameter, argument.type)) {
      return fail("ODATA0105",
                  fmt::format("{} wants {} here, not {}", found->name,
                              describe_parameter(parameter), describe(argument.type)),
                  node.arguments[i]->span);
    }
    result.nullable = result.nullable || argument.nullable;
  }
  result.sql = found->make == nullptr ? binder.now() : found->make(arguments);
  return result;
}

}  // namespace rollcall::odata
