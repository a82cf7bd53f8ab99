// XML to JSON and back, by Json.NET's rules: attributes are @name, texts beside elements #text,
// repeated elements arrays; an element without content is null, one with nothing between its tags
// "".
#include <fmt/format.h>

#include <charconv>
#include <pugixml.hpp>

#include "base/text.hpp"
#include "expr/functions.hpp"
#include "expr/text.hpp"
#include "expr/xml.hpp"
#include "expr/xml_tree.hpp"

namespace rollcall::expr {
namespace {

bool starts_xml_name(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}
bool in_xml_name(unsigned char c) {
  return starts_xml_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

// `a>b` as a_x003E_b.
std::string encode_name(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (i == 0 ? starts_xml_name(c) : in_xml_name(c))
      out += name[i];
    else
      out += fmt::format("_x{:04X}_", c);
  }
  return out;
}

std::string decode_name(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    int code = 0;
    const bool escaped = name.substr(i).starts_with("_x") && i + 6 < name.size() &&
                         name[i + 6] == '_' &&
                         std::from_chars(name.data() + i + 2, name.data() + i + 6, code, 16).ptr ==
                             name.data() + i + 6;
    if (!escaped || code >= 0x80) {
      out += name[i];
      continue;
    }
    out += static_cast<char>(code);
    i += 6;
  }
  return out;
}

class ToJson {
 public:
  explicit ToJson(const XmlDocument& document) : document_(document) {}

  json::value element(const pugi::xml_node& node) const {
    const pugi::xml_node first = node.first_child();
    if (!node.first_attribute()) {
      if (!first) return document_.self_closed(node) ? json::value() : json::value("");
      if (!first.next_sibling() && first.type() == pugi::node_pcdata)
        return json::value(first.value());
    }
    json::object result;
    for (const pugi::xml_attribute& attribute : node.attributes())
      result.insert_or_assign("@" + decode_name(attribute.name()), attribute.value());
    children(node, result);
    return result;
  }

  // Nodes of one name come together where the first of them stands.
  void children(const pugi::xml_node& node, json::object& result) const {
    std::vector<std::pair<std::string, std::vector<pugi::xml_node>>> groups;
    std::unordered_map<std::string, std::size_t> places;
    for (const pugi::xml_node& child : node.children()) {
      std::string name = name_of(child);
      const auto [place, fresh] = places.emplace(name, groups.size());
      if (fresh) groups.emplace_back(std::move(name), std::vector<pugi::xml_node>{});
      groups[place->second].second.push_back(child);
    }
    for (const auto& [name, nodes] : groups) {
      if (name ==
          "#comment") {  // Json.NET writes comments, which are nothing; of several, their array
        if (nodes.size() > 1) result.insert_or_assign(name, json::array());
      } else if (nodes.size() == 1) {
        result.insert_or_assign(name, value(nodes[0]));
      } else {
        json::array all;
        for (const pugi::xml_node& each : nodes) all.push_back(value(each));
        result.insert_or_assign(name, std::move(all));
      }
    }
  }

 private:
  static std::string name_of(const pugi::xml_node& node) {
    switch (node.type()) {
      case pugi::node_pcdata:
        return "#text";
      case pugi::node_cdata:
        return "#cdata-section";
      case pugi::node_comment:
        return "#comment";
      case pugi::node_declaration:
        return "?xml";
      case pugi::node_doctype:
        return "!DOCTYPE";
      case pugi::node_pi:
        return "?" + decode_name(node.name());
      case pugi::node_null:
      case pugi::node_document:
      case pugi::node_element:
        break;
    }
    return decode_name(node.name());
  }

  json::value value(const pugi::xml_node& node) const {
    switch (node.type()) {
      case pugi::node_element:
        return element(node);
      case pugi::node_doctype:
        return doctype(node.value());
      case pugi::node_declaration: {
        json::object result;
        for (const pugi::xml_attribute& attribute : node.attributes())
          result.insert_or_assign("@" + std::string(attribute.name()), attribute.value());
        return result;
      }
      case pugi::node_null:
      case pugi::node_document:
      case pugi::node_pcdata:
      case pugi::node_cdata:
      case pugi::node_comment:
      case pugi::node_pi:
        break;
    }
    return json::value(node.value());
  }

