// Makes SQL text from the tree, for one dialect, into one string, with the values to bind beside
// it. An operator inside an operator always stands in parentheses, so precedence is the tree's and
// never the dialect's; only a chain of the same `and`, `or` or `||` to the left stands without.
// Names of columns and tables are quoted; names of functions are ours and checked to be plain.
#include "sql/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <string_view>

#include "base/check.hpp"
#include "base/overload.hpp"
#include "sql/unused.hpp"

namespace rollcall::sql {
namespace {

bool is_plain_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  });
}

bool is_plain_select(const Query& query) {
  return query.with.empty() && query.order_by.empty() && !query.limit && !query.offset &&
         !std::holds_alternative<SetQuery>(query.body);
}

class Renderer {
 public:
  explicit Renderer(Dialect dialect, Names unused = {})
      : dialect_(dialect), unused_(std::move(unused)) {
    out_.text.reserve(1024);
  }
  Rendered take() { return std::move(out_); }

  void statement(const Statement& statement) {
    std::visit(Overload{[&](const QueryPtr& node) { query(*node); },
                        [&](const auto& node) { write(node); }},
               statement);
  }

  void query(const Query& query) {
    if (!query.with.empty()) with(query.with);
    std::visit([&](const auto& body) { write(body); }, query.body);
    if (!query.order_by.empty()) order_by(" ORDER BY ", query.order_by);
    if (query.limit) {
      put(" LIMIT ");
      operand(query.limit);
    } else if (query.offset && dialect_ == Dialect::sqlite) {
      put(" LIMIT -1");
    }
    if (query.offset) {
      put(" OFFSET ");
      operand(query.offset);
    }
  }

 private:
  void put(std::string_view text) { out_.text += text; }
  void put(char c) { out_.text += c; }

  void quoted(std::string_view text, char quote) {
    put(quote);
    for (const char c : text) {
      if (c == quote) put(quote);
      put(c);
    }
    put(quote);
  }
  void identifier(std::string_view name) {
    CHECK(name.find('\0') == std::string_view::npos);
    quoted(name, '"');
  }
  void alias(std::string_view name) {
    if (name.empty()) return;
    put(" AS ");
    identifier(name);
  }
  void function_name(std::string_view name) {
    CHECK(is_plain_name(name));
    put(name);
  }

  template <class Items, class Each>
  void list(const Items& items, Each each, std::string_view separator = ", ") {
    bool first = true;
    for (const auto& item : items) {
      if (!first) put(separator);
      first = false;
      each(item);
    }
  }
  void identifiers(const std::vector<std::string>& names) {
    list(names, [&](const std::string& name) { identifier(name); });
  }
  void names_in_parentheses(const std::vector<std::string>& names) {
    put('(');
    identifiers(names);
    put(')');
  }
  void exprs(const std::vector<ExprPtr>& items) {
    list(items, [&](const ExprPtr& item) { expr(item); });
  }
  void subquery(const QueryPtr& nested) {
    put('(');
    query(*nested);
    put(')');
  }

  // ---- expressions

  void expr(const ExprPtr& node) {
    CHECK(node != nullptr);
    std::visit([&](const auto& inner) { write(inner); }, node->node);
  }

  // What stands beside an operator: in parentheses, unless it is one closed thing already.
  void operand(const ExprPtr& node) {
    CHECK(node != nullptr);
    if (is_closed(*node)) return expr(node);
    put('(');
    expr(node);
    put(')');
  }

  static bool is_closed(const Expr& node) {
    return std::visit(
        Overload{[](const Unary&) { return false; }, [](const Binary&) { return false; },
                 [](const InList&) { return false; }, [](const InQuery&) { return false; },
                 [](const Exists&) { return false; }, [](const Lambda&) { return false; },
                 [](const Literal& literal) { return !is_negative(literal); },
                 [](const Call& call) { return !call.over.has_value(); },
                 [](const auto&) { return true; }},
        node.node);
  }
  static bool is_negative(const Literal& literal) {
    if (const auto* integer = std::get_if<std::int64_t>(&literal.value)) return *integer < 0;
    if (const auto* real = std::get_if<double>(&literal.value)) return std::signbit(*real);
    return false;
  }

