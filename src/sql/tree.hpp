// The SQL tree: what kql, odata and store build, and the one place from which SQL text is made (render.hpp).
// Nodes are immutable and may be shared. User values stand only in Parameter nodes: texts among them are always bound;
// Literal holds our own constants. Identifiers are quoted when rendered.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace rollcall::sql {

using Blob = std::vector<std::byte>;
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string, Blob>;

struct Expr;
struct Query;
using ExprPtr = std::shared_ptr<const Expr>;
using QueryPtr = std::shared_ptr<const Query>;

// The column types our own tables and casts use; each dialect has its name for them.
enum class Type {
  boolean,
  integer,
  bigint,
  hugeint,
  real,
  text,
  blob,
  decimal,
  json,
  variant_list
};

struct Column {
  std::string table;  // alias; empty: the name alone
  std::string name;
};
struct Star {
  std::string table;
};
// A value from outside: bound; at most a whole number is written into the text.
struct Parameter {
  Value value;
};
// A parameter of a statement that is prepared once: bound at each execution, counted from 0.
struct Slot {
  std::size_t index;
};
// A constant of ours: null, a truth value, a number, or a text that no user wrote.
struct Literal {
  std::variant<std::monostate, bool, std::int64_t, double, std::string> value;
};
enum class UnaryOperator { not_, negate, is_null, is_not_null };
struct Unary {
  UnaryOperator op;
  ExprPtr operand;
};
// `divide` is of floating numbers in every dialect; `integer_divide` wants integers; `like` has the dialect's
// own escape; `is_(not_)distinct_from` treat null as a value.
enum class BinaryOperator {
  and_,
  or_,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  add,
  subtract,
  multiply,
  divide,
  integer_divide,
  modulo,
  concat,
  is_distinct_from,
  is_not_distinct_from,
  bit_and,
  bit_or,
  shift_left,
  shift_right,
  like
};
struct Binary {
  BinaryOperator op;
  ExprPtr left, right;
};
enum class Nulls { unspecified, first, last };
struct OrderTerm {
  ExprPtr expr;
  bool descending = false;
  Nulls nulls = Nulls::unspecified;
};
enum class FrameUnit { rows, range };
// A frame bound: an offset before (negative) or after the current row; absent: unbounded.
struct Frame {
  FrameUnit unit = FrameUnit::rows;
  std::optional<std::int64_t> from;
  std::optional<std::int64_t> to;
};
struct Window {
  std::vector<ExprPtr> partition_by;
  std::vector<OrderTerm> order_by;
  std::optional<Frame> frame;
};
struct Call {
  std::string function;  // a name of ours, never a user's
  std::vector<ExprPtr> arguments;
  bool distinct = false;
  std::vector<OrderTerm> order_by;  // inside an aggregate's parentheses
  ExprPtr filter;                   // FILTER (WHERE …)
  std::optional<Window> over;
  bool ignore_nulls = false;
};
struct Case {
  std::vector<std::pair<ExprPtr, ExprPtr>> branches;
  ExprPtr otherwise;  // null pointer: NULL
};
struct Cast {
  ExprPtr operand;
  Type type;
  bool or_null = false;  // TRY_CAST where the dialect has it
};
struct InList {
  ExprPtr operand;
  std::vector<ExprPtr> list;
  bool negated = false;
};
struct InQuery {
  ExprPtr operand;
  QueryPtr query;
  bool negated = false;
};
struct Exists {
  QueryPtr query;
  bool negated = false;
};
struct ScalarQuery {
  QueryPtr query;
};
// DuckDB: lambda parameters: body; STRUCT with named members; a member of a struct.
struct Lambda {
  std::vector<std::string> parameters;
  ExprPtr body;
};
struct StructPack {
  std::vector<std::pair<std::string, ExprPtr>> members;
};
struct Member {
  ExprPtr operand;
  std::string name;
};

struct Expr {
  std::variant<Column, Star, Parameter, Slot, Literal, Unary, Binary, Call, Case, Cast, InList,
               InQuery, Exists, ScalarQuery, Lambda, StructPack, Member>
      node;
};

struct TableRef;
using TableRefPtr = std::shared_ptr<const TableRef>;
struct NamedTable {
  std::string name;
  std::string alias;
  std::string schema;  // empty: the default one
};
struct DerivedTable {
  QueryPtr query;
  std::string alias;
  bool lateral = false;
  std::vector<std::string> column_aliases = {};
};
struct FunctionTable {
  std::string function;
  std::vector<ExprPtr> arguments;
  std::string alias;
  std::vector<std::string> column_aliases;
};
enum class JoinKind { inner, left, right, full, cross, semi, anti };
struct Join {
  JoinKind kind;
  TableRefPtr left, right;
  ExprPtr on;  // null for a cross join
  bool lateral = false;
};
struct TableRef {
  std::variant<NamedTable, DerivedTable, FunctionTable, Join> node;
};