  // name [PUBLIC "id"] ["uri" | SYSTEM "uri"] ['[' subset ']']
  static json::value doctype(std::string_view text) {
    json::object result;
    text = trim(text);
    const std::size_t name_end = std::min(text.find_first_of(" \t\r\n["), text.size());
    result.emplace("@name", text.substr(0, name_end));
    std::string_view rest = trim(text.substr(name_end));
    const auto quoted = [&]() -> std::string_view {
      rest = trim(rest);
      if (rest.empty() || (rest[0] != '"' && rest[0] != '\'')) return {};
      const std::size_t end = std::min(rest.find(rest[0], 1), rest.size() - 1);
      const std::string_view inside = rest.substr(1, end - 1);
      rest.remove_prefix(end + 1);
      return inside;
    };
    const bool is_public = rest.starts_with("PUBLIC");
    if (is_public || rest.starts_with("SYSTEM")) {
      rest.remove_prefix(6);
      if (is_public)
        if (const std::string_view id = quoted(); !id.empty()) result.emplace("@public", id);
      if (const std::string_view uri = quoted(); !uri.empty()) result.emplace("@system", uri);
    }
    rest = trim(rest);
    if (rest.starts_with('[') && rest.ends_with(']') && rest.size() > 2) {
      std::string subset(rest.substr(1, rest.size() - 2));
      // Pairs of carriage return and line feed stay, a lone carriage return becomes a line feed.
      for (std::size_t i = 0; i < subset.size(); ++i)
        if (subset[i] == '\r' && (i + 1 == subset.size() || subset[i + 1] != '\n'))
          subset[i] = '\n';
      result.emplace("@internalSubset", subset);
    }
    return result;
  }

  const XmlDocument& document_;
};

class ToXml {
 public:
  Result<std::string> document(const json::object& object) {
    bool root = false;
    for (const auto& member : object) {
      const std::string_view name = member.key();
      if (name == "?xml") {
        declaration(member.value());
        continue;
      }
      const json::array* array = member.value().if_array();
      if (root || (array && array->size() != 1))
        return fail("EXPR0304", "there is more than one root element");
      root = true;
      TRY_DO(element(name, array ? array->front() : member.value(), 0));
    }
    if (!root && !object.empty()) return fail("EXPR0304", "there is no root element");
    return std::move(out_);
  }

 private:
  void declaration(const json::value& value) {
    out_ += "<?xml";
    for (const std::string_view name : {"version", "encoding", "standalone"})
      if (const std::string_view text = text_or(value, fmt::format("@{}", name)); !text.empty())
        out_ += fmt::format(" {}=\"{}\"", name, text);
    out_ += "?>";
  }

  // A prefix that nothing declares is left out.
  std::string element_name(std::string_view name) const {
    const std::size_t colon = name.find(':');
    if (colon == std::string_view::npos) return encode_name(name);
    const std::string_view prefix = name.substr(0, colon);
    const std::string local = encode_name(name.substr(colon + 1));
    const bool known = std::ranges::find(prefixes_, prefix) != prefixes_.end();
    return known ? fmt::format("{}:{}", prefix, local) : local;
  }

  static bool is_attribute(const json::key_value_pair& member) {
    const std::string_view name = member.key();
    return name.size() > 1 && name[0] == '@' && !member.value().is_structured();
  }

  Result<void> element(std::string_view name, const json::value& value, int depth) {
    if (depth > 500) return fail("EXPR0501", "more than 500 elements within one another");
    if (name.empty()) return fail("EXPR0304", "an element needs a name");
    const json::object* object = value.if_object();
    const std::size_t outer = prefixes_.size();
    if (object)
      for (const auto& member : *object)
        if (std::string_view(member.key()).starts_with("@xmlns:"))
          prefixes_.emplace_back(std::string_view(member.key()).substr(7));
    const std::string tag = element_name(name);
    if (tag.empty()) return fail("EXPR0304", fmt::format("'{}' is no name of an element", name));
    out_ += "<" + tag;
    bool content = !value.is_null() && !object;
    if (object)
      for (const auto& member : *object) {
        if (is_attribute(member)) {
          TRY_DO(attribute(std::string_view(member.key()).substr(1), member.value()));
        } else {
          content = true;
        }
      }
    if (!content) {
      out_ += " />";
    } else {
      out_ += '>';
      if (object)
        TRY_DO(content_of(*object, depth));
      else
        write_text(out_, primitive(value));
      out_ += "</" + tag + ">";
    }
    prefixes_.resize(outer);
    return {};
  }

