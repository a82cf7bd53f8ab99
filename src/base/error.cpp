#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/check.hpp"

namespace rollcall {

std::string render(const Error& error, std::string_view source) {
  if (!error.span) return fmt::format("{} {}", error.code, error.message);
  const auto offset = std::min<std::size_t>(error.span->offset, source.size());
  const auto before = source.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto start = before.rfind('\n');
  const auto column = offset - (start == std::string_view::npos ? 0 : start + 1) + 1;
  return fmt::format("{} {}:{}..{} {}", error.code, line, column, column + error.span->length,
                     error.message);
}

void check_failed(const char* condition, const char* file, int line) {
  fmt::print(stderr, "{}:{}: broken invariant: {}\n", file, line, condition);
  std::abort();
}

}  // namespace rollcall
