// XML as .NET's XmlDocument reads and writes it, and as Json.NET turns it into JSON and back.
#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"

namespace rollcall::expr {

inline constexpr std::string_view xml_content_type = "application/xml;charset=utf-8";

bool is_xml_type(std::string_view content_type);
// The same document in one spelling: white space between elements gone, `<a />`. EXPR0304: it is
// not XML.
Result<std::string> normalize_xml(std::string_view text);
Result<json::value> xml_to_json(std::string_view text);
// "" for an object without members. EXPR0304: there is more than one root, or a name or text cannot
// be XML.
Result<std::string> json_to_xml(const json::value& value);
// Envelopes for elements, texts for other nodes; or what the expression calculates.
Result<json::value> evaluate_xpath(std::string_view text, std::string_view expression);

}  // namespace rollcall::expr
