// Letters beyond ASCII: case and white space, by code point, as .NET's invariant culture has it.
#pragma once
#include <string>
#include <string_view>

namespace rollcall::expr {

std::string to_lower_invariant(std::string_view text);
std::string to_upper_invariant(std::string_view text);
// Each code point folded; as many code points as before.
std::u32string fold_case(std::string_view text);
// What is not UTF-8 becomes U+FFFD.
std::string valid_utf8(std::string bytes);
std::string_view trim_white_space(std::string_view text);

// The locale's name may be spelled in any case, with - or _: `fr-FR`, `fr_fr`.
bool known_locale(std::string_view name);

}  // namespace rollcall::expr