  void write(const Column& node) {
    if (!node.table.empty()) {
      identifier(node.table);
      put('.');
    }
    identifier(node.name);
  }
  void write(const Star& node) {
    if (!node.table.empty()) {
      identifier(node.table);
      put('.');
    }
    put('*');
  }
  // DuckDB plans a statement with marks twice, again when it is told the values; a whole number is as safe as text.
  void write(const Parameter& node) {
    const auto* whole = std::get_if<std::int64_t>(&node.value);
    if (whole == nullptr || dialect_ != Dialect::duckdb) return mark(node.value);
    put("CAST(");
    integer(*whole);
    put(" AS BIGINT)");
  }
  void write(const Slot& node) { mark(node); }
  template <class T>
  void mark(const T& value) {
    out_.parameters.emplace_back(value);
    if (dialect_ != Dialect::sqlite) {
      fmt::format_to(std::back_inserter(out_.text), "${}", out_.parameters.size());
    } else {
      put('?');
    }
  }

  void write(const Literal& node) {
    std::visit(
        Overload{[&](std::monostate) { put("NULL"); },
                 [&](bool value) { put(value ? "TRUE" : "FALSE"); },
                 [&](std::int64_t value) { integer(value); }, [&](double value) { real(value); },
                 [&](const std::string& value) { quoted(value, '\''); }},
        node.value);
  }
  void integer(std::int64_t value) {
    // The least integer's digits without its sign are no integer.
    if (value == std::numeric_limits<std::int64_t>::min()) {
      put("-9223372036854775807 - 1");
    } else {
      fmt::format_to(std::back_inserter(out_.text), "{}", value);
    }
  }
  void real(double value) {
    if (std::isfinite(value)) {
      // The exponent makes it floating in every dialect; DuckDB reads 1.5 as a decimal.
      const auto begin = out_.text.size();
      fmt::format_to(std::back_inserter(out_.text), "{}", value);
      if (out_.text.find('e', begin) == std::string::npos) put("e0");
    } else if (dialect_ == Dialect::sqlite) {
      put(std::isnan(value) ? "NULL" : value > 0 ? "9e999" : "-9e999");
    } else {
      put(std::isnan(value) ? "CAST('nan' AS " : value > 0 ? "CAST('inf' AS " : "CAST('-inf' AS ");
      put(type_name(Type::real));
      put(')');
    }
  }

  void write(const Unary& node) {
    switch (node.op) {
      case UnaryOperator::not_:
        put("NOT ");
        break;
      case UnaryOperator::negate:
        put('-');
        break;
      case UnaryOperator::is_null:
      case UnaryOperator::is_not_null:
        break;
    }
    operand(node.operand);
    switch (node.op) {
      case UnaryOperator::is_null:
        put(" IS NULL");
        break;
      case UnaryOperator::is_not_null:
        put(" IS NOT NULL");
        break;
      case UnaryOperator::not_:
      case UnaryOperator::negate:
        break;
    }
  }

