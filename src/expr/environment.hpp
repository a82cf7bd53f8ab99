// What an expression may ask the run that evaluates it. Everything outside the expression comes
// through here: names, time, randomness; so evaluation is repeatable. An answer may borrow
// (Value::borrow) from state that outlives the evaluation. An error says that the name is not
// there; the defaults answer so for every name.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"
#include "expr/value.hpp"

namespace rollcall::expr {

class Environment {
 public:
  virtual ~Environment() = default;

  // The whole record: {"name","inputs","outputs","status","code","startTime",…}.
  virtual Result<Value> trigger();
  virtual Result<Value> action(std::string_view name);
  virtual Result<Value> current_action();
  // The `outputs` of the record ({"statusCode","headers","body"} for most); null when it has none.
  virtual Result<Value> trigger_outputs();
  virtual Result<Value> action_outputs(std::string_view name);
  // Their member `body`; null when there is none.
  virtual Result<Value> action_body(std::string_view name);
  // An array: the records of the first level of actions in a scope or loop.
  virtual Result<Value> result(std::string_view scope);
  // The innermost loop's item, or the item of Filter array and Select.
  virtual Result<Value> item();
  virtual Result<Value> items(std::string_view loop);
  // iterationIndexes('Until')
  virtual Result<Value> iteration_index(std::string_view loop);
  virtual Result<Value> variable(std::string_view name);
  virtual Result<Value> parameter(std::string_view name);
  virtual Result<Value> app_setting(std::string_view name);
  // {"id","name","type","location","tags","run":{"id","name","type"}}
  virtual Result<Value> workflow();
  // listCallbackUrl()
  virtual Result<Value> callback_url();
  virtual Timestamp now() = 0;
  // 64 bits, uniform; rand() and guid() are made from them.
  virtual std::uint64_t random() = 0;
};

// Everything as the outer environment has it, and an item of one's own: for Filter array and
// Select.
class ItemEnvironment final : public Environment {
 public:
  explicit ItemEnvironment(Environment& outer) : outer_(outer) {}
  void set(const json::value& item) { item_ = &item; }

  Result<Value> trigger() override { return outer_.trigger(); }
  Result<Value> action(std::string_view name) override { return outer_.action(name); }
  Result<Value> current_action() override { return outer_.current_action(); }
  Result<Value> trigger_outputs() override { return outer_.trigger_outputs(); }
  Result<Value> action_outputs(std::string_view name) override {
    return outer_.action_outputs(name);
  }
  Result<Value> action_body(std::string_view name) override { return outer_.action_body(name); }
  Result<Value> result(std::string_view scope) override { return outer_.result(scope); }
  Result<Value> item() override { return item_ ? Value::borrow(*item_) : Value(); }
  Result<Value> items(std::string_view loop) override { return outer_.items(loop); }
  Result<Value> iteration_index(std::string_view loop) override {
    return outer_.iteration_index(loop);
  }
  Result<Value> variable(std::string_view name) override { return outer_.variable(name); }
  Result<Value> parameter(std::string_view name) override { return outer_.parameter(name); }
  Result<Value> app_setting(std::string_view name) override { return outer_.app_setting(name); }
  Result<Value> workflow() override { return outer_.workflow(); }
  Result<Value> callback_url() override { return outer_.callback_url(); }
  Timestamp now() override { return outer_.now(); }
  std::uint64_t random() override { return outer_.random(); }

 private:
  Environment& outer_;
  const json::value* item_ = nullptr;
};

// For expressions that may only calculate: constants, parameters' defaults. Time stands still.
class BareEnvironment final : public Environment {
 public:
  explicit BareEnvironment(Timestamp now = {}, std::uint64_t seed = 1) : now_(now), state_(seed) {}
  Timestamp now() override { return now_; }
  std::uint64_t random() override;  // SplitMix64

 private:
  Timestamp now_;
  std::uint64_t state_;
};

}  // namespace rollcall::expr
