#include "base/hash.hpp"

#include <bit>
#include <cstring>

namespace rollcall {
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

}  // namespace

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

}  // namespace rollcall
