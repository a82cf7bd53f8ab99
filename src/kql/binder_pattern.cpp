#include "kql/binder_pattern.hpp"

// declare pattern: each arm is a function without parameters, under a name that no query can write.

namespace rollcall::kql {
namespace {

constexpr char separator = '\x1f';

std::string arm_name(Binder& binder, const std::string& pattern, const ast::ExprList& values,
                     const std::string& path, const EnvironmentPtr& environment) {
  std::string name = pattern;
  for (const auto& value : values) {
    const auto text =
        binder.bind_constant(*value, environment, Type::string, "an argument of a pattern");
    name += separator + (text ? std::get<std::string>(*text) : std::string());
  }
  return name + separator + separator + path;
}

}  // namespace

const ast::Call* pattern_call(const ast::Expr& expr, const EnvironmentPtr& environment) {
  const ast::Expr* called = &expr;
  if (const auto* member = std::get_if<ast::Member>(&expr.node)) called = member->operand.get();
  if (const auto* element = std::get_if<ast::Element>(&expr.node)) called = element->operand.get();
  const auto* call = std::get_if<ast::Call>(&called->node);
  return call != nullptr && environment->find(call->function.text + separator) != nullptr ? call
                                                                                          : nullptr;
}

Relation bind_pattern_call(Binder& binder, const ast::Expr& expr,
                           const EnvironmentPtr& environment) {
  const ast::Call& call = *pattern_call(expr, environment);
  std::string path;
  if (const auto* member = std::get_if<ast::Member>(&expr.node)) path = member->name.text;
  if (const auto* element = std::get_if<ast::Element>(&expr.node)) {
    const auto text =
        binder.bind_constant(*element->index, environment, Type::string, "a pattern's path");
    if (text) path = std::get<std::string>(*text);
  }
  const std::string name = arm_name(binder, call.function.text, call.arguments, path, environment);
  const auto* symbol = environment->find(name);
  const auto* arm = symbol == nullptr ? nullptr : std::get_if<FunctionSymbol>(symbol);
  if (arm == nullptr) {
    binder.complain(
        "KQL0101", expr.span,
        fmt::format("the pattern '{}' has nothing for these values", call.function.text));
    return binder.broken();
  }
  Scope scope{environment};
  return binder.call_table_function(*arm, ast::Call{{name, expr.span}, {}}, expr.span, scope,
                                    nullptr);
}

void Binder::bind_pattern(const ast::Pattern& pattern, const EnvironmentPtr& environment) {
  static const std::vector<ast::Parameter> none;
  // The bare name tells that there is such a pattern.
  environment->symbols.insert_or_assign(pattern.name.text + separator, unknown_scalar());
  for (const auto& arm : pattern.arms) {
    const std::string name = arm_name(*this, pattern.name.text, arm.values, arm.path, environment);
    environment->symbols.insert_or_assign(
        name, FunctionSymbol{pattern.name.text, &none, arm.body.get(), environment});
  }
}

}  // namespace rollcall::kql
