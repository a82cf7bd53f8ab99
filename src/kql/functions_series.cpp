#include "kql/functions.hpp"

// Series functions with several results.

namespace rollcall::kql {

std::span<const Builtin> series_builtins() { return {}; }

}  // namespace rollcall::kql
