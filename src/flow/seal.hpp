// What must not be stored in clear, and who may call a run or a trigger. One key, kept outside of the
// database, seals texts (AES-256-GCM; the nonce is made from the text, so that the same text gives the same
// seal and nothing here draws random numbers) and signs the addresses under which flows are called.
#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"

namespace rollcall::flow {

class Seal {
 public:
  // Any bytes; 32 random ones, for those who want it to hold.
  explicit Seal(std::string_view key);

  // base64url, 43 characters (HMAC-SHA256).
  std::string sign(std::string_view what) const;
  // In a time that does not tell how much of it is right.
  bool is_signed(std::string_view what, std::string_view signature) const;

  // {"$sealed": "…"}
  json::value close(const json::value& clear) const;
  // Anything else than a seal is answered as it is. FLOW0405: it was sealed with another key, or changed.
  Result<json::value> open(const json::value& sealed) const;
  static bool is_sealed(const json::value& value);

 private:
  std::string signing_key_, sealing_key_, nonce_key_;
};

// 32 random bytes.
inline constexpr std::size_t seal_key_bytes = 32;
std::string new_seal_key();

}  // namespace rollcall::flow
