#include <openssl/evp.h>

#include <bit>
#include <cstring>

#include "kql/native_table.hpp"

// Hashes: xxHash64 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md) and OpenSSL's
// digests.

namespace rollcall::kql {
namespace {

constexpr std::uint64_t prime1 = 11400714785074694791ULL, prime2 = 14029467366897019727ULL,
                        prime3 = 1609587929392839161ULL, prime4 = 9650029242287828579ULL,
                        prime5 = 2870177450012600261ULL;

template <class T>
std::uint64_t read(std::string_view s, std::size_t at) {
  T value{};
  std::memcpy(&value, s.data() + at, sizeof value);
  return value;
}
std::uint64_t round_of(std::uint64_t lane, std::uint64_t input) {
  return std::rotl(lane + input * prime2, 31) * prime1;
}
std::uint64_t merged(std::uint64_t hash, std::uint64_t lane) {
  return (hash ^ round_of(0, lane)) * prime1 + prime4;
}

std::uint64_t xxhash64(std::string_view s) {
  std::size_t at = 0;
  std::uint64_t hash = prime5;
  if (s.size() >= 32) {
    std::uint64_t a = prime1 + prime2, b = prime2, c = 0, d = 0 - prime1;
    for (; at + 32 <= s.size(); at += 32) {
      a = round_of(a, read<std::uint64_t>(s, at));
      b = round_of(b, read<std::uint64_t>(s, at + 8));
      c = round_of(c, read<std::uint64_t>(s, at + 16));
      d = round_of(d, read<std::uint64_t>(s, at + 24));
    }
    hash = std::rotl(a, 1) + std::rotl(b, 7) + std::rotl(c, 12) + std::rotl(d, 18);
    for (const auto lane : {a, b, c, d}) hash = merged(hash, lane);
  }
  hash += s.size();
  for (; at + 8 <= s.size(); at += 8)
    hash = std::rotl(hash ^ round_of(0, read<std::uint64_t>(s, at)), 27) * prime1 + prime4;
  if (at + 4 <= s.size()) {
    hash = std::rotl(hash ^ (read<std::uint32_t>(s, at) * prime1), 23) * prime2 + prime3;
    at += 4;
  }
  for (; at < s.size(); ++at)
    hash = std::rotl(hash ^ (static_cast<unsigned char>(s[at]) * prime5), 11) * prime1;
  hash = (hash ^ (hash >> 33)) * prime2;
  hash = (hash ^ (hash >> 29)) * prime3;
  return hash ^ (hash >> 32);
}

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
