// How far an expression may go. What exceeds a limit is an error with a code EXPR05xx that names
// it.
#pragma once
#include <cstddef>
#include <cstdint>

namespace rollcall::expr {

inline constexpr std::size_t max_expression_bytes = 32'768;
inline constexpr int max_expression_depth = 100;            // calls and accesses within one another
inline constexpr std::size_t max_json_depth = 100;          // of templates and of json()
inline constexpr std::size_t max_text_bytes = 104'857'600;  // what one function may make
inline constexpr std::int64_t max_range = 100'000;
inline constexpr std::size_t max_elements = 1'000'000;  // of an array that one function makes

}  // namespace rollcall::expr
