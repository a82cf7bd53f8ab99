// Calculating a formula's tree; which is calculated first.
#include "lists/formula.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/overload.hpp"
#include "base/text.hpp"
#include "lists/formula_tree.hpp"

namespace rollcall::lists {
namespace {

using Node = Formula::Node;
using Op = FormulaOperator;
using Value = FormulaValue;

struct Place {
  std::span<const sql::Value> values;
  const std::vector<ColumnType>& types;
  const FormulaTimes& times;
};

Value value_of(const Node& node, const Place& place);

Value of_column(const sql::Value& value, ColumnType type) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    if (type == ColumnType::datetime) return Timestamp{*integer};
    return static_cast<double>(*integer);
  }
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* truth = std::get_if<bool>(&value)) return *truth;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return {};
}

Value finite(double number) {
  if (!std::isfinite(number)) return CannotBe{};
  return number;
}

Value moved(Timestamp time, double days) {
  const double ticks = days * static_cast<double>(ticks_per_day);
  if (!(std::abs(ticks) < static_cast<double>(timestamp_max.ticks))) return CannotBe{};
  const Timestamp moved{time.ticks + std::llround(ticks)};
  if (moved.ticks < 0 || moved > timestamp_max) return CannotBe{};
  return moved;
}

// With an empty date there is no result.
Value sum(Op op, const Value& left, const Value& right) {
  const double sign = op == Op::add ? 1 : -1;
  const auto* from = std::get_if<Timestamp>(&left);
  const auto* to = std::get_if<Timestamp>(&right);
  if (from != nullptr && to != nullptr && op == Op::subtract)
    return static_cast<double>((*from - *to).ticks) / static_cast<double>(ticks_per_day);
  const auto& other = from != nullptr ? right : left;
  const auto* time = from != nullptr ? from : to;
  if (time != nullptr && is_empty(other) && (to != nullptr || op == Op::subtract))
    return {};  // of a date that is missing
  const auto number = number_of(other);
  if (time != nullptr) return number ? moved(*time, sign * *number) : Value(CannotBe{});
  const auto a = number_of(left), b = number_of(right);
  return a && b ? finite(*a + sign * *b) : Value(CannotBe{});
}

Value operated(Op op, const Value& left, const Value& right) {
  if (std::holds_alternative<CannotBe>(left) || std::holds_alternative<CannotBe>(right))
    return CannotBe{};
  switch (op) {
    case Op::add:
    case Op::subtract:
      return sum(op, left, right);
    case Op::multiply:
    case Op::divide:
    case Op::power: {
      const auto a = number_of(left), b = number_of(right);
      if (!a || !b || (op == Op::divide && *b == 0)) return CannotBe{};
      return finite(op == Op::multiply ? *a * *b : op == Op::divide ? *a / *b : std::pow(*a, *b));
    }
    case Op::concatenate: {
      const auto a = text_of(left), b = text_of(right);
      return a && b ? Value(*a + *b) : Value(CannotBe{});
    }
    case Op::equal:
      return compare(left, right) == 0;
    case Op::not_equal:
      return compare(left, right) != 0;
    case Op::less:
      return compare(left, right) < 0;
    case Op::less_equal:
      return compare(left, right) <= 0;
    case Op::greater:
      return compare(left, right) > 0;
    case Op::greater_equal:
      return compare(left, right) >= 0;
  }
  return CannotBe{};
}

Value called(const Node::Call& call, const Place& place) {
  std::vector<Value> arguments;
  arguments.reserve(call.arguments.size());
  for (const auto& one : call.arguments) arguments.push_back(value_of(*one, place));
  const auto fails = [](const Value& value) { return std::holds_alternative<CannotBe>(value); };
  if (!call.function->takes_failures && std::ranges::any_of(arguments, fails)) return CannotBe{};
  return call.function->calculate(arguments);
}

