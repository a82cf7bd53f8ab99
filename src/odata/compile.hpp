// Options bound to a schema: a condition and an order as sql trees, in which the literals of
// $filter are slots. Two requests whose $filter differs only in its literals have the same shape
// and the same Compiled, so it and its statement can be kept under the shape's key; the literals
// are then only read and bound. Errors: ODATA0101, 0102, 0107, 0108 of the syntax; ODATA0103
// unknown property, ODATA0104 unknown function, ODATA0105 wrong arguments, ODATA0106 types that do
// not go together, ODATA0109 what lists do not have, ODATA0110 a filter that is no condition. Spans
// are in the option's text, which the message names if it is not $filter.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "odata/lexer.hpp"
#include "odata/options.hpp"
#include "odata/schema.hpp"
#include "sql/tree.hpp"

namespace rollcall::odata {

struct Shape {
  std::string key;  // of $filter without its literals, and of all other options but paging
  std::vector<Token> literals;  // of $filter; they look into its text
};
Result<Shape> shape_of(const Options& options);

// A shape that is kept, to know others by that differ only in the texts that $filter compares with: a flow asks the same
// again and again with other texts.
class KnownShape {
 public:
  KnownShape(const Options& options, const Shape& shape);
  // As shape_of() has it, without cutting $filter into tokens; nullopt: these options differ by more.
  std::optional<Shape> shape_of(const Options& options) const;

 private:
  Options options_;
  Shape shape_;  // its literals look nowhere
  bool usable_;  // it has texts, and no other literals
};

// How a literal becomes the value to bind.
enum class Conversion : std::uint8_t {
  as_it_is,
  text_to_datetime,
  number_to_boolean,
  text_to_json
};

struct OrderTerm {
  sql::ExprPtr expr;
  Type type;
  bool descending;
};

struct Compiled {
  sql::ExprPtr where;  // null: every item
  std::vector<OrderTerm> order_by;
  std::vector<std::string> select;   // properties; empty: all
  std::vector<std::string> expand;   // properties
  std::vector<Conversion> literals;  // of the shape's literals; literal i is slot i
  std::size_t now_slot = 0;          // behind the literals: what now() answers
};
Result<Compiled> compile(const Options& options, const Shape& shape, const Schema& schema);

// The values of slots 0 … now_slot.
Result<std::vector<sql::Value>> bind(const Compiled& compiled, const Shape& shape, Timestamp now);

}  // namespace rollcall::odata
