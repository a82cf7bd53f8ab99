#include "connectors/custom/references.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rollcall::connectors {
namespace {

constexpr int max_references_in_a_row = 32;
constexpr int max_schema_depth = 24;
constexpr std::size_t max_nodes = 400'000;

bool is_true(const json::value& value, std::string_view name) {
  const auto* member = find(value, name);
  return member != nullptr && member->is_bool() && member->get_bool();
}

bool names(const json::value* list, std::string_view name) {
  if (list == nullptr || !list->is_array()) return false;
  return std::ranges::any_of(list->get_array(), [&](const json::value& one) {
    return one.is_string() && one.get_string() == name;
  });
}

// An empty shape says nothing.
bool says_something(const BodyShape& shape) {
  return shape.default_value || shape.notification_url || !shape.members.empty();
}

}  // namespace

Result<void> References::spend() {
  if (++spent_ <= max_nodes) return {};
  return fail("CONNECTOR0503", fmt::format("its schemas unfold to more than {} parts", max_nodes));
}

Result<const json::value*> References::follow(const json::value& value) {
  const auto* at = &value;
  for (int i = 0; i <= max_references_in_a_row; ++i) {
    TRY_DO(spend());
    const auto* reference = find(*at, "$ref");
    if (reference == nullptr || !reference->is_string()) return at;
    const std::string_view text = reference->get_string();
    if (!text.starts_with("#/"))
      return fail("CONNECTOR0504", fmt::format("$ref '{}' leads out of the document", text));
    boost::system::error_code error;
    at = document_.find_pointer(text.substr(1), error);
    if (at == nullptr) return fail("CONNECTOR0504", fmt::format("$ref '{}' leads nowhere", text));
  }
  return fail("CONNECTOR0504", "a $ref leads to itself");
}

Result<BodyShape> References::shape(const json::value& schema) {
  BodyShape shape;
  TRY_DO(shape_into(schema, shape, 0));
  return shape;
}

// A schema that contains itself has no end: inside itself it says nothing more.
Result<void> References::shape_into(const json::value& given, BodyShape& shape, int depth) {
  TRY(const auto* schema, follow(given));
  if (depth > max_schema_depth || std::ranges::find(open_, schema) != open_.end()) return {};
  if (const auto* value = find(*schema, "default")) shape.default_value = *value;
  if (is_true(*schema, "x-ms-notification-url") || is_true(given, "x-ms-notification-url"))
    shape.notification_url = true;
  open_.push_back(schema);
  auto done = members(*schema, shape, depth);
  if (const auto* parts = find(*schema, "allOf"); done && parts != nullptr && parts->is_array()) {
    for (const auto& part : parts->get_array()) {
      if (done) done = shape_into(part, shape, depth + 1);
    }
  }
  open_.pop_back();
  return done;
}

Result<void> References::members(const json::value& schema, BodyShape& shape, int depth) {
  const auto* properties = find(schema, "properties");
  if (properties == nullptr || !properties->is_object()) return {};
  const auto* required = find(schema, "required");
  for (const auto& [name, property] : properties->get_object()) {
    BodyShape member;
    TRY_DO(shape_into(property, member, depth + 1));
    if (!says_something(member)) continue;
    member.sends_default =
        names(required, name) || text_or(property, "x-ms-visibility") == "internal";
    member.name = name;
    shape.members.push_back(std::move(member));
  }
  return {};
}

}  // namespace rollcall::connectors
