// A template is JSON whose strings (and member names) may be expressions: `@expression` keeps its
// type, `text @{expression} text` is a string, `@@` at the start and `@@{` elsewhere are a literal
// `@`. It is compiled once per definition and evaluated often. Copying one copies a pointer. Codes:
// EXPR01xx does not parse, EXPR02xx unknown function or number of arguments, EXPR03xx a value does
// not fit, EXPR04xx a name is not there, EXPR05xx a limit.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "expr/environment.hpp"
#include "expr/value.hpp"

namespace rollcall::expr {

// Where in a template an expression stands, as a JSON pointer ("" is the template itself), and in
// its string.
struct Place {
  std::string path;
  Span span;
};

// A call in the template, for those who follow names: body('Query') in `/headers/x`.
struct Reference {
  std::string function;                 // in lower case
  std::optional<std::string> argument;  // the first one, when it is a literal string
  Place place;
};

// Something wrong that compiling forgives, since it may stand where it is never reached: a function
// that is not known, or is given too few or too many arguments.
struct Problem {
  Error error;
  Place place;
};

namespace detail {
struct Compiled;
}

class Template {
 public:
  Template();  // null
  static Result<Template> compile(const json::value& source);
  // A condition as If and Filter array have it: a string, or {"and":[{"equals":["@x",1]},…]}.
  static Result<Template> compile_condition(const json::value& source);
  // The same, where each string that does not parse becomes a problem() and an error once it is
  // evaluated.
  static Template compile_forgiving(const json::value& source);
  static Template compile_condition_forgiving(const json::value& source);

  // What it answers may borrow from the template too. An error's span counts in the string it
  // stands in.
  Result<Value> evaluate(Environment& environment) const;
  // The same of one member of an object, so that nothing is made of the others; null when it is not there.
  Result<Value> evaluate_member(Environment& environment, std::string_view name) const;
  // The same for conditions: anything but a boolean is an error.
  Result<bool> evaluate_condition(Environment& environment) const;

  const json::value& source() const;
  // Holds no expression: evaluates to the same at any time.
  bool constant() const;
  std::vector<Reference> references() const;
  std::vector<Problem> problems() const;

 private:
  explicit Template(std::shared_ptr<const detail::Compiled> compiled)
      : compiled_(std::move(compiled)) {}

  std::shared_ptr<const detail::Compiled> compiled_;
};

// The text that `@{…}` and concat make of a value: True and False, "" for null, 5 for 5.0, compact
// JSON for arrays and objects, the decoded content of an envelope of text or bytes.
std::string to_text(const json::value& value);

// One entry of the function table, for listings.
struct FunctionInfo {
  std::string_view name;
  std::string_view family;  // `string`, `date`, …
  int least_arguments = 0;
  int most_arguments = 0;  // -1: any number
};
std::vector<FunctionInfo> all_functions();

}  // namespace rollcall::expr
