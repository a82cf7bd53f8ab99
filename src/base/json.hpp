// Boost.JSON under a short name, and the readings of it that all modules share.
#pragma once
#include <boost/json.hpp>
#include <string_view>

#include "base/error.hpp"

namespace rollcall {
namespace json = boost::json;

// Parses one document. Depth and size are bounded by the caller's limits; the error has code `JSON`, and
// its message says line and column of the first character that does not fit.
Result<json::value> parse_json(std::string_view text, std::size_t max_depth = 100);
// Two spaces a level, keys in the order they have; ends with a line feed.
std::string pretty(const json::value& value);
// Member of an object, or null when value is no object or lacks it.
const json::value* find(const json::value& value, std::string_view key);
// The member's text, or `otherwise` when it is absent or no string.
std::string_view text_or(const json::value& value, std::string_view key,
                         std::string_view otherwise = {});
// An object would become a value by a copy, and the text would point into it.
const json::value* find(const json::object& object, std::string_view key);
std::string_view text_or(const json::object& object, std::string_view key,
                         std::string_view otherwise = {});

}  // namespace rollcall
