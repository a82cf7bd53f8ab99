// The default answers of an Environment: nothing is there.
#include "expr/environment.hpp"

#include <fmt/format.h>

#include "expr/functions.hpp"

namespace rollcall::expr {
namespace {

std::unexpected<Error> nothing(std::string_view what, std::string_view name = {}) {
  if (name.empty()) return fail("EXPR0401", fmt::format("{} is not available here", what));
  return fail("EXPR0401", fmt::format("there is no {} '{}' here", what, name));
}

}  // namespace

const json::value Value::null_;

Result<Value> Environment::trigger() { return nothing("the trigger"); }
Result<Value> Environment::action(std::string_view name) { return nothing("action", name); }
Result<Value> Environment::current_action() { return nothing("the current action"); }
Result<Value> Environment::trigger_outputs() { return nothing("the trigger's output"); }
Result<Value> Environment::action_outputs(std::string_view name) { return nothing("action", name); }
Result<Value> Environment::action_body(std::string_view name) {
  TRY(Value outputs, action_outputs(name));
  return body_of(std::move(outputs));
}
Result<Value> Environment::result(std::string_view scope) { return nothing("scope", scope); }
Result<Value> Environment::item() { return nothing("item()"); }
Result<Value> Environment::items(std::string_view loop) { return nothing("loop", loop); }
Result<Value> Environment::iteration_index(std::string_view loop) { return nothing("loop", loop); }
Result<Value> Environment::variable(std::string_view name) { return nothing("variable", name); }
Result<Value> Environment::parameter(std::string_view name) { return nothing("parameter", name); }
Result<Value> Environment::app_setting(std::string_view name) {
  return nothing("app setting", name);
}
Result<Value> Environment::workflow() { return nothing("workflow()"); }
Result<Value> Environment::callback_url() { return nothing("listCallbackUrl()"); }

std::uint64_t BareEnvironment::random() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t bits = state_;
  bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
  bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
  return bits ^ (bits >> 31U);
}

}  // namespace rollcall::expr
