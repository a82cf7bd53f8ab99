// wdl/expressions: an expression and its value, or that it is an error. wdl/definitions: real
// definitions.
#include <fmt/format.h>

#include "conformance/conformance.hpp"
#include "expr/template.hpp"
#include "expr/text.hpp"
#include "flow/definition.hpp"
#include "flow/validate.hpp"

namespace rollcall::conformance {
namespace {

// Integers and floats are the same number when their values are.
bool same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.kind() == b.kind()) return a == b;
    return a.to_number<double>() == b.to_number<double>();
  }
  if (a.kind() != b.kind()) return false;
  if (const json::array* array = a.if_array()) {
    const json::array& other = b.get_array();
    return array->size() == other.size() && std::equal(array->begin(), array->end(), other.begin(),
                                                       [](auto& x, auto& y) { return same(x, y); });
  }
  if (const json::object* object = a.if_object()) {
    const json::object& other = b.get_object();
    return object->size() == other.size() &&
           std::equal(object->begin(), object->end(), other.begin(), [](auto& x, auto& y) {
             return x.key() == y.key() && same(x.value(), y.value());
           });
  }
  return a == b;
}

std::string answer(const json::value& expression) {
  expr::BareEnvironment environment;
  const auto compiled = expr::Template::compile(expression);
  if (!compiled) return "error " + compiled.error().message;
  const auto value = compiled->evaluate(environment);
  return value ? expr::to_json(**value) : "error " + value.error().message;
}

bool passes(const json::value& test) {
  expr::BareEnvironment environment;
  const bool wants_error = find(test, "error") != nullptr;
  const auto compiled = expr::Template::compile(*find(test, "expression"));
  if (!compiled) return wants_error;
  const auto value = compiled->evaluate(environment);
  if (!value || wants_error) return !value && wants_error;
  return same(**value, *find(test, "expected"));
}

const Suite expressions{
    "wdl/expressions", [](Run& run) {
      std::size_t id = 0;
      for (const json::value& test : run.lines("wdl/expressions.jsonl")) {
        ++id;
        const bool ok = passes(test);
        run.check(ok, fmt::to_string(id),
                  ok ? "" : json::serialize(test) + " gave " + answer(*find(test, "expression")));
      }
    }};

// Loads: it becomes a typed definition, and what is not supported in it is named with its place.
const Suite definitions{"wdl/definitions", [](Run& run) {
                          for (const auto& file : run.files("wdl/definitions", ".json")) {
                            const auto definition = flow::read_definition(read_text(file));
                            run.check(definition.has_value(), file.filename().string(),
                                      definition ? "" : definition.error().message);
                            if (definition) (void)flow::validate(*definition);
                          }
                        }};

}  // namespace
}  // namespace rollcall::conformance
