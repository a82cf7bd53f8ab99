// The function table. Each family has a file functions_<family>.cpp with its functions and their
// rows. An eager function gets its arguments evaluated; a lazy one (if, and, or, coalesce) gets
// them as trees.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "expr/environment.hpp"
#include "expr/tree.hpp"
#include "expr/value.hpp"

namespace rollcall::expr {

class Evaluator;

// The arguments of one eager call, counted from 0. Only functions whose row says `decimals` see a
// decimal.
struct Arguments {
  std::string_view function;  // as in the table, for messages
  std::span<Value> values;
  Environment& environment;

  std::size_t size() const { return values.size(); }
  const json::value& operator[](std::size_t i) const { return *values[i]; }

  // The argument as what it must be, or EXPR0301 that names function, place and what came instead.
  Result<std::string_view> text(std::size_t i) const;
  Result<std::string_view> text_or(std::size_t i,
                                   std::string_view otherwise) const;  // when it is not given
  Result<std::int64_t> integer(std::size_t i) const;
  Result<const json::array*> array(std::size_t i) const;
  Result<const json::object*> object(std::size_t i) const;
  std::unexpected<Error> wrong(std::size_t i, std::string_view wanted) const;
  std::unexpected<Error> error(std::string_view code, std::string_view message) const;
};

using EagerFunction = Result<Value> (*)(Arguments& arguments);
using LazyFunction = Result<Value> (*)(Evaluator& evaluator, const Call& call);
using AskEnvironment = Result<Value> (Environment::*)(std::string_view name);

struct Function {
  std::string_view name;
  int least = 0;
  int most = 0;  // any_number
  EagerFunction eager = nullptr;
  LazyFunction lazy = nullptr;
  bool decimals = false;
  std::string_view family = {};  // filled in by the table
  // In place of the others: answers what the environment has under the one argument.
  AskEnvironment ask = nullptr;
};
inline constexpr int any_number = -1;

// Letter case is ignored. nullptr: there is none.
const Function* find_function(std::string_view name);
// EXPR0201 with the nearest name, or EXPR0202; nullopt when the call can be made.
std::optional<Error> check_call(const Call& call);

std::span<const Function> collection_functions();
std::span<const Function> convert_functions();
std::span<const Function> date_functions();
std::span<const Function> logical_functions();
std::span<const Function> math_functions();
std::span<const Function> object_functions();
std::span<const Function> string_functions();
std::span<const Function> uri_functions();
std::span<const Function> workflow_functions();
std::span<const Function> xml_functions();

// `an array of 2`, `'abc'`, `null`: how messages name a value.
std::string describe(const json::value& value);
// `the argument` of one, else `the second argument`.
std::string name_argument(std::size_t i, std::size_t count);

inline std::string_view view(const json::string& text) { return {text.data(), text.size()}; }
inline Value text_value(std::string_view text) { return json::value(json::string(text)); }

// The member of that name: the same spelling first, then the first that differs by letter case
// only.
const json::value* find_member(const json::object& object, std::string_view key);

// The same, or what a path such as `body/Title` leads to.
const json::value* find_path(const json::object& object, std::string_view path);

// One step into a value: `?['key']`. Borrows when the value is borrowed.
Result<Value> access(Value container, const json::value& key, bool optional);
// outputs['body'], or null: an action may have no output at all.
Result<Value> body_of(Value outputs);

}  // namespace rollcall::expr