  std::string_view symbol(BinaryOperator op) const {
    const bool sqlite = dialect_ == Dialect::sqlite;
    switch (op) {
      case BinaryOperator::and_:
        return " AND ";
      case BinaryOperator::or_:
        return " OR ";
      case BinaryOperator::equal:
        return " = ";
      case BinaryOperator::not_equal:
        return " <> ";
      case BinaryOperator::less:
        return " < ";
      case BinaryOperator::less_equal:
        return " <= ";
      case BinaryOperator::greater:
        return " > ";
      case BinaryOperator::greater_equal:
        return " >= ";
      case BinaryOperator::add:
        return " + ";
      case BinaryOperator::subtract:
        return " - ";
      case BinaryOperator::multiply:
        return " * ";
      case BinaryOperator::divide:
        return " / ";
      case BinaryOperator::integer_divide:
        return dialect_ == Dialect::duckdb ? " // " : " / ";
      case BinaryOperator::modulo:
        return " % ";
      case BinaryOperator::concat:
        return " || ";
      case BinaryOperator::is_distinct_from:
        return sqlite ? " IS NOT " : " IS DISTINCT FROM ";
      case BinaryOperator::is_not_distinct_from:
        return sqlite ? " IS " : " IS NOT DISTINCT FROM ";
      case BinaryOperator::bit_and:
        return " & ";
      case BinaryOperator::bit_or:
        return " | ";
      case BinaryOperator::shift_left:
        return " << ";
      case BinaryOperator::shift_right:
        return " >> ";
      case BinaryOperator::like:
        return " LIKE ";
    }
    CHECK(false);
  }

  void write(const Binary& node) {
    const bool chains = node.op == BinaryOperator::and_ || node.op == BinaryOperator::or_ ||
                        node.op == BinaryOperator::concat;
    std::vector<const Binary*> chain{&node};
    while (chains) {
      const auto* left = std::get_if<Binary>(&chain.back()->left->node);
      if (left == nullptr || left->op != node.op) break;
      chain.push_back(left);
    }
    // `divide` divides as floating numbers also where `/` of two integers would not.
    const bool widen = node.op == BinaryOperator::divide && dialect_ != Dialect::duckdb;
    if (widen) put("CAST(");
    widen ? expr(chain.back()->left) : operand(chain.back()->left);
    if (widen) {
      put(" AS ");
      put(type_name(Type::real));
      put(')');
    }
    for (auto link = chain.rbegin(); link != chain.rend(); ++link) {
      put(symbol(node.op));
      divisor((*link)->op, (*link)->right);
    }
  }
  // What divides: PostgreSQL ends a query that divides by zero, the others answer null.
  void divisor(BinaryOperator op, const ExprPtr& node) {
    const bool divides = op == BinaryOperator::divide || op == BinaryOperator::integer_divide ||
                         op == BinaryOperator::modulo;
    if (!divides || dialect_ != Dialect::postgresql || std::holds_alternative<Literal>(node->node))
      return operand(node);
    put("NULLIF(");
    expr(node);
    put(", 0)");
  }

  void write(const Call& node) {
    if (node.function == "as_bytes") return as_bytes(node.arguments.at(0));
    if (dialect_ == Dialect::postgresql && postgresql_call(node)) return;
    function_name(node.function);
    put('(');
    if (node.distinct) put("DISTINCT ");
    exprs(node.arguments);
    if (!node.order_by.empty()) order_by(" ORDER BY ", node.order_by);
    if (node.ignore_nulls) put(" IGNORE NULLS");
    put(')');
    if (node.filter) {
      put(" FILTER (WHERE ");
      expr(node.filter);
      put(')');
    }
    if (node.over) window(*node.over);
  }

  // A text that is ordered as bytes, whatever the database's own order is; only PostgreSQL has others.
  void as_bytes(const ExprPtr& text) {
    if (dialect_ != Dialect::postgresql) return operand(text);
    put('(');
    operand(text);
    put(" COLLATE \"C\")");
  }

