#include "flow/json_schema.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace rollcall::flow {
namespace {

constexpr int max_depth = 64;  // of a schema, and of a value while it is checked
constexpr std::size_t max_nodes = 20'000;

// An index into the nodes; `none` allows everything.
using Index = std::uint32_t;
constexpr Index none = 0xffff'ffff;

enum TypeBit : unsigned {
  null_bit = 1,
  boolean_bit = 2,
  integer_bit = 4,
  number_bit = 8,
  string_bit = 16,
  array_bit = 32,
  object_bit = 64
};
constexpr std::array<std::pair<std::string_view, unsigned>, 7> types{
    {{"null", null_bit},
     {"boolean", boolean_bit},
     {"integer", integer_bit},
     {"number", number_bit | integer_bit},
     {"string", string_bit},
     {"array", array_bit},
     {"object", object_bit}}};

unsigned type_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return null_bit;
    case json::kind::bool_:
      return boolean_bit;
    case json::kind::int64:
    case json::kind::uint64:
      return integer_bit;
    case json::kind::double_: {
      const double number = value.get_double();
      return std::isfinite(number) && number == std::floor(number) ? number_bit | integer_bit
                                                                   : number_bit;
    }
    case json::kind::string:
      return string_bit;
    case json::kind::array:
      return array_bit;
    case json::kind::object:
      return object_bit;
  }
  return 0;
}

std::string type_names(unsigned bits) {
  std::string names;
  for (const auto& [name, bit] : types) {
    if ((bits & bit) == bit) names += fmt::format("{}{}", names.empty() ? "" : " or ", name);
  }
  return names;
}

std::size_t code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  return count;
}

using Bound = std::optional<double>;

}  // namespace

struct JsonSchema::Node {
  bool never = false;  // the schema `false`
  unsigned types = 0;  // 0: any
  std::vector<std::pair<std::string, Index>> properties;
  std::vector<std::pair<std::shared_ptr<re2::RE2>, Index>> pattern_properties;
  std::vector<std::string> required;
  std::vector<Index> tuple, all_of, any_of, one_of;
  Index additional_properties = none, items = none, additional_items = none, contains = none,
        not_ = none, reference = none;
  std::optional<json::array> enumeration;
  Bound minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
  Bound min_length, max_length, min_items, max_items, min_properties, max_properties;
  bool unique_items = false;
  std::shared_ptr<re2::RE2> pattern;
};

namespace {

using Node = JsonSchema::Node;

Result<std::shared_ptr<re2::RE2>> expression(std::string_view text, const std::string& path) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_shared<re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!compiled->ok()) {
    return fail("FLOW0311",
                fmt::format("schema {}/pattern: '{}' is no regular expression that RE2 takes: {}",
                            path, text, compiled->error()));
  }
  return compiled;
}

class Compiler {
 public:
  explicit Compiler(const json::value& root) : root_(root) {}
  Result<std::vector<Node>> run() {
    TRY_DO(compile(root_, "", 0));
    return std::move(nodes_);
  }

 private:
  Result<Index> compile(const json::value& schema, const std::string& path, int depth);
  Result<void> keyword(Node& node, std::string_view name, const json::value& value,
                       const std::string& path, int depth);
  Result<bool> structure(Node& node, std::string_view name, const json::value& value,
                         const std::string& path, int depth);
  Result<bool> bound(Node& node, std::string_view name, const json::value& value,
                     const std::string& path);
  Result<std::vector<Index>> list(const json::value& schemas, const std::string& path, int depth);
  Result<Index> refer(std::string_view target, const std::string& path, int depth);

  const json::value& root_;
  std::vector<Node> nodes_;
  std::map<std::string, Index, std::less<>> places_;  // JSON pointer → node
};

std::unexpected<Error> wrong(const std::string& path, std::string_view what) {
  return fail("FLOW0311", fmt::format("schema {}: {}", path.empty() ? "/" : path, what));
}

Result<Index> Compiler::compile(const json::value& schema, const std::string& path, int depth) {
  if (const auto place = places_.find(path); place != places_.end()) return place->second;
  if (depth > max_depth) return wrong(path, fmt::format("nested deeper than {}", max_depth));
  if (nodes_.size() >= max_nodes) return wrong(path, fmt::format("more than {} parts", max_nodes));
  const auto index = static_cast<Index>(nodes_.size());
  places_.emplace(path, index);
  nodes_.emplace_back();
  Node node;
  if (const auto* allowed = schema.if_bool()) {
    node.never = !*allowed;
  } else if (const auto* object = schema.if_object()) {
    for (const auto& [name, value] : *object) TRY_DO(keyword(node, name, value, path, depth));
  } else {
    return wrong(path, "a schema is an object");
  }
  nodes_[index] = std::move(node);
  return index;
}

