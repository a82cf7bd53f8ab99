#include <algorithm>
#include <bit>

#include "kql/operators.hpp"

// scan: a state machine over the rows' order, as a recursive query of one row a round. Each step
// keeps the values of the steps before it and its own; a row is judged against the steps from the
// last to the first (https://learn.microsoft.com/kusto/query/scan-operator#scan-logic).

namespace rollcall::kql {
namespace {

struct Tracked {
  std::string name;
  Type type;
  bool declared;
  sql::ExprPtr otherwise;
};

// A step's state: is a sequence at it, which match, and the values of each step so far.
struct State {
  sql::ExprPtr active, match;
  std::vector<std::vector<sql::ExprPtr>> values;  // by step, by tracked column
};

struct Machine {
  Binder& binder;
  const ast::Scan& node;
  const EnvironmentPtr& environment;
  Relation input;  // the rows, with their columns' ids
  std::vector<Tracked> tracked;
  std::vector<State> states;
  sql::ExprPtr counter;
  std::vector<sql::ExprPtr>
      flags;  // of each step: 0 no match, 1 promoted, 2 a new or a longer match
  std::vector<std::vector<sql::ExprPtr>> outputs;  // declared columns of each step's row
  std::vector<sql::SelectItem> constants;          // see without_constants
  std::size_t next_query = 0;                      // of them

  std::size_t size() const { return node.steps.size(); }

  sql::ExprPtr source(const Tracked& t) const { return sql::column(input.find(t.name)->id); }

  // What an expression of a step sees: the steps' values, and the declared columns as its own.
  Scalar bind(const ast::Expr& expr, const State& seen, std::size_t own, bool own_is_empty,
              bool condition) {
    std::vector<Scalar> names;
    for (std::size_t j = 0; j < size(); ++j) {
      for (std::size_t t = 0; t < tracked.size(); ++t) {
        const bool known = j < seen.values.size() && !(j == own && own_is_empty);
        Scalar value{known ? seen.values[j][t] : tracked[t].otherwise,
                     tracked[t].type,
                     tracked[t].type != Type::string,
                     "",
                     {}};
        value.name = node.steps[j].name.text + "." + tracked[t].name;
        names.push_back(value);
        if (j == own && tracked[t].declared) {
          value.name = tracked[t].name;
          names.push_back(value);
        }
      }
    }
    Scope scope{environment};
    scope.rows = &input;
    scope.extra = &names;
    return condition ? binder.bind_condition(expr, scope) : binder.bind(expr, scope);
  }
};

// Doubles by their bits: real(nan) is itself, and 0.0 is not -0.0.
bool same_value(const sql::Value& a, const sql::Value& b) {
  const auto *x = std::get_if<double>(&a), *y = std::get_if<double>(&b);
  if (x != nullptr && y != nullptr)
    return std::bit_cast<std::uint64_t>(*x) == std::bit_cast<std::uint64_t>(*y);
  return a == b;
}

sql::ExprPtr constant_column(Machine& m, const sql::ExprPtr& expr) {
  if (const auto* parameter = std::get_if<sql::Parameter>(&expr->node)) {
    for (const auto& known : m.constants) {
      const auto* other = std::get_if<sql::Parameter>(&known.expr->node);
      if (other != nullptr && same_value(parameter->value, other->value))
        return sql::column(known.alias);
    }
  } else {  // queries come in the same order in both passes
    while (m.next_query < m.constants.size()) {
      const auto& known = m.constants[m.next_query++];
      if (std::holds_alternative<sql::ScalarQuery>(known.expr->node))
        return sql::column(known.alias);
    }
  }
  m.constants.push_back({expr, m.binder.fresh_id()});
  m.next_query = m.constants.size();
  return sql::column(m.constants.back().alias);
}

// DuckDB loses bound values inside a recursion: they, and queries for one value, are columns of a
// row of their own beside the rows.
sql::ExprPtr without_constants(Machine& m, const sql::ExprPtr& expr) {
  if (!expr) return expr;
  const auto again = [&](const sql::ExprPtr& part) { return without_constants(m, part); };
  const auto each = [&](std::vector<sql::ExprPtr>& parts) {
    for (auto& part : parts) part = again(part);
  };
  const auto visit = [&](auto node) -> sql::ExprPtr {
    using T = decltype(node);
    if constexpr (std::is_same_v<T, sql::Parameter> || std::is_same_v<T, sql::ScalarQuery>) {
      return constant_column(m, expr);
    } else if constexpr (std::is_same_v<T, sql::Unary> || std::is_same_v<T, sql::Cast> ||
                         std::is_same_v<T, sql::Member>) {
      node.operand = again(node.operand);
    } else if constexpr (std::is_same_v<T, sql::Binary>) {
      node.left = again(node.left);
      node.right = again(node.right);
    } else if constexpr (std::is_same_v<T, sql::Call>) {
      each(node.arguments);
    } else if constexpr (std::is_same_v<T, sql::Case>) {
      for (auto& [condition, value] : node.branches) {
        condition = again(condition);
        value = again(value);
      }
      node.otherwise = again(node.otherwise);
    } else if constexpr (std::is_same_v<T, sql::InList>) {
      node.operand = again(node.operand);
      each(node.list);
    } else {
      return expr;
    }
    return sql::make(std::move(node));
  };
  return std::visit(visit, expr->node);
}

// Everything a layer hands on, each under an id of its own.
class Layer {
 public:
  Layer(Machine& machine, sql::TableRefPtr from)
      : machine_(machine), binder_(machine.binder), from_(std::move(from)) {}
  sql::ExprPtr add(const sql::ExprPtr& expr) {
    const std::string id = binder_.fresh_id();
    items_.push_back({without_constants(machine_, expr), id});
    return sql::column(id);
  }
  void keep(const std::string& id) { items_.push_back({sql::column(id), id}); }
  sql::TableRefPtr finish() {
    sql::Select select;
    select.items = std::move(items_);
    select.from = std::move(from_);
    return sql::derived(sql::query(std::move(select)), binder_.fresh_alias());
  }

