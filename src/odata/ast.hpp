// The syntax tree of OData's expressions and of $orderby, $select, $expand and $search. Tokens in
// it look into the parsed text. It holds all of the grammar that services have; what lists do not
// have is refused by the binder, by name.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "odata/lexer.hpp"

namespace rollcall::odata::ast {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

struct Null {};
struct Boolean {
  bool value;
};
struct Literal {
  Token token;
  std::size_t index;  // which literal of the text, from 0
};
// A name=value or a value in the parentheses of a path's segment.
struct Argument {
  std::string_view name;  // empty: a value alone
  ExprPtr value;
};
// One step of a path: a property, `$count`, `@Term`, Model.Type, Function(a=1), Key('x'), any(v:
// …).
struct Segment {
  std::string_view name;
  Span span;
  bool has_arguments = false;
  std::vector<Argument> arguments = {};
  std::string_view variable = {};  // of any and all
  ExprPtr predicate = {};          // of any, all and $filter
};
struct Path {
  std::vector<Segment> segments;
};
struct Call {
  std::string_view function;
  Span name_span;
  std::vector<ExprPtr> arguments;
};
enum class UnaryOperator { not_, negate };
struct Unary {
  UnaryOperator op;
  ExprPtr operand;
};
enum class BinaryOperator {
  or_,
  and_,
  eq,
  ne,
  gt,
  ge,
  lt,
  le,
  add,
  sub,
  mul,
  div,
  divby,
  mod,
  has
};
struct Binary {
  BinaryOperator op;
  ExprPtr left, right;
};
struct In {
  ExprPtr operand;
  std::vector<ExprPtr> list;
  bool is_list;  // false: one collection
};
struct Json {};  // an array or object

struct Expr {
  std::variant<Null, Boolean, Literal, Path, Call, Unary, Binary, In, Json> node;
  Span span;
};

struct OrderItem {
  ExprPtr expr;
  bool descending = false;
};
// An item of $select or $expand.
struct PathItem {
  Path path;  // `*` is a segment
  bool has_options = false;
};

struct Search;
using SearchPtr = std::unique_ptr<Search>;
struct Term {
  std::string_view text;  // a word, or a phrase without its quotes
};
struct SearchNot {
  SearchPtr operand;
};
struct SearchAll {
  std::vector<SearchPtr> operands;
};
struct SearchAny {
  std::vector<SearchPtr> operands;
};
struct Search {
  std::variant<Term, SearchNot, SearchAll, SearchAny> node;
};

}  // namespace rollcall::odata::ast
