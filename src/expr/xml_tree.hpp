// A parsed XML document, with what pugixml forgets: how an empty element was written. Only for
// xml*.cpp.
#pragma once
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace rollcall::expr {

class XmlDocument {
 public:
  // EXPR0304: it is not XML 1.0 with one root and declared prefixes.
  Result<void> parse(std::string_view text);
  pugi::xml_node root() const { return document_; }
  bool self_closed(const pugi::xml_node& node) const;
  void write(std::string& out, const pugi::xml_node& node) const;

 private:
  std::string text_;
  pugi::xml_document document_;
};

void write_text(std::string& out, std::string_view text);
void write_attribute_value(std::string& out, std::string_view text);

}  // namespace rollcall::expr