 private:
  Machine& machine_;
  Binder& binder_;
  sql::TableRefPtr from_;
  std::vector<sql::SelectItem> items_;
};

template <class F>
void each_expr(Machine& m, F f) {
  for (auto& state : m.states) {
    f(state.active);
    f(state.match);
    for (auto& values : state.values)
      for (auto& value : values) f(value);
  }
  f(m.counter);
  for (auto& flag : m.flags) f(flag);
  for (auto& row : m.outputs)
    for (auto& value : row) f(value);
}

sql::ExprPtr both(sql::ExprPtr a, sql::ExprPtr b) {
  return sql::binary(sql::BinaryOperator::and_, std::move(a), std::move(b));
}
sql::ExprPtr either(sql::ExprPtr a, sql::ExprPtr b) {
  return sql::binary(sql::BinaryOperator::or_, std::move(a), std::move(b));
}
sql::ExprPtr truly(sql::ExprPtr a) { return coalesce(std::move(a), sql::literal(false)); }

// The steps whose state a step may take over, the nearest first: the one before it, and beyond optional ones those before them.
std::vector<std::size_t> sources_of(const Machine& m, std::size_t k) {
  std::vector<std::size_t> sources;
  for (std::size_t j = k; j-- > 0;) {
    sources.push_back(j);
    if (!m.node.steps[j].optional) break;
  }
  return sources;
}

// A sequence begins at the first step, and where all steps before are optional.
bool begins_sequence(const Machine& m, std::size_t k) {
  return std::all_of(m.node.steps.begin(), m.node.steps.begin() + static_cast<std::ptrdiff_t>(k),
                     [](const auto& step) { return step.optional; });
}

// A step's state as seen from a later one: the steps between were skipped.
State widened(const Machine& m, const State& state, std::size_t k) {
  State wide = state;
  while (wide.values.size() < k) {
    wide.values.emplace_back();
    for (const auto& tracked : m.tracked) wide.values.back().push_back(tracked.otherwise);
  }
  return wide;
}

// The state that is taken over: of the first source that fits.
State chosen_state(const std::vector<State>& sources, const std::vector<sql::ExprPtr>& fits) {
  State chosen = sources.back();
  for (std::size_t i = sources.size() - 1; i-- > 0;) {
    chosen.match = when(fits[i], sources[i].match, chosen.match);
    for (std::size_t j = 0; j < chosen.values.size(); ++j) {
      for (std::size_t t = 0; t < chosen.values[j].size(); ++t)
        chosen.values[j][t] = when(fits[i], sources[i].values[j][t], chosen.values[j][t]);
    }
  }
  return chosen;
}

// Judges the row against one step; the machine's expressions then stand for the state behind it.
sql::TableRefPtr judge(Machine& m, std::size_t k, sql::TableRefPtr from,
                       const std::vector<std::string>& row_ids) {
  const auto& step = m.node.steps[k];
  const auto sources = sources_of(m, k);
  const bool begins_here = begins_sequence(m, k);
  Layer first(m, std::move(from));
  for (const auto& id : row_ids) first.keep(id);
  std::vector<sql::ExprPtr> tests;
  for (const auto j : sources) {
    const State seen = widened(m, m.states[j], k);
    tests.push_back(truly(both(seen.active, m.bind(*step.condition, seen, k, true, true).sql)));
  }
  const State own = m.states[k];
  const auto stays_test = truly(m.bind(*step.condition, own, k, false, true).sql);
  each_expr(m, [&](sql::ExprPtr& expr) { expr = first.add(expr); });
  sql::ExprPtr promoted = sql::literal(false);
  std::vector<sql::ExprPtr> taken;  // of each source, when no nearer one is taken
  for (const auto& test : tests) {
    const auto fits = first.add(test);
    taken.push_back(taken.empty() ? fits : both(negated(promoted), fits));
    promoted = taken.size() == 1 ? fits : either(promoted, fits);
  }
  const auto stays = first.add(begins_here ? stays_test : both(own.active, stays_test));
  auto middle = first.finish();

  Layer second(m, std::move(middle));
  for (const auto& id : row_ids) second.keep(id);
  State& state = m.states[k];
  std::vector<State> candidates;
  for (const auto j : sources) candidates.push_back(widened(m, m.states[j], k));
  const State previous =
      candidates.empty() ? State{sql::literal(false), big(0), {}} : chosen_state(candidates, taken);
  const auto matched = either(promoted, stays);
  State next = state;
  next.active = either(matched, state.active);
  const auto begins =
      begins_here ? both(stays, negated(either(promoted, state.active))) : sql::literal(false);
  next.match = when(promoted, previous.match,
                    begins_here ? when(begins, m.counter, state.match) : state.match);
  std::vector<sql::ExprPtr> row;
  for (std::size_t t = 0; t < m.tracked.size(); ++t) {
    const auto& tracked = m.tracked[t];
    sql::ExprPtr value = tracked.declared ? tracked.otherwise : m.source(tracked);
    for (const auto& [name, expr] : step.assignments) {
      if (name.text != tracked.name) continue;
      const auto from_previous =
          k > 0 ? convert(m.bind(*expr, previous, k, true, false), tracked.type).sql : value;
      const auto from_own = convert(m.bind(*expr, state, k, false, false), tracked.type).sql;
      value = k > 0 ? when(promoted, from_previous, from_own) : from_own;
    }
    row.push_back(value);
    next.values[k][t] = when(matched, value, state.values[k][t]);
    for (std::size_t j = 0; j < k; ++j)
      next.values[j][t] = when(promoted, previous.values[j][t], state.values[j][t]);
  }
  m.flags[k] = when(promoted, sql::literal(std::int64_t{1}),
                    when(stays, sql::literal(std::int64_t{2}), sql::literal(std::int64_t{0})));
  m.outputs[k] = std::move(row);
  if (begins_here) m.counter = add(m.counter, when(begins, big(1), big(0)));
  m.states[k] = std::move(next);
  for (std::size_t i = 0; i < sources.size(); ++i) {  // what was promoted leaves its step empty
    State& left = m.states[sources[i]];
    left.active = both(left.active, negated(taken[i]));
    for (auto& values : left.values) {
      for (std::size_t t = 0; t < m.tracked.size(); ++t)
        values[t] = when(taken[i], m.tracked[t].otherwise, values[t]);
    }
  }
  each_expr(m, [&](sql::ExprPtr& expr) { expr = second.add(expr); });
  return second.finish();
}

// The starting state: nothing is active, the declared columns have their defaults.
void reset(Machine& m) {
  const auto nothing = [](Type type) { return sql::cast(sql::null(), storage_of(type)); };
  m.counter = big(0);
  for (std::size_t k = 0; k < m.size(); ++k) {
    State state{sql::literal(false), big(0), {}};
    for (std::size_t j = 0; j <= k; ++j) {
      state.values.emplace_back();
      for (const auto& t : m.tracked)
        state.values.back().push_back(t.declared ? t.otherwise : nothing(t.type));
    }
    m.states.push_back(std::move(state));
    m.flags.push_back(sql::cast(sql::literal(std::int64_t{0}), sql::Type::integer));
    m.outputs.emplace_back();
    for (const auto& t : m.tracked)
      m.outputs.back().push_back(t.declared ? t.otherwise : nothing(t.type));
  }
}

bool bind_tracked(Machine& m) {
  for (const auto& parameter : m.node.declared) {
    const Type type = type_named(parameter.type).value_or(Type::string);
    Scalar otherwise = null_of(type);
    if (parameter.default_value) {
      Scope scope{m.environment};
      otherwise = convert(m.binder.bind(*parameter.default_value, scope), type);
    }
    m.tracked.push_back({parameter.name.text, type, true, otherwise.sql});
  }
  for (const auto& column : m.input.columns)
    m.tracked.push_back({column.name, column.type, false, null_of(column.type).sql});
  return !m.node.steps.empty();
}

}  // namespace

Relation bind_operator(Binder& binder, Relation rows, const ast::Scan& node,
                       const EnvironmentPtr& environment) {
  if (rows.open) return rows;
  for (const auto& expr : node.partition_by) {
    Scope scope{environment};
    scope.rows = &rows;
    const Scalar key = binder.hoist(rows, binder.bind(*expr, scope));
    rows.partition.push_back(std::get<sql::Column>(key.sql->node).name);
  }
  const std::size_t own_partitions = node.partition_by.size();
  const Scalar place =
      binder.hoist(rows, {sql::cast(binder.window(rows, "row_number", {}), sql::Type::bigint),
                          Type::long_integer,
                          false,
                          "",
                          {}});
  const std::string place_id = std::get<sql::Column>(place.sql->node).name;
  rows.columns.push_back({"$place", Type::long_integer, place_id, false});
  Relation shared = binder.materialize(std::move(rows));
  shared.columns.pop_back();
  Machine m{binder, node, environment, shared, {}, {}, {}, {}, {}, {}, 0};
  if (!bind_tracked(m)) return binder.broken();
  reset(m);
  // The base: one row for each partition, in front of its first.
  const std::string at = binder.fresh_id(), name = "s" + binder.fresh_id();
  std::vector<std::string> partitions, ids{at};
  sql::Select base;
  base.distinct = true;
  base.from = shared.from;
  base.items.push_back({big(0), at});
  for (const auto& id : shared.partition) {
    partitions.push_back(binder.fresh_id());
    base.items.push_back({sql::column(id), partitions.back()});
  }
  each_expr(m, [&](sql::ExprPtr& expr) {
    const std::string id = binder.fresh_id();
    base.items.push_back({expr, id});
    expr = sql::column(id);
  });
  const Machine stored = m;
  // A round: the next row of the partition.
  sql::ExprPtr on = equal(place.sql, add(sql::column(at), big(1)));
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    on = both(on, sql::binary(sql::BinaryOperator::is_not_distinct_from, sql::column(partitions[i]),
                              sql::column(shared.partition[i])));
  }
  std::vector<std::string> row_ids{place_id};
  row_ids.insert(row_ids.end(), partitions.begin(), partitions.end());
  for (const auto& column : m.input.columns) row_ids.push_back(column.id);
  auto from = std::make_shared<const sql::TableRef>(sql::TableRef{sql::Join{
      sql::JoinKind::inner, sql::table(name, binder.fresh_alias()), shared.from, on, false}});
  // Once to learn which constants there are, and then beside them.
  Machine trial = m;
  for (std::size_t k = m.size(); k-- > 0;) judge(trial, k, from, row_ids);
  m.constants = std::move(trial.constants);
  if (!m.constants.empty()) {
    sql::Select row;
    row.items = m.constants;
    Relation constants = binder.from_query(sql::query(std::move(row)), {});
    for (const auto& item : m.constants) {
      constants.columns.push_back({"$" + item.alias, Type::string, item.alias, true});
      row_ids.push_back(item.alias);
    }
    from = std::make_shared<const sql::TableRef>(
        sql::TableRef{sql::Join{sql::JoinKind::cross, from,
                                binder.materialize(std::move(constants)).from, nullptr, false}});
  }
  sql::TableRefPtr judged = from;
  for (std::size_t k = m.size(); k-- > 0;) judged = judge(m, k, judged, row_ids);
  sql::Select round;
  round.from = judged;
  round.items.push_back({sql::column(place_id), at});
  for (const auto& id : partitions) round.items.push_back({sql::column(id), id});
  std::vector<std::string> order;
  {
    Machine names = stored;
    each_expr(names,
              [&](sql::ExprPtr& expr) { order.push_back(std::get<sql::Column>(expr->node).name); });
    std::size_t i = 0;
    each_expr(m, [&](sql::ExprPtr& expr) { round.items.push_back({expr, order[i++]}); });
  }
  sql::Query query;
  query.body = sql::SetQuery{sql::SetOperator::union_all,
                             {sql::query(std::move(base)), sql::query(std::move(round))}};
  binder.add_recursive(name, std::make_shared<const sql::Query>(std::move(query)));
  // What the steps put out, a row's later steps first.
  const std::string match_name = option_text(node.options, "with_match_id"),
                    step_name = option_text(node.options, "with_step_name");
  std::vector<UnionInput> inputs;
  for (std::size_t k = m.size(); k-- > 0;) {
    if (node.steps[k].output == "none") continue;
    Relation part;
    part.weight = shared.weight + 1;
    part.from = std::make_shared<const sql::TableRef>(sql::TableRef{sql::Join{
        sql::JoinKind::inner, sql::table(name, binder.fresh_alias()), shared.from,
        [&] {
          sql::ExprPtr same = equal(place.sql, sql::column(at));
          for (std::size_t i = 0; i < partitions.size(); ++i)
            same = both(same,
                        sql::binary(sql::BinaryOperator::is_not_distinct_from,
                                    sql::column(partitions[i]), sql::column(shared.partition[i])));
          return same;
        }(),
        false}});
    part.where =
        sql::binary(sql::BinaryOperator::greater, stored.flags[k], sql::literal(std::int64_t{0}));
    part.partition = shared.partition;
    part.order = {order_term(place.sql, false, "")};
    if (node.steps[k].output == "last") {
      // Only the last of matches that prolong each other.
      const Scalar next = binder.hoist(
          part, {binder.window(part, "lead", {stored.flags[k]}), Type::long_integer, true, "", {}});
      part.where = sql::binary(sql::BinaryOperator::is_distinct_from, next.sql,
                               sql::literal(std::int64_t{2}));
    }
    std::vector<MadeColumn> columns;
    NameMaker names;
    for (const auto& column : shared.columns)
      columns.push_back({names.unique(column.name), column.type, binder.fresh_id(),
                         sql::column(column.id), column.nullable});
    for (std::size_t t = 0; t < m.tracked.size(); ++t) {
      if (!m.tracked[t].declared) continue;
      columns.push_back({names.unique(m.tracked[t].name), m.tracked[t].type, binder.fresh_id(),
                         stored.outputs[k][t], m.tracked[t].type != Type::string});
    }
    if (!match_name.empty())
      columns.push_back({names.unique(match_name), Type::long_integer, binder.fresh_id(),
                         stored.states[k].match, false});
    if (!step_name.empty())
      columns.push_back({names.unique(step_name), Type::string, binder.fresh_id(),
                         text_constant(node.steps[k].name.text).sql, false});
    columns.push_back({"$at", Type::long_integer, binder.fresh_id(), place.sql, false});
    columns.push_back({"$step", Type::long_integer, binder.fresh_id(),
                       big(-static_cast<std::int64_t>(k)), false});
    part = binder.nest(std::move(part), std::move(columns));
    part.order.clear();
    inputs.push_back({std::move(part), ""});
  }
  if (inputs.empty()) return binder.broken();
  Relation result = unite(binder, std::move(inputs), true, "");
  const std::string step_id = result.columns.back().id,
                    at_id = result.columns[result.columns.size() - 2].id;
  result.columns.resize(result.columns.size() - 2);
  result.order = {order_term(sql::column(at_id), false, ""),
                  order_term(sql::column(step_id), false, "")};
  result.serialized = true;
  if (own_partitions > 0) result.partition.resize(result.partition.size() - own_partitions);
  return result;
}

}  // namespace rollcall::kql
