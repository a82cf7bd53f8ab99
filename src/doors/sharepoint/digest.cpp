#include "doors/sharepoint/digest.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/check.hpp"

namespace rollcall::doors::sharepoint {

Digests::Digests() { CHECK(RAND_bytes(key_.data(), static_cast<int>(key_.size())) == 1); }

std::string Digests::sign(const Principal& principal, std::string_view time) const {
  const auto text = fmt::format("{}\n{}", to_string(principal), time);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned length = 0;
  CHECK(HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(),
             &length) != nullptr);
  std::string hex = "0x";
  for (unsigned i = 0; i < length; ++i) hex += fmt::format("{:02X}", mac[i]);
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
  const auto expected = sign(principal, time);
  return expected.size() == comma && CRYPTO_memcmp(expected.data(), digest.data(), comma) == 0;
}

}  // namespace rollcall::doors::sharepoint
