// Reading and writing XML; pugixml parses, what it lets through and .NET does not is checked here.
#include "expr/xml.hpp"

#include <fmt/format.h>

#include <pugixml.hpp>

#include "base/text.hpp"
#include "expr/limits.hpp"
#include "expr/text.hpp"
#include "expr/unicode.hpp"
#include "expr/xml_tree.hpp"

namespace rollcall::expr {
namespace {

std::unexpected<Error> not_xml(std::string_view why) {
  return fail("EXPR0304", fmt::format("this is not XML: {}", why));
}

// Prefixes must be declared, attributes single, and the tree not too deep.
class Check {
 public:
  Result<void> element(const pugi::xml_node& node, int depth) {
    if (depth > 500) return not_xml("more than 500 elements within one another");
    const std::size_t outer = declared_.size();
    std::vector<std::string_view> names;
    for (const pugi::xml_attribute& attribute : node.attributes()) {
      const std::string_view name = attribute.name();
      if (name.starts_with("xmlns:")) declared_.push_back(name.substr(6));
      if (std::ranges::find(names, name) != names.end())
        return not_xml(fmt::format("the attribute '{}' stands twice", name));
      names.push_back(name);
    }
    TRY_DO(prefix(node.name()));
    for (const std::string_view name : names) TRY_DO(prefix(name));
    for (const pugi::xml_node& child : node.children())
      if (child.type() == pugi::node_element) TRY_DO(element(child, depth + 1));
    declared_.resize(outer);
    return {};
  }

 private:
  Result<void> prefix(std::string_view name) const {
    const std::size_t colon = name.find(':');
    if (colon == std::string_view::npos) return {};
    const std::string_view prefix = name.substr(0, colon);
    if (prefix == "xml" || prefix == "xmlns" ||
        std::ranges::find(declared_, prefix) != declared_.end())
      return {};
    return not_xml(fmt::format("the prefix '{}' is not declared", prefix));
  }
  std::vector<std::string_view> declared_;
};

// version, encoding, standalone: in this order, the first one 1.0.
Result<void> check_declaration(const pugi::xml_node& node) {
  constexpr std::string_view order[] = {"version", "encoding", "standalone"};
  std::size_t next = 0;
  for (const pugi::xml_attribute& attribute : node.attributes()) {
    while (next < std::size(order) && attribute.name() != order[next]) ++next;
    if (next == std::size(order))
      return not_xml("its declaration has attributes that are wrong or out of order");
    ++next;
  }
  if (std::string_view(node.attribute("version").value()) != "1.0")
    return not_xml("its version is not 1.0");
  return {};
}

void escape(std::string& out, std::string_view text, bool attribute) {
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"' && attribute)
      out += "&quot;";
    else if (attribute && (c == '\n' || c == '\r' || c == '\t'))
      out += fmt::format("&#x{:X};", static_cast<int>(c));
    else if (c == '\r')
      out += "&#xD;";
    else
      out += c;
  }
}

void write_attributes(std::string& out, const pugi::xml_node& node) {
  for (const pugi::xml_attribute& attribute : node.attributes()) {
    out += fmt::format(" {}=\"", attribute.name());
    escape(out, attribute.value(), true);
    out += '"';
  }
}

}  // namespace

void write_text(std::string& out, std::string_view text) { escape(out, text, false); }
void write_attribute_value(std::string& out, std::string_view text) { escape(out, text, true); }

// Whether the element is written <a/>: then its JSON is null, not "".
bool XmlDocument::self_closed(const pugi::xml_node& node) const {
  if (node.first_child()) return false;
  char quote = '\0';
  for (auto at = static_cast<std::size_t>(node.offset_debug()); at < text_.size(); ++at) {
    const char c = text_[at];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      return text_[at - 1] == '/';
    }
  }
  return true;
}

