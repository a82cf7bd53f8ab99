#include <algorithm>

#include "base/text.hpp"
#include "kql/binder_pattern.hpp"
#include "kql/functions.hpp"
#include "kql/operators.hpp"

// What stands at the start of a pipeline: tables, lets, functions, inline tables, and calls of
// functions.

namespace rollcall::kql {
namespace {

constexpr std::size_t max_probe_depth = 64;

// database("…"), cluster("…"), workspace("…"): the call whose member names a table here.
const ast::Call* scope_call(const ast::Expr& expr) {
  if (const auto* call = std::get_if<ast::Call>(&expr.node)) {
    const auto& name = call->function.text;
    if (name == "database" || name == "cluster" || name == "workspace" || name == "app")
      return call;
  }
  if (const auto* member = std::get_if<ast::MemberCall>(&expr.node))
    return scope_call(*member->call);
  return nullptr;
}

std::string literal_argument(const ast::Call& call) {
  if (call.arguments.empty()) return "";
  const auto* literal = std::get_if<ast::Literal>(&call.arguments[0]->node);
  return literal == nullptr ? "" : literal->text;
}

}  // namespace

// Whether the value is a table, told from its syntax and the names in sight.
bool Binder::is_tabular(const ast::Expr& expr, const EnvironmentPtr& environment) const {
  if (std::holds_alternative<ast::Pipeline>(expr.node) ||
      std::holds_alternative<ast::DataTable>(expr.node) ||
      std::holds_alternative<ast::ExternalData>(expr.node) ||
      std::holds_alternative<ast::Materialize>(expr.node) ||
      std::holds_alternative<ast::ToTable>(expr.node) ||
      std::holds_alternative<ast::Wildcard>(expr.node)) {
    return true;
  }
  if (pattern_call(expr, environment) != nullptr) return true;
  if (const auto* member = std::get_if<ast::Member>(&expr.node))
    return scope_call(*member->operand) != nullptr;
  if (const auto* member = std::get_if<ast::MemberCall>(&expr.node))
    return scope_call(*member->operand) != nullptr;
  std::string name;
  if (const auto* ref = std::get_if<ast::NameRef>(&expr.node)) name = ref->name;
  if (const auto* call = std::get_if<ast::Call>(&expr.node)) {
    name = call->function.text;
    if (name == "table" || name == "external_table" || name == "materialized_view" ||
        name == "view")
      return true;
  }
  if (name.empty()) return false;
  if (const Symbol* symbol = environment->find(name)) {
    if (std::holds_alternative<Relation>(*symbol)) return true;
    if (const auto* function = std::get_if<FunctionSymbol>(symbol))
      return is_tabular_function(*function);
    return false;
  }
  if (std::holds_alternative<ast::NameRef>(expr.node) && catalog_.tables.contains(name))
    return true;
  const auto* function = const_cast<Binder*>(this)->find_function(name, environment);
  return function != nullptr && is_tabular_function(*function);
}

bool Binder::is_tabular_function(const FunctionSymbol& function) const {
  std::size_t depth = 0;
  for (auto env = function.environment.lock(); env; env = env->parent) {
    if (++depth > max_probe_depth) return true;
  }
  auto environment = std::make_shared<Environment>();
  environment->parent = function.environment.lock();
  // A function that calls itself must not be looked into again.
  environment->symbols.insert_or_assign(function.name, Scalar{});
  for (const auto& parameter : *function.parameters) {
    if (parameter.schema) {
      environment->symbols.insert_or_assign(parameter.name.text, Relation{});
    } else {
      environment->symbols.insert_or_assign(parameter.name.text, Scalar{});
    }
  }
  for (const auto& statement : *function.body) {
    if (const auto* let = std::get_if<ast::Let>(&statement.node)) {
      if (const auto* lambda = std::get_if<ast::Lambda>(&let->value->node)) {
        environment->symbols.insert_or_assign(
            let->name.text,
            FunctionSymbol{let->name.text, &lambda->parameters, lambda->body.get(), environment});
      } else if (is_tabular(*let->value, environment)) {
        environment->symbols.insert_or_assign(let->name.text, Relation{});
      } else {
        environment->symbols.insert_or_assign(let->name.text, Scalar{});
      }
    } else if (const auto* query = std::get_if<ast::Query>(&statement.node)) {
      return is_tabular(*query->expr, environment);
    }
  }
  return false;
}

const FunctionSymbol* Binder::find_function(std::string_view name,
                                            const EnvironmentPtr& environment) {
  if (const Symbol* symbol = environment->find(name)) return std::get_if<FunctionSymbol>(symbol);
  if (const auto known = stored_.find(name); known != stored_.end()) return &known->second->second;
  const auto stored = catalog_.functions.find(name);
  if (stored == catalog_.functions.end()) return nullptr;
  auto entry = std::make_unique<std::pair<ParsedFunction, FunctionSymbol>>();
  entry->first = parse_function(stored->second.parameters, stored->second.body);
  for (const auto& diagnostic : entry->first.diagnostics) {
    complain(diagnostic.code, {},
             fmt::format("in the function '{}': {}", name, diagnostic.message));
  }
  entry->second = {std::string(name), &entry->first.parameters, &entry->first.body,
                   stored_environment_};
  return &stored_.emplace(std::string(name), std::move(entry)).first->second->second;
}

Relation Binder::scan(const Table& table) {
  Relation rows;
  std::vector<sql::SelectItem> items;
  for (const auto& column : table.columns) {
    const std::string id = fresh_id();
    items.push_back({sql::column(column.name), id});
    rows.columns.push_back({column.name, column.type, id, column.type != Type::string});
  }
  if (table.has_ingestion_time) {
    rows.ingestion = fresh_id();
    items.push_back({sql::column(std::string(ingestion_column)), rows.ingestion});
  }
  rows.from = sql::table(table.storage.empty() ? table.name : table.storage, fresh_alias());
  auto query = select_of(rows, std::move(items), true);
  rows.from = sql::derived(std::move(query), fresh_alias());
  rows.name = table.name;
  return rows;
}

Relation Binder::bind_reference(const ast::Expr& expr, const EnvironmentPtr& environment) {
  std::string name;
  Span span = expr.span;
  if (const auto* ref = std::get_if<ast::NameRef>(&expr.node)) name = ref->name;
  if (const auto* member = std::get_if<ast::Member>(&expr.node)) {
    name = member->name.text;
    span = member->name.span;
    const auto* call = scope_call(*member->operand);
    if (call != nullptr) {
      const std::string database = call->function.text == "database" ? literal_argument(*call) : "";
      if (call->function.text == "database" && !database.empty() && database != catalog_.database) {
        complain("KQL0101", call->function.span,
                 fmt::format("there is no database '{}' here", database));
        return broken();
      }
      if (call->function.text != "database") {
        complain("KQL0109", call->function.span,
                 fmt::format("'{}()' is not supported: there is this database only",
                             call->function.text));
        return broken();
      }
    }
  }
  if (const auto* call = std::get_if<ast::Call>(&expr.node)) {
    name = literal_argument(*call);
    if (name.empty() && !call->arguments.empty()) {
      const auto value =
          bind_constant(*call->arguments[0], environment, Type::string, "the table's name");
      if (!value) return broken();
      name = std::get<std::string>(*value);
    }
  }
  if (const Symbol* symbol = environment->find(name)) {
    if (const auto* rows = std::get_if<Relation>(symbol)) return rows->open ? *rows : fresh(*rows);
    if (const auto* function = std::get_if<FunctionSymbol>(symbol)) {
      Scope scope{environment};
      return call_table_function(*function, ast::Call{{name, span}, {}}, span, scope, nullptr);
    }
    complain("KQL0106", span, fmt::format("'{}' is a value, not a table", name));
    return broken();
  }
  if (const auto table = catalog_.tables.find(name); table != catalog_.tables.end())
    return scan(table->second);
  if (const auto* function = find_function(name, environment)) {
    Scope scope{environment};
    return call_table_function(*function, ast::Call{{name, span}, {}}, span, scope, nullptr);
  }
  std::vector<std::string> names;
  for (const auto& [known, table] : catalog_.tables) names.push_back(known);
  for (const auto& [known, function] : catalog_.functions) names.push_back(known);
  for (auto env = environment; env; env = env->parent) {
    for (const auto& [known, symbol] : env->symbols) names.push_back(known);
  }
  complain("KQL0101", span, fmt::format("unknown table '{}'", name), nearest_name(name, names));
  return broken();
}

Relation Binder::bind_table(const ast::Expr& expr, const EnvironmentPtr& environment) {
  if (!enter(expr.span)) return broken();
  struct Leave {
    int& depth;
    ~Leave() { --depth; }
  } leave{depth_};
  if (const auto* pipeline = std::get_if<ast::Pipeline>(&expr.node)) {
    Relation rows;
    if (pipeline->source) rows = bind_table(*pipeline->source, environment);
    return apply_all(pipeline->operators, std::move(rows), environment);
  }
  if (pattern_call(expr, environment) != nullptr)
    return bind_pattern_call(*this, expr, environment);
  if (const auto* table = std::get_if<ast::DataTable>(&expr.node))
    return bind_data_table(*this, *table, environment);
  if (const auto* query = std::get_if<ast::Materialize>(&expr.node)) {
    Relation rows = bind_table(*query->query, environment);
    return rows.open || !rows.from ? rows : materialize(std::move(rows));
  }
  if (const auto* query = std::get_if<ast::ToTable>(&expr.node))
    return bind_table(*query->query, environment);
  if (const auto* data = std::get_if<ast::ExternalData>(&expr.node))
    return bind_external_data(*this, *data, expr.span, environment);
  if (const auto* call = std::get_if<ast::Call>(&expr.node)) {
    if (call->function.text == "table" || call->function.text == "view")
      return bind_reference(expr, environment);
    if (const auto* function = find_function(call->function.text, environment)) {
      Scope scope{environment};
      return call_table_function(*function, *call, expr.span, scope, nullptr);
    }
    std::vector<std::string> names;
    for (const auto& [known, function] : catalog_.functions) names.push_back(known);
    complain("KQL0102", call->function.span,
             fmt::format("unknown function '{}'", call->function.text),
             nearest_name(call->function.text, names));
    return broken();
  }
  if (const auto* member = std::get_if<ast::MemberCall>(&expr.node))
    return bind_table(*member->call, environment);
  if (std::holds_alternative<ast::NameRef>(expr.node) ||
      std::holds_alternative<ast::Member>(expr.node)) {
    return bind_reference(expr, environment);
  }
  complain("KQL0106", expr.span, "a table is wanted here");
  return broken();
}

// --- calls of functions written in KQL
// --------------------------------------------------------------

EnvironmentPtr Binder::bind_arguments(const FunctionSymbol& function, const ast::Call& call,
                                      Span span, Scope& scope, const Relation* piped) {
  auto environment = std::make_shared<Environment>();
  environment->parent = function.environment.lock();
  std::vector<const ast::Expr*> positional;
  std::map<std::string, const ast::Expr*> named;
  for (const auto& argument : call.arguments) {
    const auto* name = std::get_if<ast::Named>(&argument->node);
    if (name != nullptr && name->names.size() == 1) {
      named[name->names[0].text] = name->expr.get();
    } else {
      positional.push_back(argument.get());
    }
  }
  std::size_t next = 0;
  for (std::size_t i = 0; i < function.parameters->size(); ++i) {
    const auto& parameter = (*function.parameters)[i];
    const std::string& name = parameter.name.text;
    if (i == 0 && piped != nullptr) {
      if (!parameter.schema)
        complain("KQL0106", span, fmt::format("'{}' takes no table first", function.name));
      environment->symbols.insert_or_assign(name, *piped);
      continue;
    }
    const ast::Expr* argument = nullptr;
    if (const auto found = named.find(name); found != named.end()) {
      argument = found->second;
    } else if (next < positional.size()) {
      argument = positional[next++];
    }
    if (parameter.schema) {
      if (argument == nullptr) {
        complain("KQL0106", span, fmt::format("'{}' needs a table for '{}'", function.name, name));
        environment->symbols.insert_or_assign(name, broken());
        continue;
      }
      Relation rows = bind_table(*argument, scope.environment);
      for (const auto& [column, type] : parameter.schema->columns) {
        if (!rows.open && rows.find(column.text) == nullptr) {
          complain("KQL0103", argument->span,
                   fmt::format("the table has no column '{}', which '{}' needs", column.text,
                               function.name));
        }
      }
      environment->symbols.insert_or_assign(name, std::move(rows));
      continue;
    }
    const Type type = type_named(parameter.type).value_or(Type::string);
    Scalar value = unknown_scalar();
    if (argument != nullptr) {
      value = bind(*argument, scope);
      if (value.type == Type::string && type != Type::string)
        value = convert(std::move(value), type);
      value = coerce(std::move(value), type, argument->span);
    } else if (parameter.default_value) {
      Scope bare{function.environment.lock()};
      value = convert(bind(*parameter.default_value, bare), type);
    } else {
      value =
          mistake("KQL0106", span, fmt::format("'{}' needs a value for '{}'", function.name, name));
    }
    environment->symbols.insert_or_assign(name, std::move(value));
  }
  if (next < positional.size()) {
    complain("KQL0106", positional[next]->span,
             fmt::format("'{}' takes {} arguments", function.name,
                         function.parameters->size() - (piped != nullptr ? 1 : 0)));
  }
  return environment;
}

Relation Binder::call_table_function(const FunctionSymbol& function, const ast::Call& call,
                                     Span span, Scope& scope, const Relation* piped) {
  auto environment = bind_arguments(function, call, span, scope, piped);
  if (!enter(span)) return broken();
  struct Leave {
    int& depth;
    ~Leave() { --depth; }
  } leave{depth_};
  for (const auto& statement : *function.body) {
    if (const auto* let = std::get_if<ast::Let>(&statement.node)) bind_let(*let, environment);
    if (const auto* query = std::get_if<ast::Query>(&statement.node))
      return bind_table(*query->expr, environment);
  }
  complain("KQL0106", span, fmt::format("the function '{}' gives no table", function.name));
  return broken();
}

Scalar Binder::call_scalar_function(const FunctionSymbol& function, const ast::Call& call,
                                    Span span, Scope& scope) {
  if (is_tabular_function(function)) {
    return mistake(
        "KQL0106", span,
        fmt::format("'{}' gives a table; toscalar() takes a value of it", function.name));
  }
  auto environment = bind_arguments(function, call, span, scope, nullptr);
  if (!enter(span)) return unknown_scalar();
  struct Leave {
    int& depth;
    ~Leave() { --depth; }
  } leave{depth_};
  for (const auto& statement : *function.body) {
    if (const auto* let = std::get_if<ast::Let>(&statement.node)) bind_let(*let, environment);
    if (const auto* query = std::get_if<ast::Query>(&statement.node)) {
      Scope inner{environment};
      inner.rows = scope.rows;
      inner.columns_hidden = true;
      Scalar result = bind(*query->expr, inner);
      result.name.clear();
      return result;
    }
  }
  return mistake("KQL0106", span, fmt::format("the function '{}' gives no value", function.name));
}

}  // namespace rollcall::kql
