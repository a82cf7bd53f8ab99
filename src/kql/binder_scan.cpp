#include "kql/operators.hpp"

// scan: a state machine over the rows' order.

namespace rollcall::kql {

Relation bind_operator(Binder& binder, Relation, const ast::Scan&, const EnvironmentPtr&) {
  binder.complain("KQL0109", {}, "the operator 'scan' is not supported");
  return binder.broken();
}

}  // namespace rollcall::kql
