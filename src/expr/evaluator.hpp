// Walks a compiled template. Stateless but for the environment; one evaluator serves one
// evaluation.
#pragma once
#include "expr/environment.hpp"
#include "expr/tree.hpp"
#include "expr/value.hpp"

namespace rollcall::expr {

class Evaluator {
 public:
  explicit Evaluator(Environment& environment) : environment_(environment) {}
  // Spans in errors are those of the tree.
  Result<Value> evaluate(const Node& node);
  // All of the object, of which only one member is kept; null when it is not there.
  Result<Value> evaluate_member(const MakeObject& object, std::string_view name);
  Environment& environment() { return environment_; }
  // After an error: where in the template's JSON it came up, as a pointer.
  std::string failed_path() const;

 private:
  const json::value* look(const Node& node);
  Result<Value> make(const Node& node);
  Result<Value> call(const Call& call);
  Result<Value> access(const Access& access);
  Result<Value> interpolate(const Interpolation& interpolation);
  Result<Value> make_array(const MakeArray& array);
  Result<Value> make_object(const MakeObject& object);
  template <class Each>
  Result<void> each_member(const MakeObject& object, Each&& each);

  Environment& environment_;
  std::vector<std::string> trail_;  // of an error, from the inside out
};

}  // namespace rollcall::expr
