// JSON written straight into a text, for those who need no json::value of it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace rollcall {

// `"…"`, escaped.
void append_json(std::string& out, std::string_view text);
void append_json(std::string& out, std::int64_t number);

}  // namespace rollcall
