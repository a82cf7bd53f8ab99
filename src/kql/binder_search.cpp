#include <algorithm>

#include "base/text.hpp"
#include "kql/operators.hpp"

// search and find: rows of many tables that hold a term or satisfy a predicate.

namespace rollcall::kql {
namespace {

sql::ExprPtr any_of(std::vector<sql::ExprPtr> tests) {
  if (tests.empty()) return sql::literal(false);
  return balanced(sql::BinaryOperator::or_, std::move(tests));
}

// A bare term: any column has it. An asterisk at an end leaves that end open.
sql::ExprPtr has_term(const Relation& rows, std::string term, bool sensitive) {
  const bool open_start = term.starts_with('*'), open_end = term.size() > 1 && term.ends_with('*');
  if (open_start) term.erase(0, 1);
  if (open_end) term.pop_back();
  if (term.empty()) return sql::literal(true);
  std::vector<sql::ExprPtr> tests;
  for (const auto& column : rows.columns) {
    const auto text = to_text(column.scalar());
    const auto needle = text_constant(term).sql;
    const auto flag = sql::literal(sensitive);
    if (open_start && open_end)
      tests.push_back(sql::call("contains", {sensitive ? text : sql::call("lower", {text}),
                                             sensitive ? needle : native("_lower", {needle})}));
    else if (open_start)
      tests.push_back(native("_hassuffix", {text, needle, flag}));
    else if (open_end)
      tests.push_back(native("_hasprefix", {text, needle, flag}));
    else
      tests.push_back(native("_has", {text, needle, flag}));
  }
  return any_of(std::move(tests));
}

sql::ExprPtr predicate_of(Binder& binder, const ast::Expr& expr, Relation& rows,
                          const EnvironmentPtr& environment, bool sensitive) {
  if (const auto* literal = std::get_if<ast::Literal>(&expr.node))
    return has_term(rows, literal->text, sensitive);
  if (std::holds_alternative<ast::Star>(expr.node)) return sql::literal(true);
  if (const auto* logical = std::get_if<ast::Logical>(&expr.node)) {
    std::vector<sql::ExprPtr> operands;
    for (const auto& operand : logical->operands)
      operands.push_back(predicate_of(binder, *operand, rows, environment, sensitive));
    return balanced(logical->is_and ? sql::BinaryOperator::and_ : sql::BinaryOperator::or_,
                    std::move(operands));
  }
  if (const auto* call = std::get_if<ast::Call>(&expr.node);
      call != nullptr && call->function.text == "not" && call->arguments.size() == 1) {
    return negated(predicate_of(binder, *call->arguments[0], rows, environment, sensitive));
  }
  Scope scope{environment};
  scope.rows = &rows;
  return coalesce(binder.bind_condition(expr, scope).sql, sql::literal(false));
}

// The names a predicate speaks of.
void names_of(const ast::Expr& expr, std::vector<std::string>& names) {
  if (const auto* ref = std::get_if<ast::NameRef>(&expr.node)) names.push_back(ref->name);
  if (const auto* binary = std::get_if<ast::Binary>(&expr.node)) {
    names_of(*binary->left, names);
    names_of(*binary->right, names);
  }
  if (const auto* logical = std::get_if<ast::Logical>(&expr.node))
    for (const auto& operand : logical->operands) names_of(*operand, names);
  if (const auto* in = std::get_if<ast::InList>(&expr.node)) names_of(*in->left, names);
  if (const auto* between = std::get_if<ast::Between>(&expr.node))
    names_of(*between->operand, names);
  if (const auto* member = std::get_if<ast::Member>(&expr.node)) names_of(*member->operand, names);
  if (const auto* call = std::get_if<ast::Call>(&expr.node))
    for (const auto& argument : call->arguments) names_of(*argument, names);
}

std::vector<UnionInput> tables_of(Binder& binder, const ast::ExprList& listed,
                                  const EnvironmentPtr& environment) {
  std::vector<UnionInput> inputs;
  const auto add_matching = [&](std::string_view wanted) {
    for (const auto& [name, table] : binder.catalog().tables) {
      if (matches_wildcard(wanted, name)) inputs.push_back({binder.scan(table), name});
    }
  };
  for (const auto& expr : listed) {
    if (const auto* wildcard = std::get_if<ast::Wildcard>(&expr->node)) {
      for (auto env = environment; env; env = env->parent) {
        for (const auto& [name, symbol] : env->symbols) {
          const auto* rows = std::get_if<Relation>(&symbol);
          if (rows != nullptr && matches_wildcard(wildcard->pattern, name))
            inputs.push_back({binder.fresh(*rows), name});
        }
      }
      add_matching(wildcard->pattern);
      continue;
    }
    Relation rows = binder.bind_table(*expr, environment);
    std::string name = rows.name;
    if (const auto* ref = std::get_if<ast::NameRef>(&expr->node)) name = ref->name;
    inputs.push_back({std::move(rows), std::move(name)});
  }
  if (listed.empty()) add_matching("*");
  return inputs;
}

}  // namespace

Relation bind_operator(Binder& binder, Relation rows, const ast::Search& node,
                       const EnvironmentPtr& environment) {
  std::vector<UnionInput> inputs;
  if (rows.from)
    inputs.push_back({rows, rows.name});
  else
    inputs = tables_of(binder, node.tables, environment);
  if (inputs.empty()) {
    binder.complain("KQL0101", node.predicate->span, "there is no table to search in");
    return binder.broken();
  }
  const bool sensitive = option_text(node.options, "kind") == "case_sensitive";
  std::vector<std::string> names;
  names_of(*node.predicate, names);
  std::vector<UnionInput> kept;
  for (auto& input : inputs) {
    // A table without a column that the predicate names has no row that satisfies it.
    const bool fits = std::ranges::all_of(names, [&](const auto& name) {
      return input.rows.find(name) != nullptr || environment->find(name) != nullptr;
    });
    if (!fits && inputs.size() > 1) continue;
    input.rows.where =
        sql::and_also(input.rows.where,
                      predicate_of(binder, *node.predicate, input.rows, environment, sensitive));
    kept.push_back(std::move(input));
  }
  if (kept.empty()) {
    binder.complain("KQL0103", node.predicate->span, "no table has the columns that are searched");
    return binder.broken();
  }
  return unite(binder, std::move(kept), true, "$table");
}

Relation bind_operator(Binder& binder, Relation, const ast::Find& node,
                       const EnvironmentPtr& environment) {
  auto inputs = tables_of(binder, node.tables, environment);
  std::vector<std::string> names;
  names_of(*node.predicate, names);
  struct Wanted {
    std::string name;
    std::optional<Type> type;
  };
  std::vector<Wanted> wanted;
  bool pack = node.project.empty();
  for (const auto& expr : node.project) {
    if (std::holds_alternative<ast::Star>(expr->node)) pack = true;
    if (const auto* ref = std::get_if<ast::NameRef>(&expr->node))
      wanted.push_back({ref->name, std::nullopt});
    if (const auto* typed = std::get_if<ast::Call>(&expr->node)) {
      wanted.push_back({std::get<ast::NameRef>(typed->arguments[0]->node).name,
                        type_named(std::get<ast::Literal>(typed->arguments[1]->node).text)});
    }
  }
  if (node.project.empty()) {
    // the columns the predicate names; without such, those that all tables share
    for (const auto& name : names) wanted.push_back({name, std::nullopt});
    if (wanted.empty() && !inputs.empty()) {
      for (const auto& column : inputs[0].rows.columns) {
        const bool shared = std::ranges::all_of(
            inputs, [&](const auto& input) { return input.rows.find(column.name) != nullptr; });
        if (shared) wanted.push_back({column.name, std::nullopt});
      }
    }
  }
  std::vector<UnionInput> kept;
  for (auto& input : inputs) {
    const bool fits = std::ranges::all_of(names, [&](const auto& name) {
      return input.rows.find(name) != nullptr || environment->find(name) != nullptr;
    });
    if (!fits) continue;
    input.rows.where = sql::and_also(
        input.rows.where, predicate_of(binder, *node.predicate, input.rows, environment, false));
    std::vector<MadeColumn> columns;
    std::vector<sql::ExprPtr> packed;
    for (const auto& want : wanted) {
      const auto* column = input.rows.find(want.name);
      if (column == nullptr) continue;
      Scalar value = column->scalar();
      if (want.type) value = convert(std::move(value), *want.type);
      columns.push_back(binder.made(want.name, value));
    }
    for (const auto& column : input.rows.columns) {
      if (std::ranges::find(wanted, column.name, &Wanted::name) != wanted.end()) continue;
      packed.push_back(to_json(text_constant(column.name)));
      packed.push_back(to_json(column.scalar()));
    }
    if (pack)
      columns.push_back(binder.made(
          "pack_", {native("bag_pack", std::move(packed)), Type::dynamic, false, "", {}}));
    input.rows = binder.nest(std::move(input.rows), std::move(columns));
    kept.push_back(std::move(input));
  }
  if (kept.empty()) {
    binder.complain("KQL0103", node.predicate->span,
                    "no table has the columns that are looked for");
    return binder.broken();
  }
  std::string source = option_text(node.options, "withsource");
  return unite(binder, std::move(kept), true, source.empty() ? "source_" : source);
}

}  // namespace rollcall::kql
