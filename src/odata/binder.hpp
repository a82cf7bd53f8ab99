// Syntax trees bound to a schema and lowered to sql trees in one pass.
// OData's null rules (URL conventions 5.1.1.1): eq and ne treat null as a value; gt, ge, lt, le are
// false with one null, and ge and le true with two; arithmetic and functions of null are null; and,
// or, not are three-valued. Where only truth counts (a filter's top, below and and or), SQL's own
// null, which is no truth either, may stand for false: plain comparisons are what indexes serve.
// DIFFERS: SharePoint compares texts without regard to case; here texts are equal when they are the
// same.
#pragma once
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "odata/ast.hpp"
#include "odata/compile.hpp"
#include "odata/schema.hpp"
#include "sql/tree.hpp"

namespace rollcall::odata {

// A bound expression. A bare literal keeps its index, because what it is compared with may change
// its type.
struct Bound {
  sql::ExprPtr sql;
  Type type = Type::null;
  bool nullable = true;
  std::optional<Token> literal = std::nullopt;
  std::size_t slot = 0;
  bool many = false;  // a property of several choices
};

class Binder {
 public:
  // as_slots: literals become slots 0 …; otherwise parameters with their values.
  Binder(const Schema& schema, bool as_slots, std::size_t literal_count)
      : schema_(schema),
        as_slots_(as_slots),
        now_slot_(literal_count),
        conversions_(literal_count) {}

  Result<sql::ExprPtr> filter(const ast::Expr& expr);
  Result<Bound> value(const ast::Expr& expr);
  const std::vector<Conversion>& conversions() const { return conversions_; }

  // For the function table.
  Result<void> convert(Bound& literal, Conversion conversion, Type type);
  sql::ExprPtr now() const { return sql::make(sql::Slot{now_slot_}); }

 private:
  enum class Nulls { as_false, exact };  // may null stand for false here?

  Result<Bound> condition(const ast::Expr& expr, Nulls nulls);
  Result<Bound> chain(const ast::Binary& node, Nulls nulls);
  Result<Bound> comparison(const ast::Binary& node, Span span, Nulls nulls);
  Result<Bound> among(Bound many, Bound one, ast::BinaryOperator op, Span span);
  Result<Bound> membership(const ast::In& node, Nulls nulls);
  Result<Bound> arithmetic(const ast::Binary& node, Span span);
  Result<Bound> negation(const ast::Unary& node);
  Result<Bound> literal(const ast::Literal& node);
  Result<Bound> property(const ast::Path& path, Span span);
  Result<Bound> function(const ast::Call& node, Span span);
  Result<void> unify(Bound& left, Bound& right, Span span);

  const Schema& schema_;
  bool as_slots_;
  std::size_t now_slot_;
  std::vector<Conversion> conversions_;
};

// The functions, by name; in functions.cpp.
Result<Bound> bind_function(Binder& binder, const ast::Call& call, std::vector<Bound> arguments);
bool is_number(Type type);

}  // namespace rollcall::odata