  // SQLite's functions that PostgreSQL calls otherwise, or has for other types. False: its own name serves.
  bool postgresql_call(const Call& node) {
    const auto& arguments = node.arguments;
    const auto wrapped = [&](std::string_view before, const ExprPtr& argument,
                             std::string_view after) {
      put(before);
      expr(argument);
      put(after);
    };
    if (node.function == "lower" || node.function == "upper") {
      // The collation C, which keeps order as bytes, knows ASCII's letters only.
      put(node.function);
      wrapped("(CAST(", arguments[0], " AS TEXT) COLLATE \"und-x-icu\") COLLATE \"C\"");
    } else if (node.function == "instr") {
      put("strpos(");
      exprs(arguments);
      put(')');
    } else if (node.function == "trim" && arguments.size() == 2) {
      put("btrim(");
      exprs(arguments);
      put(')');
    } else if (node.function == "substr") {
      put("substr(");
      expr(arguments[0]);
      for (std::size_t i = 1; i < arguments.size(); ++i)
        wrapped(", CAST(", arguments[i], " AS INTEGER)");
      put(')');
    } else if (node.function == "round") {
      // By way of the text, which has all digits; the cast to NUMERIC itself keeps fifteen.
      wrapped("CAST(round(CAST(CAST(", arguments[0], " AS TEXT) AS NUMERIC)) AS DOUBLE PRECISION)");
    } else if (node.function == "mod") {
      wrapped("CAST(mod(CAST(CAST(", arguments[0], " AS TEXT) AS NUMERIC), ");
      wrapped("NULLIF(CAST(CAST(", arguments[1], " AS TEXT) AS NUMERIC), 0)) AS DOUBLE PRECISION)");
    } else if (node.function == "strftime") {
      const auto& format = std::get<std::string>(std::get<Literal>(arguments[0]->node).value);
      put("EXTRACT(");
      put(format == "%Y" ? "YEAR" : format == "%m" ? "MONTH" : "DAY");
      wrapped(" FROM TIMESTAMP 'epoch' + (", arguments[1], ") * INTERVAL '1 second')");
    } else {
      return false;
    }
    return true;
  }

  void window(const Window& node) {
    put(" OVER (");
    std::string_view space;
    if (!node.partition_by.empty()) {
      put("PARTITION BY ");
      exprs(node.partition_by);
      space = " ";
    }
    if (!node.order_by.empty()) {
      put(space);
      order_by("ORDER BY ", node.order_by);
      space = " ";
    }
    if (node.frame) {
      put(space);
      put(node.frame->unit == FrameUnit::rows ? "ROWS BETWEEN " : "RANGE BETWEEN ");
      bound(node.frame->from, "UNBOUNDED PRECEDING");
      put(" AND ");
      bound(node.frame->to, "UNBOUNDED FOLLOWING");
    }
    put(')');
  }
  void bound(const std::optional<std::int64_t>& offset, std::string_view unbounded) {
    if (!offset) return put(unbounded);
    if (*offset == 0) return put("CURRENT ROW");
    integer(*offset < 0 ? -*offset : *offset);
    put(*offset < 0 ? " PRECEDING" : " FOLLOWING");
  }

  void order_by(std::string_view keyword, const std::vector<OrderTerm>& terms) {
    put(keyword);
    list(terms, [&](const OrderTerm& term) {
      expr(term.expr);
      if (term.descending) put(" DESC");
      if (term.nulls == Nulls::first) put(" NULLS FIRST");
      if (term.nulls == Nulls::last) put(" NULLS LAST");
      // As SQLite orders them: null is less than anything.
      if (term.nulls == Nulls::unspecified && dialect_ == Dialect::postgresql)
        put(term.descending ? " NULLS LAST" : " NULLS FIRST");
    });
  }

  void write(const Case& node) {
    CHECK(!node.branches.empty());
    put("CASE");
    for (const auto& [condition, value] : node.branches) {
      put(" WHEN ");
      expr(condition);
      put(" THEN ");
      expr(value);
    }
    if (node.otherwise) {
      put(" ELSE ");
      expr(node.otherwise);
    }
    put(" END");
  }

  void write(const Cast& node) {
    put(node.or_null && dialect_ == Dialect::duckdb ? "TRY_CAST(" : "CAST(");
    expr(node.operand);
    put(" AS ");
    put(type_name(node.type));
    put(')');
  }

