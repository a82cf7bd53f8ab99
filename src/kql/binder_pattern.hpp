// Calls of declared patterns: `country("USA").["New York"]`.
#pragma once
#include "kql/binder.hpp"

namespace rollcall::kql {

// The call inside when the expression is one of a pattern; null otherwise.
const ast::Call* pattern_call(const ast::Expr& expr, const EnvironmentPtr& environment);
Relation bind_pattern_call(Binder& binder, const ast::Expr& expr,
                           const EnvironmentPtr& environment);

}  // namespace rollcall::kql
