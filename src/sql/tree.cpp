// The makers of the SQL tree.
#include "sql/tree.hpp"

namespace rollcall::sql {

ExprPtr column(std::string name) { return make(Column{{}, std::move(name)}); }
ExprPtr column(std::string table, std::string name) {
  return make(Column{std::move(table), std::move(name)});
}
ExprPtr parameter(Value value) { return make(Parameter{std::move(value)}); }
ExprPtr slot(std::size_t index) { return make(Slot{index}); }
ExprPtr null() { return make(Literal{std::monostate{}}); }
ExprPtr literal(bool value) { return make(Literal{value}); }
ExprPtr literal(std::int64_t value) { return make(Literal{value}); }
ExprPtr literal(double value) { return make(Literal{value}); }
ExprPtr literal(std::string value) { return make(Literal{std::move(value)}); }

ExprPtr call(std::string function, std::vector<ExprPtr> arguments) {
  return make(Call{.function = std::move(function),
                   .arguments = std::move(arguments),
                   .order_by = {},
                   .filter = nullptr,
                   .over = std::nullopt});
}

ExprPtr unary(UnaryOperator op, ExprPtr operand) { return make(Unary{op, std::move(operand)}); }

ExprPtr binary(BinaryOperator op, ExprPtr left, ExprPtr right) {
  return make(Binary{op, std::move(left), std::move(right)});
}

ExprPtr and_also(ExprPtr left, ExprPtr right) {
  if (!left) return right;
  if (!right) return left;
  return binary(BinaryOperator::and_, std::move(left), std::move(right));
}

ExprPtr cast(ExprPtr operand, Type type) { return make(Cast{std::move(operand), type}); }
ExprPtr try_cast(ExprPtr operand, Type type) { return make(Cast{std::move(operand), type, true}); }

TableRefPtr table(std::string name, std::string alias) {
  return std::make_shared<const TableRef>(
      TableRef{NamedTable{std::move(name), std::move(alias), {}}});
}

TableRefPtr derived(QueryPtr query, std::string alias) {
  DerivedTable node;
  node.query = std::move(query);
  node.alias = std::move(alias);
  return std::make_shared<const TableRef>(TableRef{std::move(node)});
}

QueryPtr query(Select select) {
  return std::make_shared<const Query>(Query{{}, std::move(select), {}, nullptr, nullptr});
}

}  // namespace rollcall::sql