Result<std::vector<Index>> Compiler::list(const json::value& schemas, const std::string& path,
                                          int depth) {
  const auto* array = schemas.if_array();
  if (array == nullptr) return wrong(path, "needs an array of schemas");
  std::vector<Index> indices;
  for (std::size_t i = 0; i < array->size(); ++i) {
    TRY(auto index, compile((*array)[i], fmt::format("{}/{}", path, i), depth + 1));
    indices.push_back(index);
  }
  return indices;
}

Result<Index> Compiler::refer(std::string_view target, const std::string& path, int depth) {
  if (!target.starts_with('#'))
    return wrong(path, fmt::format("$ref '{}' is not in this schema", target));
  const auto pointer = std::string(target.substr(1));
  boost::system::error_code error;
  const auto* schema = root_.find_pointer(pointer, error);
  if (schema == nullptr) return wrong(path, fmt::format("$ref '{}' names nothing", target));
  return compile(*schema, pointer, depth + 1);
}

Result<void> Compiler::keyword(Node& node, std::string_view name, const json::value& value,
                               const std::string& path, int depth) {
  const auto here = path + "/" + std::string(name);
  if (name == "type") {
    const auto add = [&](const json::value& type) -> Result<void> {
      const auto* text = type.if_string();
      for (const auto& [type_name, bits] : types) {
        if (text != nullptr && std::string_view(*text) == type_name) {
          node.types |= bits;
          return {};
        }
      }
      // Draft 3's `any`, which old flows still have.
      if (text != nullptr && *text == "any") return {};
      return wrong(here, fmt::format("unknown type {}", json::serialize(type)));
    };
    if (const auto* several = value.if_array()) {
      for (const auto& type : *several) TRY_DO(add(type));
      return {};
    }
    return add(value);
  }
  TRY(const bool taken, structure(node, name, value, here, depth));
  if (taken) return {};
  TRY(const bool bounded, bound(node, name, value, here));
  if (bounded) return {};
  for (const auto unsupported :
       {"dependencies", "if", "then", "else", "propertyNames", "$dynamicRef",
        "unevaluatedProperties", "unevaluatedItems", "prefixItems"}) {
    if (name == unsupported) return wrong(here, "this keyword is not supported");
  }
  return {};  // describes, or is unknown, which the specification says to ignore
}

Result<bool> Compiler::structure(Node& node, std::string_view name, const json::value& value,
                                 const std::string& path, int depth) {
  const auto one = [&](Index& into) -> Result<bool> {
    TRY(into, compile(value, path, depth + 1));
    return true;
  };
  const auto several = [&](std::vector<Index>& into) -> Result<bool> {
    TRY(into, list(value, path, depth));
    return true;
  };
  if (name == "additionalProperties") return one(node.additional_properties);
  if (name == "additionalItems") return one(node.additional_items);
  if (name == "contains") return one(node.contains);
  if (name == "not") return one(node.not_);
  if (name == "allOf") return several(node.all_of);
  if (name == "anyOf") return several(node.any_of);
  if (name == "oneOf") return several(node.one_of);
  if (name == "items") return value.is_array() ? several(node.tuple) : one(node.items);
  if (name == "$ref" && value.is_string()) {
    TRY(node.reference, refer(value.get_string(), path, depth));
    return true;
  }
  if (name == "properties" || name == "patternProperties") {
    const auto* members = value.if_object();
    if (members == nullptr) return wrong(path, "needs an object of schemas");
    for (const auto& [key, schema] : *members) {
      TRY(auto index, compile(schema, path + "/" + std::string(key), depth + 1));
      if (name == "properties") {
        node.properties.emplace_back(key, index);
      } else {
        TRY(auto pattern, expression(key, path));
        node.pattern_properties.emplace_back(std::move(pattern), index);
      }
    }
    return true;
  }
  if (name == "required" && value.is_array()) {  // draft 3's boolean says nothing about this object
    for (const auto& key : value.get_array()) {
      if (!key.is_string()) return wrong(path, "needs an array of names");
      node.required.emplace_back(key.get_string());
    }
    return true;
  }
  if (name == "enum" && value.is_array()) {
    node.enumeration = value.get_array();
    return true;
  }
  if (name == "const") {
    node.enumeration = json::array{value};
    return true;
  }
  if (name == "pattern" && value.is_string()) {
    TRY(node.pattern, expression(value.get_string(), path));
    return true;
  }
  return false;
}