  void write(const InList& node) {
    if (node.list.empty()) return put(node.negated ? "TRUE" : "FALSE");
    operand(node.operand);
    put(node.negated ? " NOT IN (" : " IN (");
    exprs(node.list);
    put(')');
  }
  void write(const InQuery& node) {
    operand(node.operand);
    put(node.negated ? " NOT IN " : " IN ");
    subquery(node.query);
  }
  void write(const Exists& node) {
    put(node.negated ? "NOT EXISTS " : "EXISTS ");
    subquery(node.query);
  }
  void write(const ScalarQuery& node) { subquery(node.query); }

  void write(const Lambda& node) {
    CHECK(dialect_ == Dialect::duckdb);
    put("lambda ");
    identifiers(node.parameters);
    put(": ");
    expr(node.body);
  }
  void write(const StructPack& node) {
    CHECK(dialect_ == Dialect::duckdb);
    put("struct_pack(");
    list(node.members, [&](const auto& member) {
      identifier(member.first);
      put(" := ");
      expr(member.second);
    });
    put(')');
  }
  void write(const Member& node) {
    CHECK(dialect_ == Dialect::duckdb);
    put("struct_extract(");
    expr(node.operand);
    put(", ");
    quoted(node.name, '\'');
    put(')');
  }

  std::string_view type_name(Type type) const {
    const bool sqlite = dialect_ == Dialect::sqlite;
    const bool postgresql = dialect_ == Dialect::postgresql;
    switch (type) {
      case Type::boolean:
        return sqlite ? "INTEGER" : "BOOLEAN";
      case Type::integer:
        return "INTEGER";
      case Type::bigint:
        return sqlite ? "INTEGER" : "BIGINT";
      case Type::hugeint:
        return sqlite ? "INTEGER" : postgresql ? "NUMERIC" : "HUGEINT";
      case Type::real:
        return sqlite ? "REAL" : postgresql ? "DOUBLE PRECISION" : "DOUBLE";
      case Type::text:
        return dialect_ == Dialect::duckdb ? "VARCHAR" : "TEXT";
      case Type::blob:
        return postgresql ? "BYTEA" : "BLOB";
      case Type::decimal:
        return sqlite ? "TEXT" : "DECIMAL(38, 18)";
      case Type::json:
        return sqlite ? "TEXT" : postgresql ? "JSONB" : "JSON";
      case Type::variant_list:
        return sqlite ? "TEXT" : postgresql ? "JSONB" : "JSON[]";
    }
    CHECK(false);
  }

  // ---- queries

  void with(const std::vector<CommonTable>& tables) {
    const bool recursive = std::any_of(tables.begin(), tables.end(),
                                       [](const CommonTable& one) { return one.recursive; });
    put(recursive ? "WITH RECURSIVE " : "WITH ");
    list(tables, [&](const CommonTable& one) {
      identifier(one.name);
      put(one.materialized ? " AS MATERIALIZED " : " AS ");
      subquery(one.query);
    });
    put(' ');
  }

  void write(const Select& node) {
    CHECK(!node.items.empty());
    put(node.distinct ? "SELECT DISTINCT " : "SELECT ");
    select_items(node);
    if (node.from) {
      put(" FROM ");
      from(*node.from);
    }
    clause(" WHERE ", node.where);
    if (node.group_by_all) {
      put(" GROUP BY ALL");
    } else if (!node.group_by.empty()) {
      put(" GROUP BY ");
      exprs(node.group_by);
    }
    clause(" HAVING ", node.having);
    clause(" QUALIFY ", node.qualify);
  }
  void select_items(const Select& node) {
    bool first = true;
    const auto one = [&](const SelectItem& item) {
      if (!first) put(", ");
      first = false;
      expr(item.expr);
      alias(item.alias);
    };
    for (const auto& item : node.items)
      if (!node.by_name || !unused_.contains(item.alias)) one(item);
    if (first) put('1');  // the rows are read, none of their columns
  }
  void clause(std::string_view keyword, const ExprPtr& condition) {
    if (!condition) return;
    put(keyword);
    expr(condition);
  }