Result<void> XmlDocument::parse(std::string_view text) {
  text_ = valid_utf8(std::string(text));
  const unsigned flags = pugi::parse_default | pugi::parse_comments | pugi::parse_declaration |
                         pugi::parse_doctype | pugi::parse_pi | pugi::parse_fragment;
  const auto parsed = document_.load_buffer(text_.data(), text_.size(), flags, pugi::encoding_utf8);
  if (!parsed) return not_xml(fmt::format("{} at byte {}", parsed.description(), parsed.offset));
  int roots = 0;
  for (const pugi::xml_node& child : document_.children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata)
      return not_xml("there is text outside of the root element");
    if (child.type() == pugi::node_declaration) TRY_DO(check_declaration(child));
    if (child.type() != pugi::node_element) continue;
    if (++roots > 1) return not_xml("there is more than one root element");
    TRY_DO(Check().element(child, 0));
  }
  if (roots == 0) return not_xml("there is no root element");
  return {};
}

void XmlDocument::write(std::string& out, const pugi::xml_node& node) const {
  switch (node.type()) {
    case pugi::node_document:
      for (const pugi::xml_node& child : node.children()) write(out, child);
      break;
    case pugi::node_element:
      out += fmt::format("<{}", node.name());
      write_attributes(out, node);
      if (!node.first_child()) {
        out += self_closed(node) ? std::string(" />") : fmt::format("></{}>", node.name());
        break;
      }
      out += '>';
      for (const pugi::xml_node& child : node.children()) write(out, child);
      out += fmt::format("</{}>", node.name());
      break;
    case pugi::node_pcdata:
      escape(out, node.value(), false);
      break;
    case pugi::node_cdata:
      out += fmt::format("<![CDATA[{}]]>", node.value());
      break;
    case pugi::node_comment:
      out += fmt::format("<!--{}-->", node.value());
      break;
    case pugi::node_pi:
      out += fmt::format("<?{} {}?>", node.name(), node.value());
      break;
    case pugi::node_declaration:
      out += "<?xml";
      write_attributes(out, node);
      out += "?>";
      break;
    case pugi::node_doctype:
      out += fmt::format("<!DOCTYPE {}>", node.value());
      break;
    case pugi::node_null:
      break;
  }
}

bool is_xml_type(std::string_view content_type) {
  const std::string type = to_lower(trim(content_type.substr(0, content_type.find(';'))));
  return type == "application/xml" || type == "text/xml" || type.ends_with("+xml");
}

Result<std::string> normalize_xml(std::string_view text) {
  XmlDocument document;
  TRY_DO(document.parse(text));
  std::string out;
  document.write(out, document.root());
  return out;
}

Result<json::value> evaluate_xpath(std::string_view text, std::string_view expression) {
  XmlDocument document;
  TRY_DO(document.parse(text));
  try {
    const pugi::xpath_query query(std::string(expression).c_str());
    switch (query.return_type()) {
      case pugi::xpath_type_number:
        return json::value(query.evaluate_number(document.root()));
      case pugi::xpath_type_boolean:
        return json::value(query.evaluate_boolean(document.root()));
      case pugi::xpath_type_string:
        return json::value(query.evaluate_string(document.root()));
      case pugi::xpath_type_node_set:
        break;
      case pugi::xpath_type_none:
        return fail("EXPR0304", "the XPath has no result");
    }
    json::array nodes;
    for (const pugi::xpath_node& found : query.evaluate_node_set(document.root())) {
      if (nodes.size() >= max_elements)
        return fail("EXPR0504", fmt::format("there are more than {} nodes", max_elements));
      if (found.attribute()) {
        nodes.emplace_back(found.attribute().value());
      } else if (found.node().type() == pugi::node_pcdata ||
                 found.node().type() == pugi::node_cdata) {
        nodes.emplace_back(found.node().value());
      } else {
        std::string out;
        document.write(out, found.node());
        nodes.push_back(envelope(xml_content_type, out));
      }
    }
    return json::value(std::move(nodes));
  } catch (const pugi::xpath_exception& error) {
    return fail("EXPR0304", fmt::format("the XPath is not valid: {}", error.what()));
  }
}

}  // namespace rollcall::expr