Result<bool> Compiler::bound(Node& node, std::string_view name, const json::value& value,
                             const std::string& path) {
  static constexpr std::array<std::pair<std::string_view, Bound Node::*>, 11> bounds{
      {{"minimum", &Node::minimum},
       {"maximum", &Node::maximum},
       {"exclusiveMinimum", &Node::exclusive_minimum},
       {"exclusiveMaximum", &Node::exclusive_maximum},
       {"multipleOf", &Node::multiple_of},
       {"minLength", &Node::min_length},
       {"maxLength", &Node::max_length},
       {"minItems", &Node::min_items},
       {"maxItems", &Node::max_items},
       {"minProperties", &Node::min_properties},
       {"maxProperties", &Node::max_properties}}};
  if (name == "uniqueItems" && value.is_bool()) {
    node.unique_items = value.get_bool();
    return true;
  }
  for (const auto& [bound_name, member] : bounds) {
    if (name != bound_name) continue;
    // Draft 4: `exclusiveMinimum: true` sharpens `minimum`.
    if (value.is_bool())
      return wrong(path, "draft 4's true is not supported: give the number itself");
    if (!value.is_number()) return wrong(path, "needs a number");
    node.*member = value.to_number<double>();
    if (name == "multipleOf" && *(node.*member) <= 0) return wrong(path, "needs a number above 0");
    return true;
  }
  return false;
}

// Checks one value; the first thing that does not fit is kept with its place.
class Checker {
 public:
  explicit Checker(const std::vector<Node>& nodes) : nodes_(nodes) {}
  bool check(Index index, const json::value& value, int depth);
  std::string reason;
  std::string place;  // built from the inside out

 private:
  bool refuse(std::string why) {
    reason = std::move(why);
    place.clear();
    return false;
  }
  bool within(Index index, const json::value& value, std::string_view step, int depth) {
    if (index == none || check(index, value, depth + 1)) return true;
    place.insert(0, fmt::format("/{}", step));
    return false;
  }
  bool object(const Node& node, const json::object& members, int depth);
  bool array(const Node& node, const json::array& elements, int depth);
  bool combined(const Node& node, const json::value& value, int depth);
  bool number(const Node& node, double number);
  bool string(const Node& node, std::string_view text);

  const std::vector<Node>& nodes_;
};

bool Checker::check(Index index, const json::value& value, int depth) {
  if (depth > 2 * max_depth) return refuse("nested too deep to be checked");
  const Node& node = nodes_[index];
  if (node.never) return refuse("is not allowed here");
  if (node.types != 0 && (node.types & type_of(value)) == 0) {
    return refuse(fmt::format("is {}, not {}", type_names(type_of(value)), type_names(node.types)));
  }
  if (node.enumeration && std::find(node.enumeration->begin(), node.enumeration->end(), value) ==
                              node.enumeration->end()) {
    return refuse(fmt::format("is none of {}", json::serialize(*node.enumeration)));
  }
  if (const auto* members = value.if_object(); members != nullptr && !object(node, *members, depth))
    return false;
  if (const auto* elements = value.if_array();
      elements != nullptr && !array(node, *elements, depth))
    return false;
  if (value.is_number() && !number(node, value.to_number<double>())) return false;
  if (const auto* text = value.if_string(); text != nullptr && !string(node, *text)) return false;
  return combined(node, value, depth);
}