  void write(const SetQuery& node) {
    CHECK(!node.inputs.empty());
    static constexpr std::string_view words[] = {" UNION ALL ", " UNION ", " EXCEPT ",
                                                 " INTERSECT "};
    list(
        node.inputs,
        [&](const QueryPtr& input) {
          if (is_plain_select(*input) || node.inputs.size() == 1) return query(*input);
          // SQLite takes no parentheses around an input.
          if (dialect_ == Dialect::sqlite) put("SELECT * FROM ");
          subquery(input);
        },
        words[static_cast<std::size_t>(node.op)]);
  }

  void write(const ValuesQuery& node) {
    put("VALUES ");
    rows(node.rows);
  }
  void rows(const std::vector<std::vector<ExprPtr>>& values) {
    CHECK(!values.empty());
    list(values, [&](const std::vector<ExprPtr>& row) {
      put('(');
      exprs(row);
      put(')');
    });
  }

  // ---- tables

  void from(const TableRef& node, bool lateral = false) {
    std::visit([&](const auto& inner) { write(inner, lateral); }, node.node);
  }
  void write(const NamedTable& node, bool) {
    if (!node.schema.empty()) {
      identifier(node.schema);
      put('.');
    }
    identifier(node.name);
    alias(node.alias);
  }
  void write(const DerivedTable& node, bool lateral) {
    if (lateral || node.lateral) put("LATERAL ");
    subquery(node.query);
    alias(node.alias);
    if (!node.column_aliases.empty()) names_in_parentheses(node.column_aliases);
  }
  void write(const FunctionTable& node, bool) {
    function_name(node.function);
    put('(');
    exprs(node.arguments);
    put(')');
    alias(node.alias);
    if (!node.column_aliases.empty()) names_in_parentheses(node.column_aliases);
  }
  void write(const Join& node, bool) {
    static constexpr std::string_view words[] = {" JOIN ",      " LEFT JOIN ",  " RIGHT JOIN ",
                                                 " FULL JOIN ", " CROSS JOIN ", " SEMI JOIN ",
                                                 " ANTI JOIN "};
    CHECK(dialect_ == Dialect::duckdb ||
          (node.kind != JoinKind::semi && node.kind != JoinKind::anti));
    from(*node.left);
    put(words[static_cast<std::size_t>(node.kind)]);
    if (std::holds_alternative<Join>(node.right->node)) {
      put('(');
      from(*node.right);
      put(')');
    } else {
      from(*node.right, node.lateral);
    }
    clause(" ON ", node.on);
  }

  // ---- statements that write

  void write(const Insert& node) {
    put("INSERT INTO ");
    identifier(node.table);
    put(' ');
    if (!node.columns.empty()) {
      names_in_parentheses(node.columns);
      put(' ');
    }
    if (node.query) {
      query(*node.query);
      // Without a WHERE, SQLite reads the ON of the conflict as a join's.
      const auto* select = std::get_if<Select>(&node.query->body);
      if (dialect_ == Dialect::sqlite && !node.conflict_columns.empty() && select != nullptr &&
          !select->where && is_plain_select(*node.query)) {
        put(" WHERE TRUE");
      }
    } else {
      put("VALUES ");
      rows(node.rows);
    }
    if (!node.conflict_columns.empty()) {
      put(" ON CONFLICT ");
      names_in_parentheses(node.conflict_columns);
      put(node.conflict_set.empty() ? " DO NOTHING" : " DO UPDATE SET ");
      assignments(node.conflict_set);
    }
    returning(node.returning);
  }
  void write(const Update& node) {
    put("UPDATE ");
    identifier(node.table);
    put(" SET ");
    assignments(node.set);
    clause(" WHERE ", node.where);
    returning(node.returning);
  }
  void write(const Delete& node) {
    put("DELETE FROM ");
    identifier(node.table);
    clause(" WHERE ", node.where);
  }
  void assignments(const std::vector<std::pair<std::string, ExprPtr>>& set) {
    list(set, [&](const auto& one) {
      identifier(one.first);
      put(" = ");
      expr(one.second);
    });
  }
  void returning(const std::vector<std::string>& columns) {
    if (columns.empty()) return;
    put(" RETURNING ");
    identifiers(columns);
  }

