#include "kql/operators.hpp"

// To come.

namespace rollcall::kql {

Relation bind_operator(Binder& binder, Relation, const ast::Evaluate&, const EnvironmentPtr&) {
  binder.complain("KQL0109", {}, "the operator 'evaluate' is not supported");
  return binder.broken();
}
Relation bind_operator(Binder& binder, Relation, const ast::Facet&, const EnvironmentPtr&) {
  binder.complain("KQL0109", {}, "the operator 'facet' is not supported");
  return binder.broken();
}
Relation bind_operator(Binder& binder, Relation, const ast::Find&, const EnvironmentPtr&) {
  binder.complain("KQL0109", {}, "the operator 'find' is not supported");
  return binder.broken();
}
Relation bind_operator(Binder& binder, Relation, const ast::Fork&, const EnvironmentPtr&) {
  binder.complain("KQL0109", {}, "the operator 'fork' is not supported");
  return binder.broken();
}
Relation bind_operator(Binder& binder, Relation, const ast::MakeSeries&, const EnvironmentPtr&) {
  binder.complain("KQL0109", {}, "the operator 'make-series' is not supported");
  return binder.broken();
}
Relation bind_operator(Binder& binder, Relation, const ast::Partition&, const EnvironmentPtr&) {
  binder.complain("KQL0109", {}, "the operator 'partition' is not supported");
  return binder.broken();
}
Relation bind_operator(Binder& binder, Relation, const ast::Reduce&, const EnvironmentPtr&) {
  binder.complain("KQL0109", {}, "the operator 'reduce' is not supported");
  return binder.broken();
}
Relation bind_operator(Binder& binder, Relation, const ast::Scan&, const EnvironmentPtr&) {
  binder.complain("KQL0109", {}, "the operator 'scan' is not supported");
  return binder.broken();
}
Relation bind_operator(Binder& binder, Relation, const ast::Search&, const EnvironmentPtr&) {
  binder.complain("KQL0109", {}, "the operator 'search' is not supported");
  return binder.broken();
}
Relation bind_operator(Binder& binder, Relation, const ast::TopNested&, const EnvironmentPtr&) {
  binder.complain("KQL0109", {}, "the operator 'top-nested' is not supported");
  return binder.broken();
}

}  // namespace rollcall::kql
