// Templates of flows: whatever a text or a JSON document with expressions holds, compiling it and evaluating it ends,
// within the limits, and twice gives the same.
#include <cstddef>
#include <cstdint>

#include "expr/limits.hpp"
#include "expr/template.hpp"
#include "fuzz.hpp"

namespace {

using namespace rollcall;

// Every name there is answers the same record, which has something of each type.
class Everything final : public expr::Environment {
 public:
  Result<expr::Value> trigger() override { return expr::Value::borrow(record_); }
  Result<expr::Value> action(std::string_view) override { return expr::Value::borrow(record_); }
  Result<expr::Value> current_action() override { return expr::Value::borrow(record_); }
  Result<expr::Value> trigger_outputs() override {
    return expr::Value::borrow(*find(record_, "outputs"));
  }
  Result<expr::Value> action_outputs(std::string_view) override {
    return expr::Value::borrow(*find(record_, "outputs"));
  }
  Result<expr::Value> result(std::string_view) override {
    return expr::Value::borrow(*find(record_, "list"));
  }
  Result<expr::Value> item() override { return expr::Value::borrow(record_); }
  Result<expr::Value> items(std::string_view) override { return expr::Value::borrow(record_); }
  Result<expr::Value> iteration_index(std::string_view) override {
    return expr::Value::borrow(*find(record_, "n"));
  }
  Result<expr::Value> variable(std::string_view) override {
    return expr::Value::borrow(*find(record_, "list"));
  }
  Result<expr::Value> parameter(std::string_view) override {
    return expr::Value::borrow(*find(record_, "text"));
  }
  Result<expr::Value> workflow() override { return expr::Value::borrow(record_); }
  Timestamp now() override { return fuzz::now; }
  std::uint64_t random() override {
    return random_ = random_ * 6364136223846793005U + 1442695040888963407U;
  }

 private:
  const json::value record_ = json::parse(
      R"json({"name": "A", "n": -7, "r": 1.5, "b": true, "none": null, "text": "2026-03-29T01:30:00.1234567+02:00", "xml": "<a x='1'><b>t</b><b/></a>",
       "list": [1, 2.5, "three", null, {"status": "Succeeded", "k": [9]}], "status": "Failed", "inputs": {"uri": "https://x.example/a?b=c"},
       "outputs": {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": {"value": [{"Title": "a"}], "$content-type": "text/plain", "$content": "aGk="}}})json");
  std::uint64_t random_ = 1;
};

std::string evaluated(const expr::Template& made, bool condition) {
  Everything environment;
  if (condition) {
    const auto answer = made.evaluate_condition(environment);
    return answer ? (*answer ? "true" : "false") : answer.error().code + answer.error().message;
  }
  const auto answer = made.evaluate(environment);
  return answer ? json::serialize(**answer) : answer.error().code + answer.error().message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  json::value source(text);
  if (auto document = parse_json(text); document && !document->is_string())
    source = *std::move(document);
  for (const bool condition : {false, true}) {
    const auto made = condition ? expr::Template::compile_condition_forgiving(source)
                                : expr::Template::compile_forgiving(source);
    (void)made.references();
    (void)made.problems();
    if (evaluated(made, condition) != evaluated(made, condition))
      fuzz::found("a template gives two answers");
  }
  return 0;
}
