#include "kql/native_table.hpp"

// To come.

namespace rollcall::kql {

std::span<const Native> anomaly_natives() { return {}; }

}  // namespace rollcall::kql
