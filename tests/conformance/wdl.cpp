// wdl/expressions: an expression and its value, or that it is an error. wdl/definitions: real
// definitions.
#include <fmt/format.h>

#include <map>

#include "conformance/conformance.hpp"
#include "expr/template.hpp"
#include "expr/text.hpp"
#include "flow/definition.hpp"
#include "flow/rehearsal.hpp"
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
      std::map<std::string, std::pair<std::size_t, std::size_t>> classes;  // passed, all
      for (const json::value& test : run.lines("wdl/expressions.jsonl")) {
        ++id;
        const bool ok = passes(test);
        auto& of = classes[std::string(text_or(test, "confidence", "unknown"))];
        ++of.second;
        of.first += ok ? 1 : 0;
        run.check(ok, fmt::to_string(id),
                  ok ? "" : json::serialize(test) + " gave " + answer(*find(test, "expression")));
      }
      for (const auto& [name, counts] : classes)
        fmt::print("  {} {}/{}\n", name, counts.first, counts.second);
    }};

// Nothing in it is of a type that is not run here.
bool is_supported(const flow::Definition& definition) {
  for (const auto& action : definition.actions)
    if (std::holds_alternative<flow::Unsupported>(action.kind)) return false;
  for (const auto& trigger : definition.triggers)
    if (std::holds_alternative<flow::UnsupportedTrigger>(trigger.kind)) return false;
  return true;
}

// Loads: it becomes a typed definition, and what is not supported in it is named with its place.
const Suite definitions{"wdl/definitions", [](Run& run) {
                          for (const auto& file : run.files("wdl/definitions", ".json")) {
                            const auto definition = flow::read_definition(read_text(file));
                            run.check(definition.has_value(), file.filename().string(),
                                      definition ? "" : definition.error().message);
                            if (definition) (void)flow::validate(*definition);
                          }
                        }};

// Runs: with connectors that answer what the definition expects, one run comes to a final status. A definition that
// names what is not run is refused for it, by name, and counts as not run.
const Suite definitions_run{
    "wdl/definitions-run", [](Run& run) {
      std::size_t supported = 0, ran_of_supported = 0, succeeded = 0;
      for (const auto& file : run.files("wdl/definitions", ".json")) {
        const auto text = read_text(file);
        const auto bare = std::string_view(text).substr(text.starts_with("\xef\xbb\xbf") ? 3 : 0);
        const auto document = parse_json(bare, 1'000);
        const auto definition =
            document ? flow::parse_definition(*document) : std::unexpected(document.error());
        const auto ended = definition ? flow::rehearse_with_samples(*document)
                                      : std::unexpected(definition.error());
        const bool ran = ended && ended->ended;
        if (definition && is_supported(*definition)) ++supported, ran_of_supported += ran ? 1 : 0;
        succeeded += ended && ended->status == flow::Status::succeeded ? 1 : 0;
        run.check(ran, file.filename().string(),
                  ended ? "did not come to an end" : ended.error().message);
      }
      fmt::print("  of supported types {}/{}; succeeded {}\n", ran_of_supported, supported,
                 succeeded);
    }};

}  // namespace
}  // namespace rollcall::conformance
