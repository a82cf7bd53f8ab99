// Small readings of text that error messages and doors share.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall {

// ASCII only; what follows a locale is ICU's.
std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
// Splits at every separator; "" gives one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
// The candidate nearest to the name (edit distance, letter case ignored), or "" when none is near enough
// to be meant. For `did you mean`.
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

}  // namespace rollcall
