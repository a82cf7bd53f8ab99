// UTF-8: whether a text is valid, and the same text with each wrong byte replaced by U+FFFD.
#pragma once
#include <string>
#include <string_view>

namespace rollcall {

bool is_utf8(std::string_view text);
std::string repaired_utf8(std::string_view text);
// Without the byte order mark that some editors put first.
std::string_view without_mark(std::string_view text);

}  // namespace rollcall
