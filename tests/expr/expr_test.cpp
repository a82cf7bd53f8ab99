// `eval`: a template and its value as compact JSON, or its error. `define NAME` puts JSON into the
// run that the expressions ask: parameters, variables, actions, items.
#include <fmt/format.h>

#include <map>

#include "expr/template.hpp"
#include "expr/text.hpp"
#include "support/cases.hpp"
#include "support/golden.hpp"

namespace rollcall::expr {
namespace {

// Answers from JSON:
// {"parameters":{…},"variables":{…},"actions":{…},"trigger":{…},"items":{…},"item":…}.
class JsonEnvironment final : public Environment {
 public:
  json::object state;

  Result<Value> from(std::string_view group, std::string_view name) {
    const json::value* found = find(state[group], name);
    if (found) return Value::borrow(*found);
    return fail("EXPR0401", fmt::format("there is no '{}' in {}", name, group));
  }
  Result<Value> trigger() override { return Value::borrow(state["trigger"]); }
  Result<Value> action(std::string_view name) override { return from("actions", name); }
  Result<Value> trigger_outputs() override { return from("trigger", "outputs"); }
  Result<Value> action_outputs(std::string_view name) override {
    TRY(const Value record, from("actions", name));
    const json::value* outputs = find(*record, "outputs");
    if (outputs) return Value::borrow(*outputs);
    return Value();
  }
  Result<Value> result(std::string_view scope) override { return from("results", scope); }
  Result<Value> item() override { return Value::borrow(state["item"]); }
  Result<Value> items(std::string_view loop) override { return from("items", loop); }
  Result<Value> iteration_index(std::string_view loop) override { return from("indexes", loop); }
  Result<Value> variable(std::string_view name) override { return from("variables", name); }
  Result<Value> parameter(std::string_view name) override { return from("parameters", name); }
  Result<Value> workflow() override { return Value::borrow(state["workflow"]); }
  Timestamp now() override { return *parse_iso("2026-01-02T03:04:05.6789012Z"); }
  std::uint64_t random() override { return random_.random(); }

 private:
  BareEnvironment random_;
};

std::string show(const Result<Value>& value, std::string_view source) {
  return value ? to_json(**value) : render(value.error(), source);
}

// The body is a string of a definition; it begins with { or [ when it is JSON.
json::value source_of(const std::string& body) {
  if (body.starts_with('{') || body.starts_with('[') || body.starts_with('"'))
    if (auto parsed = parse_json(body)) return *parsed;
  return json::value(body);
}

test::Handlers make() {
  auto environment = std::make_shared<JsonEnvironment>();
  test::Handlers handlers;
  handlers["define"] = [environment](const test::GoldenCase& test) -> std::string {
    auto parsed = parse_json(test.body);
    if (!parsed) return parsed.error().message;
    environment->state[test.arguments.at(0)] = *parsed;
    return "";
  };
  const auto evaluate = [environment](const test::GoldenCase& test, bool condition) {
    const json::value source = source_of(test.body);
    const auto compiled =
        condition ? Template::compile_condition(source) : Template::compile(source);
    if (!compiled) return render(compiled.error(), test.body);
    return show(compiled->evaluate(*environment), test.body);
  };
  handlers["eval"] = [evaluate](const test::GoldenCase& test) { return evaluate(test, false); };
  handlers["condition"] = [evaluate](const test::GoldenCase& test) { return evaluate(test, true); };
  // Functions and their first arguments, and what is wrong with the calls, with their places.
  handlers["references"] = [](const test::GoldenCase& test) {
    const auto compiled = Template::compile(source_of(test.body));
    if (!compiled) return render(compiled.error(), test.body);
    std::string out;
    for (const Reference& reference : compiled->references())
      out += fmt::format("{} {} {}\n", reference.place.path.empty() ? "." : reference.place.path,
                         reference.function, reference.argument.value_or("-"));
    for (const Problem& problem : compiled->problems())
      out += fmt::format("{} {}\n", problem.place.path.empty() ? "." : problem.place.path,
                         problem.error.message);
    if (!out.empty()) out.pop_back();
    return out;
  };
  return handlers;
}

const test::Registration golden{[] { test::register_golden("Expr", TEST_FOLDER, make); }};

}  // namespace
}  // namespace rollcall::expr
