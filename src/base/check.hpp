// CHECK stays on in release: a broken invariant stops the process, saying which and where.
#pragma once

namespace rollcall {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace rollcall

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::rollcall::check_failed(#condition, __FILE__, __LINE__))