  Result<void> attribute(std::string_view name, const json::value& value) {
    const std::string spelled = name.starts_with("xmlns") ? std::string(name) : element_name(name);
    out_ += fmt::format(" {}=\"", spelled);
    write_attribute_value(out_, primitive(value));
    out_ += '"';
    return {};
  }

  Result<void> content_of(const json::object& object, int depth) {
    for (const auto& member : object) {
      if (is_attribute(member)) continue;
      const std::string_view name = member.key();
      const json::array* array = member.value().if_array();
      const std::size_t count = array ? array->size() : 1;
      for (std::size_t i = 0; i < count; ++i) {
        const json::value& value = array ? (*array)[i] : member.value();
        if (name == "#text") {
          write_text(out_, primitive(value));
        } else if (name == "#cdata-section") {
          const std::string text = primitive(value);
          if (text.find("]]>") != std::string::npos)
            return fail("EXPR0304", "a CDATA section cannot hold ']]>'");
          out_ += "<![CDATA[" + text + "]]>";
        } else {
          TRY_DO(element(name, value.is_array() ? json::value(to_json(value)) : value, depth + 1));
        }
      }
    }
    return {};
  }

  static std::string primitive(const json::value& value) {
    if (const json::string* text = value.if_string()) return std::string(view(*text));
    if (value.is_null()) return {};
    return to_json(value);
  }

  std::string out_;
  std::vector<std::string> prefixes_;
};

Result<void> check_encoding(const XmlDocument& document) {
  const std::string_view written = document.root().child("xml").attribute("encoding").value();
  const std::string encoding = to_lower(written);
  if (encoding.empty() || encoding == "utf-8" || encoding == "us-ascii" || encoding == "ascii")
    return {};
  return fail("EXPR0304", fmt::format("'{}' is not a supported encoding; use utf-8", written));
}

Result<Value> xml(Arguments& arguments) {
  const json::value& value = arguments[0];
  if (is_envelope(value)) {
    json::object object;
    object.emplace("$content-type", xml_content_type);
    object.emplace("$content", text_or(value, "$content"));
    return Value(std::move(object));
  }
  Result<std::string> text;
  if (const json::string* written = value.if_string())
    text = normalize_xml(view(*written));
  else if (value.is_object())
    text = json_to_xml(value);
  else
    return arguments.wrong(0, "a text of XML or an object with one property");
  if (!text) return arguments.error(text.error().code, text.error().message);
  return Value(envelope(xml_content_type, *text));
}

Result<Value> xpath(Arguments& arguments) {
  if (!is_envelope(arguments[0]) || !is_xml_type(envelope_type(arguments[0])))
    return arguments.wrong(0, "XML, as xml() makes it");
  TRY(const std::string text, envelope_bytes(arguments[0]));
  TRY(const std::string_view expression, arguments.text(1));
  auto result = evaluate_xpath(text, expression);
  if (!result) return arguments.error(result.error().code, result.error().message);
  return Value(*std::move(result));
}

Result<Value> encode_xml_value(Arguments& arguments) {
  std::string text, out;
  TRY_DO(append_text(text, arguments[0]));
  write_attribute_value(out, text);
  return text_value(out);
}

constexpr Function rows[] = {
    {"encodeXmlValue", 1, 1, encode_xml_value},
    {"xml", 1, 1, xml},
    {"xpath", 2, 2, xpath},
};

}  // namespace

Result<json::value> xml_to_json(std::string_view text) {
  XmlDocument document;
  TRY_DO(document.parse(text));
  TRY_DO(check_encoding(document));
  json::object result;
  ToJson(document).children(document.root(), result);
  return json::value(std::move(result));
}

Result<std::string> json_to_xml(const json::value& value) {
  return ToXml().document(value.get_object());
}

std::span<const Function> xml_functions() { return rows; }

}  // namespace rollcall::expr