struct SelectItem {
  ExprPtr expr;
  std::string alias;  // empty: none
};
struct CommonTable {
  std::string name;
  QueryPtr query;
  bool materialized = false;
  bool recursive = false;
};
struct Select {
  bool distinct = false;
  std::vector<SelectItem> items;
  TableRefPtr from;  // null: no FROM
  ExprPtr where;
  std::vector<ExprPtr> group_by;
  bool group_by_all = false;
  ExprPtr having;
  ExprPtr qualify;
  // It is read by its aliases, each of which names one column in the whole query; an item that nobody reads is
  // left out of the text (unused.hpp).
  bool by_name = false;
};
enum class SetOperator { union_all, union_distinct, except, intersect };
struct SetQuery {
  SetOperator op;
  std::vector<QueryPtr> inputs;  // at least one
};
struct ValuesQuery {
  std::vector<std::vector<ExprPtr>> rows;
};
struct Query {
  std::vector<CommonTable> with;
  std::variant<Select, SetQuery, ValuesQuery> body;
  std::vector<OrderTerm> order_by;
  ExprPtr limit;
  ExprPtr offset;
};

// Statements that write, for store and lists. kql makes none of them.
struct Insert {
  std::string table;
  std::vector<std::string> columns;
  std::vector<std::vector<ExprPtr>> rows;  // or from a query
  QueryPtr query;
  std::vector<std::string> conflict_columns;                  // ON CONFLICT (…); empty: none
  std::vector<std::pair<std::string, ExprPtr>> conflict_set;  // DO UPDATE SET; empty: DO NOTHING
  std::vector<std::string> returning;
};
struct Update {
  std::string table;
  std::vector<std::pair<std::string, ExprPtr>> set;
  ExprPtr where;
  std::vector<std::string> returning;
};
struct Delete {
  std::string table;
  ExprPtr where;
};
struct ColumnDefinition {
  std::string name;
  Type type;
  bool not_null = false;
  bool primary_key = false;  // with bigint: the row id
  ExprPtr default_value;
};
struct CreateTable {
  std::string name;
  std::vector<ColumnDefinition> columns;
  std::vector<std::string> primary_key;  // of several columns
  bool without_rowid = false;            // SQLite: keep rows in the key's tree
  bool if_not_exists = false;
};
struct CreateIndex {
  std::string name;
  std::string table;
  std::vector<OrderTerm> terms;
  bool unique = false;
  ExprPtr where;
  bool if_not_exists = false;
};
struct DropTable {
  std::string name;
};
struct DropIndex {
  std::string name;
};
struct DropColumn {
  std::string table;
  std::string column;
};
struct AddColumn {
  std::string table;
  ColumnDefinition column;
};
// MERGE INTO table USING source ON …: matched rows are updated; with `insert` the others are put in, each of
// these columns from the source's column of that name. For the warehouse's batches.
struct Merge {
  std::string table;
  std::string source;
  ExprPtr on;
  std::vector<std::pair<std::string, ExprPtr>> set;
  std::vector<std::string> insert;
};
struct CreateView {
  std::string name;
  QueryPtr query;  // without parameters
};
using Statement = std::variant<QueryPtr, Insert, Update, Delete, CreateTable, CreateIndex,
                               DropTable, DropIndex, AddColumn, DropColumn, Merge, CreateView>;

// Short makers, so that lowering reads like the SQL it makes.
ExprPtr column(std::string name);
ExprPtr column(std::string table, std::string name);
ExprPtr parameter(Value value);
ExprPtr slot(std::size_t index);
ExprPtr null();
ExprPtr literal(bool value);
ExprPtr literal(std::int64_t value);
ExprPtr literal(double value);
ExprPtr literal(std::string value);
ExprPtr call(std::string function, std::vector<ExprPtr> arguments);
ExprPtr unary(UnaryOperator op, ExprPtr operand);
ExprPtr binary(BinaryOperator op, ExprPtr left, ExprPtr right);
// A null pointer stands for "no condition" on either side.
ExprPtr and_also(ExprPtr left, ExprPtr right);
ExprPtr cast(ExprPtr operand, Type type);
ExprPtr try_cast(ExprPtr operand, Type type);
template <class Node>
ExprPtr make(Node node) {
  return std::make_shared<const Expr>(Expr{std::move(node)});
}
TableRefPtr table(std::string name, std::string alias = {});
TableRefPtr derived(QueryPtr query, std::string alias);
QueryPtr query(Select select);

}  // namespace rollcall::sql
