#include "kql/binder.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "kql/functions.hpp"
#include "kql/operators.hpp"

// Statements, lets, parameters; pipelines, and the results they make.

namespace rollcall::kql {
namespace {

constexpr int max_depth = 400;
constexpr std::size_t max_weight = 5'000;

EnvironmentPtr child_of(const EnvironmentPtr& parent) {
  auto environment = std::make_shared<Environment>();
  environment->parent = parent;
  return environment;
}

}  // namespace

const Symbol* Environment::find(std::string_view name) const {
  for (const Environment* env = this; env != nullptr; env = env->parent.get()) {
    if (const auto found = env->symbols.find(name); found != env->symbols.end())
      return &found->second;
  }
  return nullptr;
}

std::string option_text(const ast::Options& options, std::string_view name) {
  const auto* option = find_option(options, name);
  if (option == nullptr) return "";
  if (const auto* ref = std::get_if<ast::NameRef>(&option->value->node)) return ref->name;
  if (const auto* literal = std::get_if<ast::Literal>(&option->value->node)) return literal->text;
  return "";
}

const ast::Option* find_option(const ast::Options& options, std::string_view name) {
  for (const auto& option : options) {
    if (option.name.text == name) return &option;
  }
  return nullptr;
}

Binder::Binder(const Catalog& catalog, const Options& options)
    : catalog_(catalog), options_(options) {}

void Binder::complain(std::string code, Span span, std::string message, std::string suggestion) {
  Diagnostic diagnostic{std::move(code), span, std::move(message), std::move(suggestion)};
  if (diagnostics_.size() >= max_diagnostics) return;
  if (std::find(diagnostics_.begin(), diagnostics_.end(), diagnostic) != diagnostics_.end()) return;
  diagnostics_.push_back(std::move(diagnostic));
}

Scalar Binder::mistake(std::string code, Span span, std::string message, std::string suggestion) {
  complain(std::move(code), span, std::move(message), std::move(suggestion));
  return unknown_scalar();
}

bool Binder::enter(Span span) {
  ++depth_;
  if (depth_ <= max_depth) return true;
  --depth_;
  complain("KQL0003", span, "the query is nested too deeply, or a function calls itself");
  return false;
}

Result<ProbeRows> Binder::probe(const sql::QueryPtr& query, std::size_t limit, Span span) {
  if (!diagnostics_.empty()) return ProbeRows{};
  if (!options_.probe) {
    complain("KQL0110", span,
             "the columns of this plugin depend on the data, which is out of reach here");
    return ProbeRows{};
  }
  sql::Query whole = *query;
  whole.with.insert(whole.with.begin(), common_tables_.begin(), common_tables_.end());
  auto rows = options_.probe(whole, limit);
  if (!rows) complain("KQL0110", span, rows.error().message);
  return rows;
}

// --- statements
// -------------------------------------------------------------------------------------

std::expected<Compiled, Diagnostics> Binder::compile(std::string_view text) {
  Parsed parsed = parse(text);
  if (!parsed.diagnostics.empty()) return std::unexpected(std::move(parsed.diagnostics));
  auto environment = child_of(nullptr);
  std::vector<Output> outputs;
  for (const auto& statement : parsed.statements) bind_statement(statement, environment, outputs);
  if (diagnostics_.empty() && outputs.empty()) {
    complain("KQL0002", {static_cast<std::uint32_t>(text.size()), 0},
             "there is no query: a table or an operator is wanted");
  }
  if (!diagnostics_.empty()) {
    std::stable_sort(
        diagnostics_.begin(), diagnostics_.end(),
        [](const Diagnostic& a, const Diagnostic& b) { return a.span.offset < b.span.offset; });
    return std::unexpected(std::move(diagnostics_));
  }
  return outputs;
}

void Binder::bind_statement(const ast::Statement& statement, const EnvironmentPtr& environment,
                            std::vector<Output>& outputs) {
  if (const auto* let = std::get_if<ast::Let>(&statement.node)) return bind_let(*let, environment);
  if (const auto* parameters = std::get_if<ast::QueryParameters>(&statement.node)) {
    return bind_parameters(*parameters, environment);
  }
  if (const auto* pattern = std::get_if<ast::Pattern>(&statement.node)) {
    return bind_pattern(*pattern, environment);
  }
  if (std::holds_alternative<ast::Alias>(statement.node) ||
      std::holds_alternative<ast::Restrict>(statement.node)) {
    return complain("KQL0109", statement.span, "this kind of statement is not supported");
  }
  const auto* query = std::get_if<ast::Query>(&statement.node);
  if (query == nullptr) return;
  visualization_.clear();
  side_results.clear();
  Relation rows;
  if (is_tabular(*query->expr, environment)) {
    rows = bind_table(*query->expr, environment);
  } else if (std::holds_alternative<ast::NameRef>(query->expr->node)) {
    rows = bind_table(*query->expr, environment);  // complains of an unknown table
  } else {
    Scope scope{environment};
    const Scalar scalar = bind(*query->expr, scope);
    rows = nest(Relation{}, {made("print_0", scalar)});
  }
  if (!diagnostics_.empty()) return;
  if (rows.from) outputs.push_back(output_of(std::move(rows)));
  for (auto& [name, side] : side_results) {
    outputs.push_back(output_of(std::move(side)));
    outputs.back().name = name;
  }
}

Output Binder::output_of(Relation rows) {
  if (rows.columns.empty()) complain("KQL0106", {}, "the result has no columns");
  Output output;
  for (const auto& column : rows.columns) output.columns.push_back({column.name, column.type});
  output.name = rows.name;
  output.ordered = rows.sorted;
  output.visualization = visualization_;
  sql::Query query = *query_of(rows, true);
  query.with = common_tables_;
  output.query = std::make_shared<const sql::Query>(std::move(query));
  return output;
}

void Binder::bind_let(const ast::Let& let, const EnvironmentPtr& environment) {
  const auto& value = *let.value;
  if (const auto* lambda = std::get_if<ast::Lambda>(&value.node)) {
    environment->symbols.insert_or_assign(
        let.name.text,
        FunctionSymbol{let.name.text, &lambda->parameters, lambda->body.get(), environment});
    return;
  }
  if (is_tabular(value, environment)) {
    Relation rows = bind_table(value, environment);
    if (rows.weight > max_weight)
      complain("KQL0003", value.span, "the query is too large once its lets are put in");
    rows.name = let.name.text;
    environment->symbols.insert_or_assign(let.name.text, std::move(rows));
    return;
  }
  Scope scope{environment};
  Scalar scalar = bind(value, scope);
  scalar.parts.clear();
  environment->symbols.insert_or_assign(let.name.text, std::move(scalar));
}

namespace {

bool is_literal(const ast::Expr& expr) {
  if (const auto* negated = std::get_if<ast::Negate>(&expr.node))
    return is_literal(*negated->operand);
  return std::holds_alternative<ast::Literal>(expr.node) ||
         std::holds_alternative<ast::DynamicLiteral>(expr.node);
}

// A parameter's value comes from whoever asks: a string as it stands, of another type a literal of
// KQL or a text that converts. Never an expression: it could ask for more than the query does.
Scalar given_parameter(Binder& binder, const ast::Identifier& name, Type type,
                       const std::string& text) {
  if (type == Type::string) return text_constant(text);
  const Parsed parsed = parse(text);
  if (parsed.diagnostics.empty() && parsed.statements.size() == 1) {
    const auto* query = std::get_if<ast::Query>(&parsed.statements[0].node);
    if (query != nullptr && is_literal(*query->expr)) {
      Scope scope{std::make_shared<Environment>()};
      return convert(binder.bind(*query->expr, scope), type);
    }
  }
  Scalar value = convert(text_constant(text), type);
  const auto constant = value_of(value.sql);
  if (!constant || !std::holds_alternative<std::monostate>(*constant)) return value;
  return binder.mistake("KQL0105", name.span,
                        fmt::format("the value of the parameter '{}' is no literal of type {}",
                                    name.text, name_of(type)));
}

}  // namespace

void Binder::bind_parameters(const ast::QueryParameters& parameters,
                             const EnvironmentPtr& environment) {
  for (const auto& parameter : parameters.parameters) {
    const Type type = type_named(parameter.type).value_or(Type::string);
    Scalar value = unknown_scalar();
    if (const auto given = options_.parameters.find(parameter.name.text);
        given != options_.parameters.end()) {
      value = given_parameter(*this, parameter.name, type, given->second);
    } else if (parameter.default_value) {
      Scope scope{environment};
      value = convert(bind(*parameter.default_value, scope), type);
    } else {
      value = mistake("KQL0105", parameter.name.span,
                      fmt::format("the parameter '{}' has no value", parameter.name.text));
    }
    environment->symbols.insert_or_assign(parameter.name.text, std::move(value));
  }
}

// --- pipelines
// --------------------------------------------------------------------------------------

Relation Binder::apply(const ast::Operator& op, Relation rows, const EnvironmentPtr& environment) {
  const auto visit = [&](const auto& node) -> Relation {
    using T = std::decay_t<decltype(node)>;
    if constexpr (std::is_same_v<T, ast::Graph>) {
      complain("KQL0109", op.name_span, fmt::format("the operator '{}' is not supported", node.op));
      return broken();
    } else if constexpr (std::is_same_v<T, ast::MacroExpand>) {
      complain("KQL0109", op.name_span, "the operator 'macro-expand' is not supported");
      return broken();
    } else {
      constexpr bool starts = std::is_same_v<T, ast::Print> || std::is_same_v<T, ast::Range> ||
                              std::is_same_v<T, ast::Union> || std::is_same_v<T, ast::Search> ||
                              std::is_same_v<T, ast::Find>;
      if (!starts && !rows.from) {
        complain(
            "KQL0106", op.name_span,
            "an operator that starts a query needs no rows; a table is wanted before this one");
        return broken();
      }
      return bind_operator(*this, std::move(rows), node, environment);
    }
  };
  Relation result = std::visit(visit, op.node);
  if (const auto* render_node = std::get_if<ast::Render>(&op.node)) {
    json::object properties;
    properties["Visualization"] = render_node->kind;
    for (const auto& property : render_node->properties) {
      properties[property.name.text] = option_text(render_node->properties, property.name.text);
    }
    visualization_ = json::serialize(properties);
  }
  if (result.weight > max_weight) {
    complain("KQL0003", op.span, "the query is too large once its lets are put in");
    return broken();
  }
  return result;
}

Relation Binder::apply_all(const std::vector<ast::Operator>& operators, Relation rows,
                           const EnvironmentPtr& environment) {
  for (std::size_t i = 0; i < operators.size(); ++i) {
    const bool swapped =
        i + 1 < operators.size() && filters_left(operators[i], operators[i + 1], rows);
    if (swapped) rows = apply(operators[i + 1], std::move(rows), environment);
    rows = apply(operators[i], std::move(rows), environment);
    if (swapped) ++i;
  }
  return rows;
}

// Whether a filter behind an innerunique join looks at the left side alone. Which row of a key such
// a join keeps is left open; Kusto filters first, and so the rows that are wanted are kept.
bool Binder::filters_left(const ast::Operator& first, const ast::Operator& second,
                          const Relation& rows) {
  const auto* join = std::get_if<ast::Join>(&first.node);
  const auto* where = std::get_if<ast::Where>(&second.node);
  if (join == nullptr || where == nullptr || join->lookup || rows.open || !rows.from) return false;
  const std::string kind = option_text(join->options, "kind");
  if (!kind.empty() && kind != "innerunique") return false;
  if (std::exchange(is_trying_, true))
    return false;  // queries within a predicate are not tried again and again
  const Diagnostics before = diagnostics_;
  Relation left = rows;
  Scope scope{
      std::make_shared<Environment>()};  // a column of the right side hides a let of its name
  scope.rows = &left;
  bind_condition(*where->predicate, scope);
  is_trying_ = false;
  return std::exchange(diagnostics_, before) == before;
}

std::expected<Compiled, Diagnostics> compile(std::string_view text, const Catalog& catalog,
                                             const Options& options) {
  return Binder(catalog, options).compile(text);
}

}  // namespace rollcall::kql
