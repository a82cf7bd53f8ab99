// Percent encoding, and the parts of a URI.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace rollcall::expr {

// Everything but letters, digits and -._~ as %XX.
std::string encode_uri(std::string_view text);
// %XX decoded; what is no escape stays.
std::string decode_uri(std::string_view text);
// The same, and + is a space.
std::string decode_form(std::string_view text);

struct UriParts {
  std::string scheme, host, path, query;  // the query with its ?
  int port = -1;                          // the scheme's own when it is not written; -1: unknown
};
// nullopt: it is no absolute URI.
std::optional<UriParts> parse_uri(std::string_view text);

}  // namespace rollcall::expr
