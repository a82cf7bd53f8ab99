// Form digests: what a client without a token of its own asks for at /_api/contextinfo and sends
// with each write, so that a page of somebody else's cannot write in its name.
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "base/principal.hpp"
#include "base/time.hpp"

namespace rollcall::doors::sharepoint {

inline constexpr std::int64_t digest_seconds = 1800;

class Digests {
 public:
  Digests();  // with a key of its own: digests of another process are not taken
  // `0x…,2026-01-01T12:00:00Z`
  std::string make(const Principal& principal, Timestamp now) const;
  // Whether make() answered it to this principal in the last half hour.
  bool is_valid(std::string_view digest, const Principal& principal, Timestamp now) const;

 private:
  std::string sign(const Principal& principal, std::string_view time) const;
  std::array<unsigned char, 32> key_{};
};

}  // namespace rollcall::doors::sharepoint
