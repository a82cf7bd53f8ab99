// What the fuzzers of KQL share: a schema to bind against, and what to do with a finding.
#pragma once
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "kql/compile.hpp"

namespace rollcall::fuzz {

inline constexpr Timestamp now{639'000'000'000'000'000};

// A table with a column of every type, and a function.
inline const kql::Catalog& catalog() {
  static const kql::Catalog made = [] {
    using enum kql::Type;
    kql::Catalog result;
    for (const char* name : {"T", "SecurityEvent"}) {
      result.tables[name] = {name,
                             {{"TimeGenerated", datetime},
                              {"b", boolean},
                              {"i", integer},
                              {"n", long_integer},
                              {"r", real},
                              {"m", decimal},
                              {"s", string},
                              {"Computer", string},
                              {"d", dynamic},
                              {"t", timespan},
                              {"g", guid}},
                             true,
                             ""};
    }
    result.functions["F"] = {"F", "(x: long = 1)", "T | where n > x", "", ""};
    return result;
  }();
  return made;
}

[[noreturn]] inline void found(std::string_view what) {
  fmt::print(stderr, "{}\n", what);
  std::abort();
}

inline std::string_view text_of(const unsigned char* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace rollcall::fuzz
