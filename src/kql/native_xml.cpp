#include <pugixml.hpp>

#include "kql/native_table.hpp"

// parse_xml: elements become members, attributes `@name`, text `#text` (or the value itself when it
// is all there is), and elements of one name an array.
// https://learn.microsoft.com/kusto/query/parse-xml-function

namespace rollcall::kql {
namespace {

constexpr std::size_t max_bytes = 1'048'576;
constexpr int max_depth = 100;

void add_member(json::object& object, std::string_view name, json::value value) {
  auto* found = object.if_contains(name);
  if (found == nullptr) {
    object[name] = std::move(value);
  } else {
    // No element's own value is an array, so that an array is one of elements.
    if (!found->is_array()) *found = json::array{std::move(*found)};
    found->get_array().push_back(std::move(value));
  }
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

json::value value_of_element(const pugi::xml_node& element, int depth) {
  json::object object;
  std::string text;
  for (const auto& attribute : element.attributes())
    object["@" + std::string(attribute.name())] = attribute.value();
  for (const auto& child : element.children()) {
    if (child.type() == pugi::node_element && depth < max_depth)
      add_member(object, child.name(), value_of_element(child, depth + 1));
    else if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata)
      text += trimmed(child.value());
  }
  if (object.empty()) return text.empty() ? json::value() : json::value(json::string(text));
  if (!text.empty()) object["#text"] = text;
  return object;
}

Cell parse_xml(Arguments a, Scratch&) {
  const std::string_view source = text(a[0]);
  if (source.empty() || source.size() > max_bytes) return {};
  pugi::xml_document document;
  if (!document.load_buffer(source.data(), source.size(), pugi::parse_default, pugi::encoding_utf8))
    return {};
  const auto root = document.document_element();
  if (!root) return {};
  json::object out;
  out[root.name()] = value_of_element(root, 0);
  return cell(json::value(std::move(out)));
}

}  // namespace

std::span<const Native> xml_natives() {
  static const Native table[] = {{"kql_parse_xml", "s:j", parse_xml}};
  return table;
}

}  // namespace rollcall::kql
