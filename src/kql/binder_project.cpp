#include <algorithm>

#include "base/text.hpp"
#include "kql/operators.hpp"
#include "kql/values.hpp"

// Operators on columns: extend, project and its family; where.

namespace rollcall::kql {

NamedExpr named_of(const ast::Expr& expr) {
  NamedExpr result{{}, &expr};
  if (const auto* named = std::get_if<ast::Named>(&expr.node)) {
    for (const auto& name : named->names) result.names.push_back(name.text);
    result.expr = named->expr.get();
  }
  return result;
}

namespace {

// The columns an expression makes: one, or as many as it has parts.
struct Bound {
  std::string name;
  bool given;
  Scalar scalar;
};

std::vector<Bound> bind_columns(Binder& binder, const ast::ExprList& exprs, Scope& scope) {
  std::vector<Bound> bound;
  for (const auto& expr : exprs) {
    const NamedExpr named = named_of(*expr);
    Scalar scalar = binder.bind(*named.expr, scope);
    if (scalar.parts.empty()) {
      if (named.names.size() > 1) {
        // (a, b) = dynamic: its elements
        for (std::size_t i = 0; i < named.names.size(); ++i) {
          Scalar part{native("_element", {convert(scalar, Type::dynamic).sql,
                                          big(static_cast<std::int64_t>(i))}),
                      Type::dynamic,
                      true,
                      "",
                      {}};
          bound.push_back({named.names[i], true, std::move(part)});
        }
        continue;
      }
      const bool given = !named.names.empty();
      bound.push_back({given ? named.names[0] : scalar.name, given, std::move(scalar)});
      continue;
    }
    for (std::size_t i = 0; i < scalar.parts.size(); ++i) {
      if (named.names.size() > 1 && i >= named.names.size()) break;
      const bool given = i < named.names.size();
      bound.push_back({given ? named.names[i] : scalar.parts[i].name, given, scalar.parts[i]});
    }
  }
  return bound;
}

}  // namespace

Relation extend_rows(Binder& binder, Relation rows, const ast::ExprList& exprs,
                     const EnvironmentPtr& environment) {
  Scope scope{environment};
  scope.rows = &rows;
  auto bound = bind_columns(binder, exprs, scope);
  auto columns = binder.keep_all(rows);
  NameMaker names;
  for (const auto& column : rows.columns) names.reserve(column.name);
  std::vector<std::string> set_here;
  for (auto& column : bound) {
    const bool again = std::ranges::find(set_here, column.name) != set_here.end();
    const auto existing = std::ranges::find_if(
        columns, [&](const auto& c) { return !column.name.empty() && c.name == column.name; });
    if (existing != columns.end() && !again) {
      *existing = binder.made(column.name, column.scalar);
      set_here.push_back(column.name);
    } else {
      const std::string name = names.unique(column.name);
      set_here.push_back(name);
      columns.push_back(binder.made(name, column.scalar));
    }
  }
  return binder.nest(std::move(rows), std::move(columns));
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Extend& extend,
                       const EnvironmentPtr& environment) {
  return extend_rows(binder, std::move(rows), extend.columns, environment);
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Serialize& serialize,
                       const EnvironmentPtr& environment) {
  rows.serialized = true;
  if (serialize.columns.empty()) return rows;
  return extend_rows(binder, std::move(rows), serialize.columns, environment);
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Project& project,
                       const EnvironmentPtr& environment) {
  Scope scope{environment};
  scope.rows = &rows;
  NameMaker names;
  std::vector<MadeColumn> columns;
  auto bound = bind_columns(binder, project.columns, scope);
  for (auto& column : bound)
    columns.push_back(binder.made(names.unique(column.name), column.scalar));
  return binder.nest(std::move(rows), std::move(columns));
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Where& where,
                       const EnvironmentPtr& environment) {
  Scope scope{environment};
  scope.rows = &rows;
  const Scalar condition = binder.bind_condition(*where.predicate, scope);
  if (condition.type != Type::unknown) rows.where = sql::and_also(rows.where, condition.sql);
  return rows;
}

// --- by name
// ----------------------------------------------------------------------------------------

namespace {

bool selects(const ast::Expr& expr, const std::string& name) {
  if (const auto* wildcard = std::get_if<ast::Wildcard>(&expr.node))
    return matches_wildcard(wildcard->pattern, name);
  if (const auto* ref = std::get_if<ast::NameRef>(&expr.node)) return ref->name == name;
  if (const auto* ordered = std::get_if<ast::Ordered>(&expr.node))
    return selects(*ordered->expr, name);
  return false;
}

// A plain name must be a column; a wildcard may match none.
void check_names(Binder& binder, const Relation& rows, const ast::ExprList& exprs) {
  for (const auto& expr : exprs) {
    const ast::Expr* inner = expr.get();
    if (const auto* ordered = std::get_if<ast::Ordered>(&inner->node)) inner = ordered->expr.get();
    const auto* ref = std::get_if<ast::NameRef>(&inner->node);
    if (ref == nullptr || rows.open || rows.find(ref->name) != nullptr) continue;
    std::vector<std::string> names;
    for (const auto& column : rows.columns) names.push_back(column.name);
    binder.complain("KQL0103", inner->span, fmt::format("unknown column '{}'", ref->name),
                    nearest_name(ref->name, names));
  }
}

bool any_selects(const ast::ExprList& exprs, const std::string& name) {
  return std::ranges::any_of(exprs, [&](const auto& expr) { return selects(*expr, name); });
}

}  // namespace

Relation bind_operator(Binder& binder, Relation rows, const ast::ProjectAway& away,
                       const EnvironmentPtr&) {
  check_names(binder, rows, away.columns);
  std::erase_if(rows.columns,
                [&](const auto& column) { return any_selects(away.columns, column.name); });
  return binder.nest(std::move(rows));
}

Relation bind_operator(Binder& binder, Relation rows, const ast::ProjectKeep& keep,
                       const EnvironmentPtr&) {
  check_names(binder, rows, keep.columns);
  std::erase_if(rows.columns,
                [&](const auto& column) { return !any_selects(keep.columns, column.name); });
  return binder.nest(std::move(rows));
}

Relation bind_operator(Binder& binder, Relation rows, const ast::ProjectByNames& by_names,
                       const EnvironmentPtr& environment) {
  std::vector<RelationColumn> columns;
  const auto take = [&](const std::string& pattern) {
    for (const auto& column : rows.columns) {
      if (matches_wildcard(pattern, column.name)) columns.push_back(column);
    }
  };
  for (const auto& expr : by_names.columns) {
    if (const auto* wildcard = std::get_if<ast::Wildcard>(&expr->node)) {
      take(wildcard->pattern);
    } else if (const auto* ref = std::get_if<ast::NameRef>(&expr->node);
               ref != nullptr && environment->find(ref->name) == nullptr) {
      take(ref->name);
    } else {
      Scope scope{environment};
      const auto text = text_value_of(binder.bind(*expr, scope)).value_or("");
      const auto array = read_json(text);
      if (array && array->is_array()) {
        for (const auto& name : array->get_array()) {
          if (name.is_string()) take(std::string(name.get_string()));
        }
      } else {
        take(text);
      }
    }
  }
  rows.columns = std::move(columns);
  return binder.nest(std::move(rows));
}

Relation bind_operator(Binder& binder, Relation rows, const ast::ProjectRename& rename,
                       const EnvironmentPtr&) {
  for (const auto& expr : rename.columns) {
    const NamedExpr named = named_of(*expr);
    const auto* ref = std::get_if<ast::NameRef>(&named.expr->node);
    if (ref == nullptr || named.names.empty()) {
      binder.complain("KQL0106", expr->span, "project-rename takes pairs of names: new = old");
      continue;
    }
    const auto column = std::ranges::find(rows.columns, ref->name, &RelationColumn::name);
    if (column == rows.columns.end()) {
      std::vector<std::string> names;
      for (const auto& c : rows.columns) names.push_back(c.name);
      if (!rows.open)
        binder.complain("KQL0103", named.expr->span, fmt::format("unknown column '{}'", ref->name),
                        nearest_name(ref->name, names));
      continue;
    }
    const auto clash = std::ranges::find(rows.columns, named.names[0], &RelationColumn::name);
    if (clash != rows.columns.end() && clash != column) {
      rows.columns.erase(clash);
    }
    std::ranges::find(rows.columns, ref->name, &RelationColumn::name)->name = named.names[0];
  }
  return rows;
}

Relation bind_operator(Binder& binder, Relation rows, const ast::ProjectReorder& reorder,
                       const EnvironmentPtr&) {
  check_names(binder, rows, reorder.columns);
  std::vector<RelationColumn> ordered;
  std::vector<RelationColumn> rest = rows.columns;
  // The columns of a wildcard stand where it stands, unless another entry names them.
  const auto named_elsewhere = [&](const std::string& name, const ast::Expr* here) {
    return std::ranges::any_of(reorder.columns, [&](const auto& expr) {
      return expr.get() != here && std::holds_alternative<ast::NameRef>(expr->node) &&
             selects(*expr, name);
    });
  };
  for (const auto& expr : reorder.columns) {
    std::vector<RelationColumn> chosen;
    const auto* order = std::get_if<ast::Ordered>(&expr->node);
    const ast::Expr& inner = order != nullptr ? *order->expr : *expr;
    const bool wildcard = std::holds_alternative<ast::Wildcard>(inner.node);
    for (const auto& column : rest) {
      if (selects(inner, column.name) && !(wildcard && named_elsewhere(column.name, expr.get())))
        chosen.push_back(column);
    }
    std::erase_if(rest, [&](const auto& column) {
      return std::ranges::any_of(chosen, [&](const auto& c) { return c.id == column.id; });
    });
    if (order != nullptr) {
      const bool natural = order->direction.starts_with("granny");
      const auto key = [&](const std::string& name) {
        if (!natural) return name;
        std::string padded, digits;  // numbers in names count as numbers
        for (const char c : name + " ") {
          if (c >= '0' && c <= '9') {
            digits += c;
          } else {
            if (!digits.empty())
              padded += std::string(20 - std::min<std::size_t>(20, digits.size()), '0') + digits;
            digits.clear();
            padded += c;
          }
        }
        return padded;
      };
      std::ranges::stable_sort(chosen, {}, [&](const auto& c) { return key(c.name); });
      if (order->direction.ends_with("desc")) std::ranges::reverse(chosen);
    }
    std::ranges::move(chosen, std::back_inserter(ordered));
  }
  std::ranges::move(rest, std::back_inserter(ordered));
  rows.columns = std::move(ordered);
  return rows;
}

}  // namespace rollcall::kql
