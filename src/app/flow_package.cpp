#include "app/flow_package.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/zip.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "expr/template.hpp"
#include "flow/definition.hpp"

namespace rollcall::app {
namespace {

std::string stem(std::string_view path) {
  path = path.substr(path.rfind('/') + 1);
  return std::string(path.substr(0, path.rfind('.')));
}

// `Name-0F1E…-GUID`, as solutions name their files.
std::string without_guid(std::string name) {
  constexpr std::size_t guid = 36;
  if (name.size() > guid + 1 && name[name.size() - guid - 1] == '-')
    name.resize(name.size() - guid - 1);
  return name;
}

// ---- ARM templates: `[parameters('x')]`, `[concat('a', variables('y'))]`. Their language is ours but for what Azure
// alone knows, so it is read by ours.

class ArmEnvironment final : public expr::Environment {
 public:
  ArmEnvironment(const json::value& document, const json::object& given)
      : document_(document), given_(given) {}
  Result<expr::Value> parameter(std::string_view name) override {
    if (const auto* value = given_.if_contains(name)) return expr::Value::borrow(*value);
    const auto* parameters = find(document_, "parameters");
    const auto* about = parameters == nullptr ? nullptr : find(*parameters, name);
    const auto* usual = about == nullptr ? nullptr : find(*about, "defaultValue");
    if (usual == nullptr)
      return fail(
          "APP0303",
          fmt::format("the template's parameter '{}' has no value; give it with --parameter {}=…",
                      name, name));
    return resolved(*usual);
  }
  Result<expr::Value> variable(std::string_view name) override {
    const auto* variables = find(document_, "variables");
    const auto* value = variables == nullptr ? nullptr : find(*variables, name);
    if (value == nullptr)
      return fail("APP0303", fmt::format("the template has no variable '{}'", name));
    return resolved(*value);
  }
  Timestamp now() override { return {}; }
  std::uint64_t random() override { return 0; }

  Result<expr::Value> resolved(const json::value& value) {
    const auto* text = value.if_string();
    if (text == nullptr || !text->starts_with('[') || text->starts_with("[[") ||
        !text->ends_with(']'))
      return expr::Value(json::value(value));
    if (++depth_ > 20)
      return fail("APP0303", "the template's variables name each other in a circle");
    const auto source = "@" + std::string(std::string_view(*text).substr(1, text->size() - 2));
    TRY(const auto compiled, expr::Template::compile(json::value(source)));
    TRY(auto answer, compiled.evaluate(*this));
    --depth_;
    return json::value(std::move(answer).take());
  }

 private:
  const json::value& document_;
  const json::object& given_;
  int depth_ = 0;
};

// Replaces what can be; says what cannot.
bool resolve(json::value& value, ArmEnvironment& environment, std::vector<std::string>& notes) {
  bool changed = false;
  if (auto* object = value.if_object()) {
    for (auto& [name, inner] : *object) changed = resolve(inner, environment, notes) || changed;
  } else if (auto* array = value.if_array()) {
    for (auto& inner : *array) changed = resolve(inner, environment, notes) || changed;
  } else if (const auto* text = value.if_string(); text != nullptr && text->starts_with('[') &&
                                                   !text->starts_with("[[") &&
                                                   text->ends_with(")]")) {
    auto answer = environment.resolved(value);
    if (!answer) {
      notes.push_back(
          fmt::format("{} stays as it is: {}", std::string_view(*text), answer.error().message));
      return false;
    }
    value = std::move(*answer).take();
    return true;
  }
  return changed;
}

bool is_workflow(const json::value& resource) {
  return equals_ignoring_case(text_or(resource, "type"), "Microsoft.Logic/workflows") ||
         (find(resource, "properties") != nullptr &&
          find(*find(resource, "properties"), "definition") != nullptr);
}

std::vector<PackedFlow> from_template(const std::string& text, const json::value& document,
                                      const std::string& file, const json::object& values) {
  std::vector<PackedFlow> flows;
  const auto& resources = find(document, "resources")->get_array();
  const auto workflows = std::ranges::count_if(resources, is_workflow);
  for (const auto& resource : resources) {
    if (!is_workflow(resource)) continue;
    PackedFlow flow{stem(file), text, document, {}};
    ArmEnvironment environment(document, values);
    auto own = resource;
    const bool changed = resolve(own, environment, flow.notes);
    if (const auto name = text_or(own, "name"); !name.empty() && !name.starts_with('['))
      flow.name = name;
    else if (workflows > 1)
      flow.name += fmt::format("-{}", flows.size() + 1);
    if (changed || workflows > 1) {
      auto whole = document;
      whole.as_object()["resources"] = json::array{std::move(own)};
      flow.text = pretty(whole);
      flow.document = std::move(whole);
    }
    flows.push_back(std::move(flow));
  }
  return flows;
}

Result<std::vector<PackedFlow>> from_json(const std::string& text, const std::string& file,
                                          const json::object& values) {
  TRY(auto document, parse_json(without_mark(text), 1'000));
  const auto* resources = find(document, "resources");
  if (resources != nullptr && resources->is_array() &&
      std::ranges::any_of(resources->get_array(), is_workflow)) {
    return from_template(text, document, file, values);
  }
  TRY(const auto definition, flow::parse_definition(document));
  std::vector<PackedFlow> flows;
  flows.push_back(
      {definition.name.empty() ? stem(file) : definition.name, text, std::move(document), {}});
  return flows;
}

// Solutions keep their flows under Workflows/, Power Automate's packages under Microsoft.Flow/flows/ID/definition.json.
Result<std::vector<PackedFlow>> from_zip(const std::string& bytes, const json::object& values) {
  TRY(const auto entries, read_zip(bytes, {".json"}));
  std::vector<PackedFlow> flows;
  for (const auto& entry : entries) {
    const bool of_solution = entry.name.starts_with("Workflows/");
    const bool of_package = entry.name.ends_with("/definition.json");
    if (!of_solution && !of_package) continue;
    auto found = from_json(entry.content,
                           of_solution ? without_guid(stem(entry.name))
                                       : stem(entry.name.substr(0, entry.name.rfind('/'))),
                           values);
    if (!found)
      return fail(found.error().code, fmt::format("{}: {}", entry.name, found.error().message));
    std::move(found->begin(), found->end(), std::back_inserter(flows));
  }
  return flows;
}

}  // namespace

Result<std::vector<PackedFlow>> read_package(const std::string& bytes, const std::string& file_name,
                                             const json::object& values) {
  TRY(auto flows, is_zip(bytes) ? from_zip(bytes, values) : from_json(bytes, file_name, values));
  if (flows.empty()) {
    return fail("APP0302",
                "there is no flow in it: a flow's .zip has Microsoft.Flow/flows/…/definition.json, "
                "a solution's has Workflows/….json");
  }
  return flows;
}

}  // namespace rollcall::app