Value value_of(const Node& node, const Place& place) {
  return std::visit(Overload{[](const Value& value) { return value; },
                             [&](const Node::ColumnValue& one) {
                               return of_column(place.values[one.column], place.types[one.column]);
                             },
                             [&](const Node::Own& own) {
                               return Value(own == Node::Own::created ? place.times.created
                                                                      : place.times.modified);
                             },
                             [&](const Node::Negated& one) {
                               const auto number = number_of(value_of(*one.operand, place));
                               return number ? Value(-*number) : Value(CannotBe{});
                             },
                             [&](const Node::Percent& one) {
                               const auto number = number_of(value_of(*one.operand, place));
                               return number ? Value(*number / 100) : Value(CannotBe{});
                             },
                             [&](const Node::Operation& one) {
                               return operated(one.op, value_of(*one.left, place),
                                               value_of(*one.right, place));
                             },
                             [&](const Node::Call& one) { return called(one, place); }},
                    node.what);
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

int order(auto a, auto b) { return a < b ? -1 : a == b ? 0 : 1; }

}  // namespace

bool is_empty(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return std::holds_alternative<std::monostate>(value) || (text != nullptr && text->empty());
}

std::optional<double> number_of(const Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? 1 : 0;
  if (std::holds_alternative<std::monostate>(value)) return 0;
  return std::nullopt;
}

std::optional<std::string> text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{:.15G}", *number);
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "TRUE" : "FALSE";
  if (std::holds_alternative<std::monostate>(value)) return "";
  return std::nullopt;
}

std::optional<bool> truth_of(const Value& value) {
  if (const auto number = number_of(value)) return *number != 0;
  return std::nullopt;
}

int compare(const Value& a, const Value& b) {
  const auto* first = std::get_if<std::string>(&a);
  const auto* second = std::get_if<std::string>(&b);
  if (is_empty(a) && is_empty(b)) return 0;
  const bool a_blank = std::holds_alternative<std::monostate>(a);
  const bool b_blank = std::holds_alternative<std::monostate>(b);
  if (const auto* time = std::get_if<Timestamp>(&a);
      time != nullptr || std::holds_alternative<Timestamp>(b)) {
    const auto* other = std::get_if<Timestamp>(&b);
    return time == nullptr ? -1 : other == nullptr ? 1 : order(*time, *other);
  }
  if ((first != nullptr || a_blank) && (second != nullptr || b_blank)) {
    return order(to_lower(first == nullptr ? "" : *first),
                 to_lower(second == nullptr ? "" : *second));
  }
  if (first != nullptr) return 1;
  if (second != nullptr) return -1;
  return order(number_of(a).value_or(0), number_of(b).value_or(0));
}

sql::Value Formula::calculate(std::span<const sql::Value> values, const FormulaTimes& times) const {
  const auto value = value_of(*root_, {values, types_, times});
  if (std::holds_alternative<std::monostate>(value)) return {};
  switch (type_) {
    case ColumnType::text: {
      auto text = text_of(value);
      if (!text || characters(*text) > most_characters_) return {};
      return *std::move(text);
    }
    case ColumnType::datetime:
      if (const auto* time = std::get_if<Timestamp>(&value)) return time->ticks;
      return {};
    case ColumnType::boolean:
      if (const auto truth = truth_of(value)) return *truth;
      return {};
    case ColumnType::integer:
      if (const auto number = number_of(value); number && std::abs(*number) < 9e18)
        return static_cast<std::int64_t>(std::llround(*number));
      return {};
    default:
      if (const auto number = number_of(value)) return *number;
      return {};
  }
}

Result<std::vector<Formula>> formulas_of(const std::vector<Column>& columns) {
  std::vector<Formula> waiting, sorted;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].formula.empty()) continue;
    TRY(auto formula, Formula::parse(columns, i));
    waiting.push_back(std::move(formula));
  }
  while (!waiting.empty()) {
    const auto waits_for = [&](std::size_t column) {
      return std::ranges::any_of(waiting, [&](const auto& one) { return one.column() == column; });
    };
    const auto ready = std::ranges::find_if(
        waiting, [&](const auto& one) { return std::ranges::none_of(one.reads(), waits_for); });
    if (ready == waiting.end()) {
      return fail(
          "LIST0113",
          fmt::format("the formula of column '{}' needs a column that is calculated from it",
                      columns[waiting.front().column()].name));
    }
    sorted.push_back(std::move(*ready));
    waiting.erase(ready);
  }
  return sorted;
}

void calculate(const std::vector<Formula>& formulas, std::vector<sql::Value>& values,
               const FormulaTimes& times) {
  for (const auto& formula : formulas) values[formula.column()] = formula.calculate(values, times);
}

}  // namespace rollcall::lists
