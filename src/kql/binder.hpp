// From syntax to relations and SQL: names against the catalog and the lets, operators one by one,
// each in the binder_*.cpp that carries its name. A mistake is reported once and binding goes on
// with an unknown type, so that one pass finds several. Here is what all families share.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "kql/ast.hpp"
#include "kql/compile.hpp"
#include "kql/parser.hpp"
#include "kql/relation.hpp"

namespace rollcall::kql {

struct Environment;
using EnvironmentPtr = std::shared_ptr<Environment>;

struct FunctionSymbol {
  std::string name;
  const std::vector<ast::Parameter>* parameters;
  const std::vector<ast::Statement>* body;
  std::weak_ptr<Environment> environment;  // where it was declared; that one often owns this symbol
};
using Symbol = std::variant<Scalar, Relation, FunctionSymbol>;
struct Environment {
  EnvironmentPtr parent;
  std::map<std::string, Symbol, std::less<>> symbols;
  const Symbol* find(std::string_view name) const;
};

// Where an expression stands: the rows in sight and what may be used on them.
struct Scope {
  EnvironmentPtr environment;
  Relation* rows = nullptr;        // null: no columns here
  const Relation* left = nullptr;  // $left and $right of a join
  const Relation* right = nullptr;
  bool columns_hidden = false;  // inside a function: its body sees no columns of its caller
  bool filtering = false;       // only true counts, null is as good as false
  bool aggregating = false;     // aggregates are allowed, bare columns are not
  sql::ExprPtr aggregate_filter = nullptr;     // of make-series and …if
  std::vector<std::string> group_names = {};   // of summarize's `by`
  const std::vector<Scalar>* extra = nullptr;  // further names in sight (scan's state), found first
};

class Binder {
 public:
  Binder(const Catalog& catalog, const Options& options);
  std::expected<Compiled, Diagnostics> compile(std::string_view text);

  // --- complaints
  void complain(std::string code, Span span, std::string message, std::string suggestion = {});
  Scalar mistake(std::string code, Span span, std::string message, std::string suggestion = {});
  std::size_t complaints() const { return diagnostics_.size(); }

  // --- expressions (binder_expression.cpp and others)
  Scalar bind(const ast::Expr& expr, Scope& scope);
  Scalar bind_name(const std::string& name, Span span, Scope& scope);
  Scalar bind_condition(const ast::Expr& expr, Scope& scope);
  // A value known now, or a complaint saying what it is for.
  std::optional<sql::Value> bind_constant(const ast::Expr& expr, const EnvironmentPtr& environment,
                                          Type type, std::string_view what);
  Scalar bind_call(const ast::Call& call, Span span, Scope& scope);
  Scalar compare(std::string_view op, Scalar left, Scalar right, Span span, bool filtering);
  Scalar arithmetic(std::string_view op, Scalar left, Scalar right, Span span);
  Scalar bind_string_operator(const ast::Binary& binary, Span span, Scope& scope);
  Scalar bind_in(const ast::InList& in, Span span, Scope& scope);
  // The scalar of the type wanted, or a complaint.
  Scalar coerce(Scalar scalar, Type type, Span span);

  // --- relations (binder.cpp, relation.cpp)
  Relation bind_table(const ast::Expr& expr, const EnvironmentPtr& environment);
  bool is_tabular(const ast::Expr& expr, const EnvironmentPtr& environment) const;
  Relation apply(const ast::Operator& op, Relation rows, const EnvironmentPtr& environment);
  Relation apply_all(const std::vector<ast::Operator>& operators, Relation rows,
                     const EnvironmentPtr& environment);
  Relation scan(const Table& table);
  Relation call_table_function(const FunctionSymbol& function, const ast::Call& call, Span span,
                               Scope& scope, const Relation* piped);
  Scalar call_scalar_function(const FunctionSymbol& function, const ast::Call& call, Span span,
                              Scope& scope);
  const FunctionSymbol* find_function(std::string_view name, const EnvironmentPtr& environment);
  bool is_tabular_function(const FunctionSymbol& function) const;

