// What a query vector's answer is held against, from inside and from outside.
#pragma once
#include <string>
#include <vector>

#include "base/json.hpp"
#include "warehouse/table.hpp"

namespace rollcall::conformance {

inline const Timestamp vectors_now = *parse_iso("2026-08-03T00:00:00Z");
// The first difference, or nothing.
std::string judge(const Result<std::vector<warehouse::Table>>& tables, const json::value& vector);

}  // namespace rollcall::conformance
