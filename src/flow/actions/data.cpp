// Compose, Parse JSON, Expression: one value in, one out.
#include <fmt/format.h>

#include "flow/execution.hpp"

namespace rollcall::flow {
namespace {

Document document_of(expr::Value value) {
  if (value.borrowed()) return Document::sharing(*value);
  return std::move(value).take();
}

// Content is JSON already, or a text that holds some.
Result<Document> json_of(expr::Value content) {
  if (content->is_null()) return rollcall::fail("FLOW0313", "the content to parse is null");
  if (content->is_string()) return parse_json(content->get_string());
  if (find(*content, "$content") != nullptr) return parse_json(expr::to_text(*content));
  return document_of(std::move(content));
}

Result<void> check(Execution& execution, Environment& environment, ActionIndex action,
                   const ParseJson& kind, const json::value& value) {
  if (const auto* schema = execution.workflow().schema(action)) return schema->check(value);
  TRY(auto schema, kind.schema.evaluate(environment));
  if (!schema->is_object()) return {};
  TRY(const auto compiled, JsonSchema::compile(*schema));
  return compiled.check(value);
}

}  // namespace

void start(Execution& execution, Frame& frame, ActionIndex action, const Compose& kind) {
  auto environment = execution.environment(frame, action);
  auto value = kind.inputs.evaluate(environment);
  if (!value) return execution.fail(frame, action, value.error());
  if (execution.keeps_inputs()) execution.slot(frame, action).inputs = **value;
  execution.succeed(frame, action, document_of(*std::move(value)));
}

void start(Execution& execution, Frame& frame, ActionIndex action, const ParseJson& kind) {
  auto environment = execution.environment(frame, action);
  auto content = kind.content.evaluate(environment);
  if (!content) return execution.fail(frame, action, content.error());
  if (execution.keeps_inputs())
    execution.slot(frame, action).inputs = json::object{{"content", **content}};
  auto value = json_of(*std::move(content));
  if (!value) return execution.fail(frame, action, value.error());
  const auto fits = check(execution, environment, action, kind, value->value());
  auto outputs = Document::with_body(*std::move(value));
  if (fits) return execution.succeed(frame, action, std::move(outputs));
  execution.slot(frame, action).outputs = std::move(outputs);
  execution.fail(frame, action, fits.error());
}

void start(Execution& execution, Frame& frame, ActionIndex action, const Calculate& kind) {
  auto environment = execution.environment(frame, action);
  auto value = kind.value.evaluate(environment);
  if (!value) return execution.fail(frame, action, value.error());
  execution.succeed(frame, action, json::object{{"body", std::move(*value).take()}});
}

void start(Execution& execution, Frame& frame, ActionIndex action, const Unsupported& kind) {
  execution.fail(frame, action, "FLOW0304", kind.reason);
}

}  // namespace rollcall::flow