  std::string fresh_id() { return "c" + std::to_string(++ids_); }
  std::string fresh_alias() { return "t" + std::to_string(++aliases_); }
  // The same rows under new ids, for a second use.
  Relation fresh(const Relation& rows);
  // A select of these columns over the rows; what order and partition need is carried along.
  Relation nest(Relation rows, std::vector<MadeColumn> columns, bool keep_hidden = false);
  // All columns as they are.
  Relation nest(Relation rows);
  // Puts an expression into a column of its own (hidden) and gives a reference to it.
  Scalar hoist(Relation& rows, Scalar scalar);
  std::vector<MadeColumn> keep_all(const Relation& rows) const;
  MadeColumn made(std::string name, const Scalar& scalar);
  // The query that gives the columns in their order; with `ordered` in the rows' order.
  sql::QueryPtr query_of(const Relation& rows, bool ordered);
  // `by_name` as in sql::Select: not for aggregates without keys, whose row stands whatever is read of it.
  sql::QueryPtr select_of(const Relation& rows, std::vector<sql::SelectItem> items,
                          bool by_name = false);
  Relation from_query(sql::QueryPtr query, std::vector<RelationColumn> columns);
  sql::ExprPtr window(const Relation& rows, std::string function,
                      std::vector<sql::ExprPtr> arguments,
                      std::optional<sql::Frame> frame = std::nullopt);
  // The rows computed once, however often they are used.
  Relation materialize(Relation rows);
  // A table that refers to itself, by that name, beside the query.
  void add_recursive(std::string name, sql::QueryPtr query) {
    common_tables_.push_back({std::move(name), std::move(query), false, true});
  }
  Relation broken();  // after a mistake

  const Catalog& catalog() const { return catalog_; }
  const Options& options() const { return options_; }
  Result<ProbeRows> probe(const sql::QueryPtr& query, std::size_t limit, Span span);

  // Results beside the main one (fork, facet).
  std::vector<std::pair<std::string, Relation>> side_results;

 private:
  void bind_statement(const ast::Statement& statement, const EnvironmentPtr& environment,
                      std::vector<Output>& outputs);
  void bind_let(const ast::Let& let, const EnvironmentPtr& environment);
  void bind_pattern(const ast::Pattern& pattern, const EnvironmentPtr& environment);
  void bind_parameters(const ast::QueryParameters& parameters, const EnvironmentPtr& environment);
  Output output_of(Relation rows);
  EnvironmentPtr bind_arguments(const FunctionSymbol& function, const ast::Call& call, Span span,
                                Scope& scope, const Relation* piped);
  Relation bind_reference(const ast::Expr& expr, const EnvironmentPtr& environment);
  bool enter(Span span);
  bool filters_left(const ast::Operator& first, const ast::Operator& second, const Relation& rows);

  const Catalog& catalog_;
  const Options& options_;
  Diagnostics diagnostics_;
  std::size_t ids_ = 0;
  std::size_t aliases_ = 0;
  int depth_ = 0;
  std::vector<sql::CommonTable> common_tables_;
  std::map<std::string, std::unique_ptr<std::pair<ParsedFunction, FunctionSymbol>>, std::less<>>
      stored_;
  std::string visualization_;
  bool is_trying_ = false;  // a predicate, in filters_left
  EnvironmentPtr stored_environment_ = std::make_shared<Environment>();
};

// A call's column name where the function gives none: `d.x.y` is d_x_y, `d['k']` is d_k.
std::string path_name(const ast::Expr& expr);
// The text of an option (`kind=inner`), or "".
std::string option_text(const ast::Options& options, std::string_view name);
const ast::Option* find_option(const ast::Options& options, std::string_view name);

}  // namespace rollcall::kql
