// $search: words and phrases with AND, OR, NOT and parentheses (parse_search is in parser.hpp).
#pragma once
#include <cstddef>
#include <string_view>

namespace rollcall::odata {

// How far a $search among other options reaches: to a `;`, or a `)` that it did not open.
std::size_t search_length(std::string_view text);

}  // namespace rollcall::odata
