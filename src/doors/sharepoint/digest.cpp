#include "doors/sharepoint/digest.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include "base/check.hpp"
#include "base/hmac.hpp"

namespace rollcall::doors::sharepoint {

Digests::Digests() { CHECK(RAND_bytes(key_.data(), static_cast<int>(key_.size())) == 1); }

std::string Digests::sign(const Principal& principal, std::string_view time) const {
  const auto text = fmt::format("{}\n{}", to_string(principal), time);
  const std::string_view key(reinterpret_cast<const char*>(key_.data()), key_.size());
  std::string hex = "0x";
  for (const char c : hmac_sha256(key, text))
    hex += fmt::format("{:02X}", static_cast<unsigned char>(c));
  return hex;
}

std::string Digests::make(const Principal& principal, Timestamp now) const {
  const auto time = format_iso_seconds(now);
  return sign(principal, time) + "," + time;
}

bool Digests::is_valid(std::string_view digest, const Principal& principal, Timestamp now) const {
  const auto comma = digest.find(',');
  if (comma == std::string_view::npos) return false;
  const auto time = digest.substr(comma + 1);
  const auto made = parse_iso(time);
  if (!made || now - *made > seconds(digest_seconds) || *made - now > seconds(1)) return false;
  return same_bytes(sign(principal, time), digest.substr(0, comma));
}

}  // namespace rollcall::doors::sharepoint
