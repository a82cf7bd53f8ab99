// The aggregates of summarize, make-series and pivot. Each gives one column or several (arg_max,
// percentiles).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "kql/binder.hpp"

namespace rollcall::kql {

bool is_aggregate(std::string_view name);
std::vector<std::string> aggregate_names();
// The columns it makes, with the names they get when none is given; empty after a complaint.
// `scope.aggregating` is off while its arguments are bound.
std::vector<Scalar> bind_aggregate(Binder& binder, const ast::Call& call, Span span, Scope& scope);

}  // namespace rollcall::kql
