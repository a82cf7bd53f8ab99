// The syntax tree: what the parser makes of a KQL text and the binder walks. Plain structs in
// variants; everything that can stand as an operand is an Expr, a pipeline too. Spans count bytes
// of the text.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "kql/type.hpp"

namespace rollcall::kql::ast {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;
using ExprList = std::vector<ExprPtr>;
struct Operator;
struct Statement;

struct Identifier {
  std::string text;
  Span span;
};

// --- operands
// --------------------------------------------------------------------------------------- A literal
// as it is written, without its quotes or parentheses; `null` values keep the word.
struct Literal {
  Type type;
  std::string text;
};
struct DynamicLiteral {
  std::string json;  // compact; datetimes and timespans inside are strings already
};
struct TypeOf {
  std::string name;
  std::vector<std::pair<Identifier, std::string>> columns;  // typeof(a:long, …)
};
struct NameRef {
  std::string name;
};
struct Wildcard {
  std::string pattern;  // with its asterisks
};
struct Star {};
struct Member {
  ExprPtr operand;
  Identifier name;
};
// a.f(x): of a database, a cluster, or a composed call
struct MemberCall {
  ExprPtr operand;
  ExprPtr call;
};
struct Element {
  ExprPtr operand;
  ExprPtr index;
};
struct Call {
  Identifier function;
  ExprList arguments;
};
struct Negate {
  ExprPtr operand;
};
struct Binary {
  std::string op;  // as written: `==`, `!has_cs`, `matches regex`
  ExprPtr left, right;
};
// `and`, `or`: all operands of one chain, so that long chains stay flat
struct Logical {
  bool is_and;
  ExprList operands;
};
struct InList {
  std::string op;  // in, !in, in~, !in~, has_any, has_all
  ExprPtr left;
  ExprList list;
};
struct Between {
  ExprPtr operand, low, high;
  bool negated;
};
struct Named {
  std::vector<Identifier> names;  // one, or several in parentheses
  ExprPtr expr;
};
struct Ordered {
  ExprPtr expr;
  std::string direction;  // asc, desc, granny-asc, granny-desc, or empty
  std::string nulls;      // first, last, or empty
};
struct Pipeline {
  ExprPtr source;  // null: the operators start by themselves (print, range, union …) or read the
                   // context
  std::vector<Operator> operators;
};
struct ToScalar {
  ExprPtr query;
};
struct ToTable {
  ExprPtr query;
};
struct Materialize {
  ExprPtr query;
};
struct Schema {
  std::vector<std::pair<Identifier, std::string>> columns;  // name, type's name
  bool star = false;
};
struct DataTable {
  Schema schema;
  ExprList values;
};
// `kind=inner`, `hint.strategy=shuffle`, `withsource=T`
struct Option {
  Identifier name;
  ExprPtr value;
};
using Options = std::vector<Option>;
struct ExternalData {
  Schema schema;
  ExprList sources;
  Options with;
};
struct EntityGroup {
  ExprList members;
};
struct Parameter {
  Identifier name;
  std::string type;  // empty: tabular, with `schema`
  std::optional<Schema> schema;
  ExprPtr default_value;
};
struct Lambda {
  std::vector<Parameter> parameters;
  std::shared_ptr<std::vector<Statement>> body;  // the last one is the result
};

struct Expr {
  std::variant<Literal, DynamicLiteral, TypeOf, NameRef, Wildcard, Star, Member, MemberCall,
               Element, Call, Negate, Binary, Logical, InList, Between, Named, Ordered, Pipeline,
               ToScalar, ToTable, Materialize, DataTable, ExternalData, EntityGroup, Lambda>
      node;
  Span span;
};

// --- operators
// --------------------------------------------------------------------------------------
struct As {
  Identifier name;
};
struct AssertSchema {
  Schema schema;
};
struct Consume {};
struct Count {
  std::string name;
};
struct Distinct {
  ExprList columns;
};
struct Evaluate {
  Call call;
  Span call_span;
  std::optional<Schema> schema;
};
struct Extend {
  ExprList columns;
};
struct Facet {
  ExprList columns;
  std::vector<Operator> with;
};
struct Find {
  Options options;
  ExprList tables;
  ExprPtr predicate;
  ExprList project;
  bool project_smart = false;
  ExprList project_away;
};
struct Fork {
  std::vector<std::pair<std::string, ExprPtr>> branches;
};
struct GetSchema {};
struct Graph {
  std::string op;
};  // make-graph and its family: parsed, refused by name
struct Invoke {
  ExprPtr call;
};
struct Join {
  Options options;
  ExprPtr right;
  ExprList on;
  ExprPtr where;
  bool lookup = false;
};
struct MacroExpand {};
struct MakeSeries {
  Options options;
  std::vector<std::pair<ExprPtr, ExprPtr>> aggregates;  // with the default, or null
  ExprPtr on, from, to, step;
  ExprList by;
};
struct MvColumn {
  ExprPtr expr;
  std::optional<TypeOf> type;
};
struct MvExpand {
  Options options;
  std::vector<MvColumn> columns;
  ExprPtr limit;
};
struct MvApply {
  Options options;
  std::vector<MvColumn> columns;
  ExprPtr limit;
  ExprPtr query;
};
struct ParsePart {
  enum class Kind { star, text, capture } kind;
  std::string text;  // the literal text, or the capture's name
  std::string type;  // a capture's; may be empty
  Span span;
};
struct Parse {
  Options options;
  ExprPtr expr;
  std::vector<ParsePart> parts;
  bool filter = false;  // parse-where
};
struct ParseKv {
  ExprPtr expr;
  Schema keys;
  Options with;
};
struct Partition {
  Options options;
  ExprPtr by;
  ExprPtr query;
  bool whole_query = false;
};
struct Print {
  ExprList columns;
};
struct Project {
  ExprList columns;
};
struct ProjectAway {
  ExprList columns;
};
struct ProjectByNames {
  ExprList columns;
};
struct ProjectKeep {
  ExprList columns;
};
struct ProjectRename {
  ExprList columns;
};
struct ProjectReorder {
  ExprList columns;
};
struct Range {
  Identifier name;
  ExprPtr from, to, step;
};
struct Reduce {
  ExprPtr by;
  Options with;
};
struct Render {
  std::string kind;
  Options properties;
};
struct Sample {
  ExprPtr count;
};
struct SampleDistinct {
  ExprPtr count, of;
};
struct ScanStep {
  Identifier name;
  bool optional = false;
  std::string output;  // all, last, none, or empty
  ExprPtr condition;
  std::vector<std::pair<Identifier, ExprPtr>> assignments;
};
struct Scan {
  Options options;
  ExprList order_by, partition_by;
  std::vector<Parameter> declared;
  std::vector<ScanStep> steps;
};
struct Search {
  Options options;
  ExprList tables;
  ExprPtr predicate;
};
struct Serialize {
  ExprList columns;
};
struct Sort {
  ExprList by;
};
struct Summarize {
  ExprList aggregates, by;
  ExprPtr bin;
};
struct Take {
  ExprPtr count;
};
struct Top {
  ExprPtr count;
  ExprPtr by;
};
struct TopHitters {
  ExprPtr count, of, by;
};
struct TopNestedClause {
  ExprPtr count, of, others, by;
};
struct TopNested {
  std::vector<TopNestedClause> clauses;
};
struct Union {
  Options options;
  ExprList tables;
};
struct Where {
  ExprPtr predicate;
};

struct Operator {
  std::variant<As, AssertSchema, Consume, Count, Distinct, Evaluate, Extend, Facet, Find, Fork,
               GetSchema, Graph, Invoke, Join, MacroExpand, MakeSeries, MvExpand, MvApply, Parse,
               ParseKv, Partition, Print, Project, ProjectAway, ProjectByNames, ProjectKeep,
               ProjectRename, ProjectReorder, Range, Reduce, Render, Sample, SampleDistinct, Scan,
               Search, Serialize, Sort, Summarize, Take, Top, TopHitters, TopNested, Union, Where>
      node;
  Span span;       // of the whole operator
  Span name_span;  // of its name
};

// --- statements
// -------------------------------------------------------------------------------------
struct Let {
  Identifier name;
  ExprPtr value;
};
struct Set {
  Identifier name;
};
struct QueryParameters {
  std::vector<Parameter> parameters;
};
// declare pattern name = (…)[…] { (values)[.["path"]] = { statements }; … }
struct PatternArm {
  ExprList values;
  std::string path;
  std::shared_ptr<std::vector<Statement>> body;
};
struct Pattern {
  Identifier name;
  std::vector<PatternArm> arms = {};
};
struct Alias {
  Identifier name;
};
struct Restrict {};
struct Query {
  ExprPtr expr;
};
struct Statement {
  std::variant<Let, Set, QueryParameters, Pattern, Alias, Restrict, Query> node;
  Span span;
};

}  // namespace rollcall::kql::ast