  void write(const Merge& node) {
    put("MERGE INTO ");
    identifier(node.table);
    put(" USING ");
    identifier(node.source);
    put(" ON ");
    operand(node.on);
    put(" WHEN MATCHED THEN UPDATE SET ");
    assignments(node.set);
    if (node.insert.empty()) return;
    put(" WHEN NOT MATCHED THEN INSERT ");
    names_in_parentheses(node.insert);
    put(" VALUES (");
    list(node.insert, [&](const std::string& name) { expr(column(node.source, name)); });
    put(')');
  }
  void write(const CreateView& node) {
    put("CREATE OR REPLACE VIEW ");
    identifier(node.name);
    put(" AS ");
    query(*node.query);
  }

  void write(const CreateTable& node) {
    put(node.if_not_exists ? "CREATE TABLE IF NOT EXISTS " : "CREATE TABLE ");
    identifier(node.name);
    put(" (");
    list(node.columns, [&](const ColumnDefinition& one) { column_definition(one); });
    if (!node.primary_key.empty()) {
      put(", PRIMARY KEY ");
      names_in_parentheses(node.primary_key);
    }
    put(')');
    // STRICT: a value of the wrong type is refused, as the other dialects do by themselves.
    if (dialect_ == Dialect::sqlite) put(node.without_rowid ? " STRICT, WITHOUT ROWID" : " STRICT");
  }
  void column_definition(const ColumnDefinition& node) {
    identifier(node.name);
    put(' ');
    put(type_name(node.type));
    // As bytes, as in the other dialects, whatever the database's own order is.
    if (node.type == Type::text && dialect_ == Dialect::postgresql) put(" COLLATE \"C\"");
    if (node.not_null) put(" NOT NULL");
    if (node.default_value) {
      put(" DEFAULT ");
      operand(node.default_value);
    }
    if (node.primary_key && dialect_ == Dialect::postgresql && node.type == Type::bigint) {
      put(" GENERATED BY DEFAULT AS IDENTITY");
    }
    if (node.primary_key) put(" PRIMARY KEY");
  }
  void write(const CreateIndex& node) {
    put(node.unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
    if (node.if_not_exists) put("IF NOT EXISTS ");
    identifier(node.name);
    put(" ON ");
    identifier(node.table);
    order_by(" (", node.terms);
    put(')');
    clause(" WHERE ", node.where);
  }
  void write(const DropTable& node) {
    put("DROP TABLE ");
    identifier(node.name);
  }
  void write(const DropIndex& node) {
    put("DROP INDEX ");
    identifier(node.name);
  }
  void write(const DropColumn& node) {
    put("ALTER TABLE ");
    identifier(node.table);
    put(" DROP COLUMN ");
    identifier(node.column);
  }
  void write(const AddColumn& node) {
    put("ALTER TABLE ");
    identifier(node.table);
    put(" ADD COLUMN ");
    column_definition(node.column);
  }

  Dialect dialect_;
  Names unused_;
  Rendered out_;
};

}  // namespace

Rendered render(const Statement& statement, Dialect dialect) {
  if (const auto* query = std::get_if<QueryPtr>(&statement)) return render(**query, dialect);
  Renderer renderer(dialect);
  renderer.statement(statement);
  return renderer.take();
}

Rendered render(const Query& query, Dialect dialect) {
  Renderer renderer(dialect, unused_columns(query));
  renderer.query(query);
  return renderer.take();
}

}  // namespace rollcall::sql
