#include <openssl/evp.h>

#include <cstring>

#include "base/hash.hpp"
#include "kql/native_table.hpp"

// Hashes: xxHash64 and OpenSSL's digests.

namespace rollcall::kql {
namespace {

Cell bounded(std::uint64_t hash, const Argument& modulus) {
  const auto value = static_cast<std::int64_t>(hash);
  const std::int64_t m = whole(modulus, 0);
  if (m <= 0) return value;
  const std::int64_t rest = value % m;
  return rest < 0 ? rest + m : rest;
}

std::string digest(const EVP_MD* method, std::string_view s) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_Digest(s.data(), s.size(), bytes, &length, method, nullptr) != 1) return "";
  std::string hex;
  for (unsigned i = 0; i < length; ++i) hex += fmt::format("{:02x}", bytes[i]);
  return hex;
}

}  // namespace

std::span<const Native> hash_natives() {
  static const Native table[] = {
      {"kql__hash_text", "s l:l",
       [](Arguments a, Scratch&) { return bounded(xxhash64(text(a[0])), a[1]); }},
      {"kql__hash_long", "l l:l",
       [](Arguments a, Scratch&) {
         const std::int64_t value = whole(a[0]);
         char bytes[sizeof value];
         std::memcpy(bytes, &value, sizeof value);
         return bounded(xxhash64({bytes, sizeof bytes}), a[1]);
       }},
      {"kql__hash_real", "r l:l",
       [](Arguments a, Scratch&) {
         const double value = real(a[0]);
         char bytes[sizeof value];
         std::memcpy(bytes, &value, sizeof value);
         return bounded(xxhash64({bytes, sizeof bytes}), a[1]);
       }},
      {"kql_hash_combine", "l l*:l",
       [](Arguments a, Scratch&) -> Cell {
         std::uint64_t hash = 0;
         for (const auto& value : a)
           hash ^= static_cast<std::uint64_t>(whole(value)) + 0x9e3779b97f4a7c15ULL + (hash << 6) +
                   (hash >> 2);
         return static_cast<std::int64_t>(hash);
       }},
      {"kql_hash_many", "x x*:l",
       [](Arguments a, Scratch&) -> Cell {
         std::uint64_t hash = 0;
         for (const auto& value : a)
           hash ^= xxhash64(text(value)) + 0x9e3779b97f4a7c15ULL + (hash << 6) + (hash >> 2);
         return static_cast<std::int64_t>(hash);
       }},
      {"kql_hash_md5", "x:s",
       [](Arguments a, Scratch&) { return cell(digest(EVP_md5(), text(a[0]))); }},
      {"kql_hash_sha1", "x:s",
       [](Arguments a, Scratch&) { return cell(digest(EVP_sha1(), text(a[0]))); }},
      {"kql_hash_sha256", "x:s",
       [](Arguments a, Scratch&) { return cell(digest(EVP_sha256(), text(a[0]))); }},
  };
  return table;
}

}  // namespace rollcall::kql
