// The inside of formulas: the tree, the kinds that are known when a formula is checked, the values that are known when
// it is calculated, and the functions.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lists/formula.hpp"

namespace rollcall::lists {

// `blank`: "" in a formula, which fits everywhere; `any`: of several kinds, seen only when it is calculated.
enum class FormulaKind { blank, number, text, boolean, date, any };
std::string_view name_of(FormulaKind kind);

struct CannotBe {};  // #VALUE!, #DIV/0!
using FormulaValue = std::variant<std::monostate, double, std::string, bool, Timestamp, CannotBe>;

enum class FormulaOperator {
  add,
  subtract,
  multiply,
  divide,
  power,
  concatenate,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal
};

struct FormulaFunction {
  std::string_view name;
  // Of the arguments: n number, t text, b boolean, d date, a any, c a number or a date. Behind '?' they may be absent;
  // the last is repeated when '*' ends it.
  std::string_view arguments;
  // n, t, b, d; or =N: the common kind of the arguments from the Nth on.
  std::string_view result;
  bool takes_failures = false;
  FormulaValue (*calculate)(std::span<const FormulaValue> arguments);
};
std::span<const FormulaFunction> formula_functions();

struct Formula::Node {
  struct ColumnValue {
    std::size_t column;
  };
  enum class Own { created, modified };
  struct Negated {
    std::shared_ptr<const Node> operand;
  };
  struct Percent {
    std::shared_ptr<const Node> operand;
  };
  struct Operation {
    FormulaOperator op;
    std::shared_ptr<const Node> left, right;
  };
  struct Call {
    const FormulaFunction* function;
    std::vector<std::shared_ptr<const Node>> arguments;
  };
  std::variant<FormulaValue, ColumnValue, Own, Negated, Percent, Operation, Call> what;
  FormulaKind kind;
};

// Conversions; nullopt: it cannot be.
std::optional<double> number_of(const FormulaValue& value);
std::optional<std::string> text_of(const FormulaValue& value);
std::optional<bool> truth_of(const FormulaValue& value);
bool is_empty(const FormulaValue& value);
// -1, 0, 1: empty is 0, "" or the earliest time beside what it is compared with; numbers stand before texts.
int compare(const FormulaValue& a, const FormulaValue& b);
// TEXT(): `0.00`, `#,##0`, `0%`, `yyyy-mm-dd`, `d mmmm yyyy h:mm AM/PM`.
FormulaValue format_value(const FormulaValue& value, std::string_view format);

}  // namespace rollcall::lists
