// Seeded randomness that is the same on every machine: the generators of <random> are, its distributions are not.
// hash() answers a question about (seed, subject) without any state, so that one fault never moves another.
#pragma once
#include <cstdint>

#include "base/time.hpp"

namespace rollcall::sim {

// SplitMix64's finalizer.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

template <class... Parts>
constexpr std::uint64_t hash(std::uint64_t seed, Parts... parts) {
  std::uint64_t state = mix(seed);
  ((state = mix(state ^ static_cast<std::uint64_t>(parts))), ...);
  return state;
}

// In [0, 1).
constexpr double unit(std::uint64_t bits) { return static_cast<double>(bits >> 11U) * 0x1.0p-53; }

class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_(mix(seed)) {}
  constexpr std::uint64_t bits() { return mix(state_ += 0x9e3779b97f4a7c15U); }
  constexpr double unit() { return sim::unit(bits()); }
  constexpr bool chance(double probability) { return unit() < probability; }
  // In [0, bound); bound must not be 0.
  constexpr std::uint64_t below(std::uint64_t bound) { return bits() % bound; }
  // In [low, high].
  constexpr std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  constexpr Timespan between(Timespan low, Timespan high) {
    return {between(low.ticks, high.ticks)};
  }

 private:
  std::uint64_t state_;
};

}  // namespace rollcall::sim
