// One bind function for each tabular operator: the rows before it and its syntax give the rows
// behind it. `rows.from` is null when the operator starts the query.
#pragma once
#include "kql/binder.hpp"

namespace rollcall::kql {

Relation bind_operator(Binder&, Relation rows, const ast::As&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::AssertSchema&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Consume&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Count&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Distinct&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Evaluate&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Extend&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Facet&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Find&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Fork&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::GetSchema&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Invoke&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Join&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::MakeSeries&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::MvExpand&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::MvApply&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Parse&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::ParseKv&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Partition&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Print&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Project&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::ProjectAway&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::ProjectByNames&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::ProjectKeep&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::ProjectRename&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::ProjectReorder&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Range&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Reduce&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Render&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Sample&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::SampleDistinct&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Scan&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Search&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Serialize&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Sort&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Summarize&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Take&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Top&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::TopHitters&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::TopNested&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Union&, const EnvironmentPtr&);
Relation bind_operator(Binder&, Relation rows, const ast::Where&, const EnvironmentPtr&);

// --- what several of them share
Relation bind_data_table(Binder&, const ast::DataTable& table, const EnvironmentPtr&);
Relation bind_external_data(Binder&, const ast::ExternalData& data, Span, const EnvironmentPtr&);
// UNION ALL by column name, as `union` does it.
struct UnionInput {
  Relation rows;
  std::string source;
};
Relation unite(Binder&, std::vector<UnionInput> inputs, bool outer,
               const std::string& source_column);
// At most so many rows of each partition, in the rows' order.
Relation take_rows(Binder&, Relation rows, sql::ExprPtr count);
// `name = expr` → its names and the expression.
struct NamedExpr {
  std::vector<std::string> names;
  const ast::Expr* expr;
};
NamedExpr named_of(const ast::Expr& expr);
// Adds the columns (or replaces those of the same name).
Relation extend_rows(Binder&, Relation rows, const ast::ExprList& columns, const EnvironmentPtr&);
// Groups and aggregates that are bound already.
Relation aggregate_rows(Binder&, Relation rows, std::vector<MadeColumn> keys,
                        std::vector<MadeColumn> aggregates);
sql::OrderTerm order_term(sql::ExprPtr expr, bool descending, std::string_view nulls);

}  // namespace rollcall::kql
