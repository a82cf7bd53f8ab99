#include <algorithm>

#include "base/text.hpp"
#include "kql/aggregates.hpp"
#include "kql/functions.hpp"
#include "kql/native_table.hpp"

// Scalar expressions: names, paths, literals, logic, calls.

namespace rollcall::kql {
namespace {

std::vector<std::string> names_in_sight(const Scope& scope) {
  std::vector<std::string> names;
  if (scope.rows != nullptr) {
    for (const auto& column : scope.rows->columns) names.push_back(column.name);
  }
  for (auto env = scope.environment; env; env = env->parent) {
    for (const auto& [name, symbol] : env->symbols) names.push_back(name);
  }
  return names;
}

// The typed values that the parser left marked inside a dynamic literal.
std::string resolve_json(Binder& binder, std::string_view json, Span span) {
  std::string out;
  std::size_t i = 0;
  while (i < json.size()) {
    if (json[i] != '\x01') {
      out.push_back(json[i++]);
      continue;
    }
    const std::size_t middle = json.find('\x02', i), end = json.find('\x03', i);
    const auto type = type_named(json.substr(i + 1, middle - i - 1)).value_or(Type::string);
    const std::string text(json.substr(middle + 1, end - middle - 1));
    i = end + 1;
    if (text == "null") {
      out += "null";
      continue;
    }
    const Scalar value = convert(text_constant(text), type);
    if (auto folded = value_of(value); folded && std::holds_alternative<std::monostate>(*folded)) {
      binder.complain("KQL0104", span, fmt::format("'{}' is no {}", text, name_of(type)));
    }
    out += text_value_of({to_json(value), Type::dynamic, false, "", {}}).value_or("null");
  }
  return out;
}

Scalar bind_literal(Binder& binder, const ast::Literal& literal, Span span) {
  if (literal.type == Type::string) return text_constant(literal.text);
  if (literal.text == "null" || literal.text.empty()) return null_of(literal.type);
  std::string_view text = literal.text;  // datetime("2015-12-14") is as good as without the quotes
  if (text.size() > 1 && (text.front() == '"' || text.front() == '\'') &&
      text.back() == text.front())
    text = text.substr(1, text.size() - 2);
  Scalar value = convert(text_constant(std::string(text)), literal.type);
  value.name.clear();
  value.nullable = false;
  if (auto folded = value_of(value); folded && std::holds_alternative<std::monostate>(*folded)) {
    return binder.mistake("KQL0104", span,
                          fmt::format("'{}' is no {}", literal.text, name_of(literal.type)));
  }
  return value;
}

}  // namespace

std::string path_name(const ast::Expr& expr) {
  if (const auto* name = std::get_if<ast::NameRef>(&expr.node)) return name->name;
  if (const auto* member = std::get_if<ast::Member>(&expr.node)) {
    const std::string base = path_name(*member->operand);
    return base.empty() ? member->name.text : base + "_" + member->name.text;
  }
  if (const auto* element = std::get_if<ast::Element>(&expr.node)) {
    const auto* literal = std::get_if<ast::Literal>(&element->index->node);
    const std::string base = path_name(*element->operand);
    if (literal == nullptr || base.empty()) return "";
    return base + "_" + literal->text;
  }
  if (const auto* call = std::get_if<ast::Call>(&expr.node)) {
    const bool named = !call->arguments.empty() && is_named_by_first_argument(call->function.text);
    return named ? path_name(*call->arguments[0]) : "";
  }
  if (const auto* named = std::get_if<ast::Named>(&expr.node)) return named->names[0].text;
  return "";
}

Scalar Binder::bind_name(const std::string& name, Span span, Scope& scope) {
  if (scope.extra != nullptr) {
    for (const auto& scalar : *scope.extra) {
      if (scalar.name == name) return scalar;
    }
  }
  if (scope.rows != nullptr && !scope.columns_hidden) {
    if (const auto* column = scope.rows->find(name)) {
      if (scope.aggregating) {
        return mistake("KQL0107", span,
                       fmt::format("'{}' is neither in an aggregate nor in the 'by' clause", name));
      }
      return column->scalar();
    }
  }
  if (const Symbol* symbol = scope.environment->find(name)) {
    if (const auto* scalar = std::get_if<Scalar>(symbol)) {
      Scalar copy = *scalar;
      copy.name = name;
      return copy;
    }
    if (const auto* relation = std::get_if<Relation>(symbol)) {
      if (relation->open) return unknown_scalar();
      return mistake("KQL0106", span,
                     fmt::format("'{}' is a table; toscalar() takes a value of it", name));
    }
    if (const auto* function = std::get_if<FunctionSymbol>(symbol)) {
      const ast::Call call{{name, span}, {}};
      return call_scalar_function(*function, call, span, scope);
    }
  }
  if (scope.rows != nullptr && scope.rows->open) return unknown_scalar();
  if ((scope.rows == nullptr || scope.columns_hidden) && scope.left == nullptr) {
    return mistake("KQL0103", span, fmt::format("unknown name '{}'", name),
                   nearest_name(name, names_in_sight(scope)));
  }
  return mistake("KQL0103", span, fmt::format("unknown column '{}'", name),
                 nearest_name(name, names_in_sight(scope)));
}

namespace {

Scalar bind_member(Binder& binder, const ast::Member& member, const ast::Expr& expr, Scope& scope) {
  if (const auto* side = std::get_if<ast::NameRef>(&member.operand->node)) {
    const Relation* rows = side->name == "$left"    ? scope.left
                           : side->name == "$right" ? scope.right
                                                    : nullptr;
    if (rows != nullptr) {
      if (const auto* column = rows->find(member.name.text)) return column->scalar();
      if (rows->open) return unknown_scalar();
      std::vector<std::string> names;
      for (const auto& column : rows->columns) names.push_back(column.name);
      return binder.mistake("KQL0103", member.name.span,
                            fmt::format("unknown column '{}'", member.name.text),
                            nearest_name(member.name.text, names));
    }
    if (scope.extra != nullptr) {  // scan: step.column
      for (const auto& scalar : *scope.extra) {
        if (scalar.name == side->name + "." + member.name.text) return scalar;
      }
    }
  }
  const Scalar operand = binder.bind(*member.operand, scope);
  if (operand.type == Type::unknown) return operand;
  if (operand.type != Type::dynamic) {
    return binder.mistake("KQL0106", member.name.span,
                          fmt::format("a {} has no member '{}'; only a dynamic has",
                                      name_of(operand.type), member.name.text));
  }
  return {native("_member", {operand.sql, text_constant(member.name.text).sql}),
          Type::dynamic,
          true,
          path_name(expr),
          {}};
}

Scalar bind_element(Binder& binder, const ast::Element& element, const ast::Expr& expr,
                    Scope& scope) {
  Scalar operand = binder.bind(*element.operand, scope);
  if (operand.all) operand.sql = operand.all;  // an element of several results
  const Scalar index = binder.bind(*element.index, scope);
  if (operand.type == Type::unknown || index.type == Type::unknown) return unknown_scalar();
  if (operand.type != Type::dynamic) {
    return binder.mistake("KQL0106", expr.span,
                          fmt::format("a {} has no elements", name_of(operand.type)));
  }
  if (index.type == Type::string) {
    return {native("_member", {operand.sql, index.sql}), Type::dynamic, true, path_name(expr), {}};
  }
  if (index.type == Type::dynamic) {
    return {native("_at", {operand.sql, index.sql}), Type::dynamic, true, path_name(expr), {}};
  }
  const Scalar whole = binder.coerce(index, Type::long_integer, element.index->span);
  return {native("_element", {operand.sql, whole.sql}), Type::dynamic, true, path_name(expr), {}};
}

Scalar bind_logical(Binder& binder, const ast::Logical& logical, bool filtering, Scope& scope) {
  std::vector<sql::ExprPtr> operands;
  bool nullable = false, unknown = false;
  for (const auto& expr : logical.operands) {
    scope.filtering = filtering;
    Scalar operand = binder.coerce(binder.bind(*expr, scope), Type::boolean, expr->span);
    nullable = nullable || operand.nullable;
    unknown = unknown || operand.type == Type::unknown;
    operands.push_back(std::move(operand.sql));
  }
  if (unknown) return unknown_scalar();
  const auto op = logical.is_and ? sql::BinaryOperator::and_ : sql::BinaryOperator::or_;
  return {balanced(op, std::move(operands)), Type::boolean, nullable, "", {}};
}

Scalar bind_between(Binder& binder, const ast::Between& between, Span span, Scope& scope) {
  const bool filtering = scope.filtering && !between.negated;
  const Scalar value = binder.bind(*between.operand, scope);
  const Scalar low = binder.bind(*between.low, scope);
  Scalar high = binder.bind(*between.high, scope);
  if (low.type == Type::datetime && high.type == Type::timespan)
    high = binder.arithmetic("+", low, high, span);
  const Scalar above = binder.compare(">=", value, low, span, filtering);
  const Scalar below = binder.compare("<=", value, high, span, filtering);
  if (above.type == Type::unknown || below.type == Type::unknown) return unknown_scalar();
  auto both = sql::binary(sql::BinaryOperator::and_, above.sql, below.sql);
  return {between.negated ? negated(std::move(both)) : std::move(both),
          Type::boolean,
          above.nullable || below.nullable,
          "",
          {}};
}

// The first column of the first row; null when there is none.
Scalar bind_to_scalar(Binder& binder, const ast::ToScalar& node, const ast::Expr& expr,
                      Scope& scope) {
  if (!binder.is_tabular(*node.query, scope.environment)) {
    Scope bare{scope.environment};
    return binder.bind(*node.query, bare);
  }
  const Relation rows = binder.bind_table(*node.query, scope.environment);
  if (rows.open) return unknown_scalar();
  if (rows.columns.empty())
    return binder.mistake("KQL0106", expr.span, "toscalar() of a table without columns");
  Relation first = rows;
  first.columns.resize(1);
  sql::Query query = *binder.query_of(first, true);
  query.limit = sql::literal(std::int64_t{1});
  Scalar value{sql::make(sql::ScalarQuery{std::make_shared<const sql::Query>(std::move(query))}),
               rows.columns[0].type,
               true,
               "",
               {}};
  if (value.type == Type::string) {
    value.sql = coalesce(value.sql, text_constant("").sql);
    value.nullable = false;
  }
  return value;
}

}  // namespace

Scalar Binder::bind(const ast::Expr& expr, Scope& scope) {
  if (!enter(expr.span)) return unknown_scalar();
  struct Leave {
    int& depth;
    ~Leave() { --depth; }
  } leave{depth_};
  const bool filtering = std::exchange(scope.filtering, false);
  // Only `and`, `or` and comparisons pass the leniency on; all else needs true values.
  const auto visit = [&](const auto& node) -> Scalar {
    using T = std::decay_t<decltype(node)>;
    if constexpr (std::is_same_v<T, ast::Literal>) {
      return bind_literal(*this, node, expr.span);
    } else if constexpr (std::is_same_v<T, ast::DynamicLiteral>) {
      const auto value = read_json(resolve_json(*this, node.json, expr.span));
      if (!value) return mistake("KQL0104", expr.span, "the dynamic literal is no JSON");
      if (value->is_null()) return null_of(Type::dynamic);
      return constant_of(Type::dynamic, json_text(*value));
    } else if constexpr (std::is_same_v<T, ast::NameRef>) {
      return bind_name(node.name, expr.span, scope);
    } else if constexpr (std::is_same_v<T, ast::Member>) {
      return bind_member(*this, node, expr, scope);
    } else if constexpr (std::is_same_v<T, ast::Element>) {
      return bind_element(*this, node, expr, scope);
    } else if constexpr (std::is_same_v<T, ast::Call>) {
      return bind_call(node, expr.span, scope);
    } else if constexpr (std::is_same_v<T, ast::Negate>) {
      return arithmetic("-", long_constant(0), bind(*node.operand, scope), expr.span);
    } else if constexpr (std::is_same_v<T, ast::Binary>) {
      scope.filtering = filtering;
      return bind_string_operator(node, expr.span, scope);
    } else if constexpr (std::is_same_v<T, ast::Logical>) {
      return bind_logical(*this, node, filtering, scope);
    } else if constexpr (std::is_same_v<T, ast::InList>) {
      scope.filtering = filtering;
      return bind_in(node, expr.span, scope);
    } else if constexpr (std::is_same_v<T, ast::Between>) {
      scope.filtering = filtering;
      return bind_between(*this, node, expr.span, scope);
    } else if constexpr (std::is_same_v<T, ast::ToScalar>) {
      return bind_to_scalar(*this, node, expr, scope);
    } else if constexpr (std::is_same_v<T, ast::Named>) {
      return bind(*node.expr, scope);
    } else if constexpr (std::is_same_v<T, ast::Ordered>) {
      return bind(*node.expr, scope);
    } else if constexpr (std::is_same_v<T, ast::TypeOf>) {
      return text_constant(node.name);
    } else if constexpr (std::is_same_v<T, ast::Star>) {
      return mistake("KQL0106", expr.span, "'*' has no meaning here");
    } else if constexpr (std::is_same_v<T, ast::MemberCall>) {
      return mistake("KQL0109", expr.span, "a call behind '.' has no meaning here");
    } else {
      if (is_tabular(expr, scope.environment)) {
        return mistake("KQL0106", expr.span,
                       "a table stands where a value is wanted; toscalar() takes one of it");
      }
      return mistake("KQL0106", expr.span, "a value is wanted here");
    }
  };
  Scalar result = std::visit(visit, expr.node);
  scope.filtering = filtering;
  return result;
}

Scalar Binder::bind_condition(const ast::Expr& expr, Scope& scope) {
  scope.filtering = true;
  Scalar condition = bind(expr, scope);
  scope.filtering = false;
  if (condition.type == Type::unknown) return condition;
  if (condition.type == Type::dynamic) return convert(std::move(condition), Type::boolean);
  if (condition.type != Type::boolean && !is_integral(condition.type)) {
    return mistake("KQL0106", expr.span,
                   fmt::format("a condition is a bool, not a {}", name_of(condition.type)));
  }
  return convert(std::move(condition), Type::boolean);
}

std::optional<sql::Value> Binder::bind_constant(const ast::Expr& expr,
                                                const EnvironmentPtr& environment, Type type,
                                                std::string_view what) {
  Scope scope{environment};
  Scalar scalar = bind(expr, scope);
  if (scalar.type == Type::unknown) return std::nullopt;
  auto value = value_of(convert(std::move(scalar), type));
  if (!value || std::holds_alternative<std::monostate>(*value)) {
    complain("KQL0105", expr.span, fmt::format("{} must be known before the query runs", what));
    return std::nullopt;
  }
  return value;
}

Scalar Binder::coerce(Scalar scalar, Type type, Span span) {
  if (converts_implicitly(scalar.type, type)) return convert(std::move(scalar), type);
  if (type == Type::boolean && is_integral(scalar.type)) return convert(std::move(scalar), type);
  return mistake("KQL0106", span,
                 fmt::format("a {} is wanted here, not a {}", name_of(type), name_of(scalar.type)));
}

}  // namespace rollcall::kql