bool Checker::object(const Node& node, const json::object& members, int depth) {
  for (const auto& name : node.required) {
    if (!members.contains(name))
      return refuse(fmt::format("lacks the required property '{}'", name));
  }
  const auto count = static_cast<double>(members.size());
  if (node.min_properties && count < *node.min_properties) return refuse("has too few properties");
  if (node.max_properties && count > *node.max_properties) return refuse("has too many properties");
  for (const auto& [name, index] : node.properties) {
    const auto* member = members.if_contains(name);
    if (member != nullptr && !within(index, *member, name, depth)) return false;
  }
  if (node.pattern_properties.empty() && node.additional_properties == none) return true;
  for (const auto& [key, member] : members) {
    bool known =
        std::any_of(node.properties.begin(), node.properties.end(),
                    [&](const auto& property) { return property.first == std::string_view(key); });
    for (const auto& [pattern, index] : node.pattern_properties) {
      if (!re2::RE2::PartialMatch(re2::StringPiece(key.data(), key.size()), *pattern)) continue;
      known = true;
      if (!within(index, member, key, depth)) return false;
    }
    if (!known && !within(node.additional_properties, member, key, depth)) return false;
  }
  return true;
}

bool Checker::array(const Node& node, const json::array& elements, int depth) {
  const auto count = static_cast<double>(elements.size());
  if (node.min_items && count < *node.min_items) return refuse("has too few elements");
  if (node.max_items && count > *node.max_items) return refuse("has too many elements");
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const Index index = node.tuple.empty()      ? node.items
                        : i < node.tuple.size() ? node.tuple[i]
                                                : node.additional_items;
    if (!within(index, elements[i], std::to_string(i), depth)) return false;
  }
  if (node.unique_items) {
    if (elements.size() > 10'000)
      return refuse("has too many elements to be checked for uniqueItems");
    for (std::size_t i = 0; i < elements.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (elements[i] == elements[j])
          return refuse(fmt::format("has equal elements at {} and {}", j, i));
      }
    }
  }
  if (node.contains == none) return true;
  const bool found = std::any_of(elements.begin(), elements.end(), [&](const auto& element) {
    return check(node.contains, element, depth + 1);
  });
  return found || refuse("has no element as `contains` asks for");
}

bool Checker::number(const Node& node, double number) {
  if (node.minimum && number < *node.minimum)
    return refuse(fmt::format("is below {}", *node.minimum));
  if (node.maximum && number > *node.maximum)
    return refuse(fmt::format("is above {}", *node.maximum));
  if (node.exclusive_minimum && number <= *node.exclusive_minimum) {
    return refuse(fmt::format("is not above {}", *node.exclusive_minimum));
  }
  if (node.exclusive_maximum && number >= *node.exclusive_maximum) {
    return refuse(fmt::format("is not below {}", *node.exclusive_maximum));
  }
  if (node.multiple_of) {
    const double quotient = number / *node.multiple_of;
    if (quotient != std::floor(quotient))
      return refuse(fmt::format("is no multiple of {}", *node.multiple_of));
  }
  return true;
}

bool Checker::string(const Node& node, std::string_view text) {
  if (node.min_length || node.max_length) {
    const auto length = static_cast<double>(code_points(text));
    if (node.min_length && length < *node.min_length) return refuse("is too short");
    if (node.max_length && length > *node.max_length) return refuse("is too long");
  }
  if (node.pattern &&
      !re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *node.pattern)) {
    return refuse(fmt::format("does not match '{}'", node.pattern->pattern()));
  }
  return true;
}

bool Checker::combined(const Node& node, const json::value& value, int depth) {
  if (node.reference != none && !check(node.reference, value, depth + 1)) return false;
  for (const auto index : node.all_of) {
    if (!check(index, value, depth + 1)) return false;
  }
  const auto fits = [&](Index index) { return check(index, value, depth + 1); };
  if (!node.any_of.empty() && std::none_of(node.any_of.begin(), node.any_of.end(), fits)) {
    return refuse("fits none of the schemas of anyOf");
  }
  if (!node.one_of.empty() && std::count_if(node.one_of.begin(), node.one_of.end(), fits) != 1) {
    return refuse("does not fit exactly one schema of oneOf");
  }
  if (node.not_ != none && fits(node.not_)) return refuse("fits the schema of `not`");
  return true;
}

}  // namespace

Result<JsonSchema> JsonSchema::compile(const json::value& schema) {
  TRY(auto nodes, Compiler(schema).run());
  JsonSchema compiled;
  compiled.nodes_ = std::make_shared<const std::vector<Node>>(std::move(nodes));
  return compiled;
}

Result<void> JsonSchema::check(const json::value& value) const {
  Checker checker(*nodes_);
  if (checker.check(0, value, 0)) return {};
  return fail("FLOW0312",
              fmt::format("the content does not fit the schema: {} {}",
                          checker.place.empty() ? "it" : checker.place, checker.reason));
}

}  // namespace rollcall::flow
