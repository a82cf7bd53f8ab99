#include "doors/sharepoint/shape.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "odata/literal.hpp"
#include "odata/options.hpp"
#include "odata/parser.hpp"

namespace rollcall::doors::sharepoint {
namespace {

namespace ast = odata::ast;

// A condition over one entity's members. What it cannot be asked is said, not guessed.
class Condition {
 public:
  explicit Condition(const json::object& entity) : entity_(entity) {}

  Result<json::value> value(const ast::Expr& expr) const {
    if (std::holds_alternative<ast::Null>(expr.node)) return json::value(nullptr);
    if (const auto* node = std::get_if<ast::Boolean>(&expr.node)) return json::value(node->value);
    if (const auto* node = std::get_if<ast::Literal>(&expr.node)) return literal(*node);
    if (const auto* node = std::get_if<ast::Path>(&expr.node)) return member(*node, expr.span);
    if (const auto* node = std::get_if<ast::Call>(&expr.node)) return call(*node);
    if (const auto* node = std::get_if<ast::Binary>(&expr.node)) return binary(*node, expr.span);
    if (const auto* node = std::get_if<ast::Unary>(&expr.node);
        node && node->op == ast::UnaryOperator::not_) {
      TRY(const auto operand, value(*node->operand));
      return json::value(!is_true(operand));
    }
    return unable(expr.span);
  }
  static bool is_true(const json::value& value) { return value.is_bool() && value.get_bool(); }

 private:
  static std::unexpected<Error> unable(Span span) {
    return fail("ODATA0109", "this cannot be asked of lists and fields, only of items", span);
  }
  static Result<json::value> literal(const ast::Literal& node) {
    TRY(const auto value, odata::value_of(node.token, odata::Conversion::as_it_is));
    if (const auto* text = std::get_if<std::string>(&value)) return json::value(*text);
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      if (node.token.kind == odata::TokenKind::datetime)
        return json::value(format_iso_seconds({*number}));
      return json::value(*number);
    }
    if (const auto* number = std::get_if<double>(&value)) return json::value(*number);
    return unable(node.token.span);
  }
  Result<json::value> member(const ast::Path& path, Span span) const {
    const json::value* found = entity_.if_contains(path.segments.front().name);
    for (std::size_t i = 1; i < path.segments.size() && found != nullptr; ++i)
      found = find(*found, path.segments[i].name);
    if (found == nullptr) {
      return fail("ODATA0103", fmt::format("unknown property '{}'", path.segments.front().name),
                  span);
    }
    return *found;
  }
  Result<json::value> call(const ast::Call& node) const {
    const bool turned = equals_ignoring_case(node.function, "substringof");
    const bool start = equals_ignoring_case(node.function, "startswith");
    if ((!turned && !start) || node.arguments.size() != 2) return unable(node.name_span);
    TRY(const auto first, value(*node.arguments[0]));
    TRY(const auto second, value(*node.arguments[1]));
    if (!first.is_string() || !second.is_string()) return json::value(false);
    const std::string_view a = first.get_string(), b = second.get_string();
    return json::value(turned ? b.contains(a) : a.starts_with(b));
  }
  Result<json::value> binary(const ast::Binary& node, Span span) const {
    using enum ast::BinaryOperator;
    TRY(const auto left, value(*node.left));
    TRY(const auto right, value(*node.right));
    if (node.op == and_) return json::value(is_true(left) && is_true(right));
    if (node.op == or_) return json::value(is_true(left) || is_true(right));
    if (node.op == eq) return json::value(equal(left, right));
    if (node.op == ne) return json::value(!equal(left, right));
    if (node.op > le) return unable(span);
    const bool less = before(left, right), more = before(right, left);
    const bool same = equal(left, right);
    return json::value(node.op == lt   ? less
                       : node.op == gt ? more
                       : node.op == le ? less || same
                                       : more || same);
  }
  // SharePoint writes truth values as 1 and 0 too.
  static bool equal(const json::value& a, const json::value& b) {
    if (a.is_bool() && b.is_int64()) return a.get_bool() == (b.get_int64() != 0);
    if (b.is_bool() && a.is_int64()) return equal(b, a);
    if (a.is_string() && b.is_string()) return equals_ignoring_case(a.get_string(), b.get_string());
    return a == b;
  }

 public:
  static bool before(const json::value& a, const json::value& b) {
    if (a.is_number() && b.is_number()) return a.to_number<double>() < b.to_number<double>();
    if (a.is_string() && b.is_string())
      return std::string_view(a.get_string()) < std::string_view(b.get_string());
    return a.is_null() && !b.is_null();
  }

 private:
  const json::object& entity_;
};

Result<void> select(json::object& entity, std::string_view names) {
  std::vector<std::string_view> wanted;
  for (const auto part : split(names, ',')) wanted.push_back(trim(part));
  if (std::ranges::find(wanted, "*") != wanted.end()) return {};
  json::object kept;
  for (auto& member : entity) {
    const std::string_view name = member.key();
    const bool is_wanted =
        name.starts_with("odata.") || std::ranges::any_of(wanted, [&](std::string_view one) {
          return equals_ignoring_case(one.substr(0, one.find('/')), name);
        });
    if (is_wanted) kept.insert(std::move(member));
  }
  for (const auto name : wanted) {
    const auto first = name.substr(0, name.find('/'));
    const bool there = std::ranges::any_of(
        kept, [&](const auto& member) { return equals_ignoring_case(member.key(), first); });
    if (!there)
      return fail("ODATA0103", fmt::format("the field or property '{}' does not exist", name));
  }
  entity = std::move(kept);
  return {};
}

Result<void> filter(json::array& entities, const std::string& text) {
  TRY(const auto condition, odata::parse_expression(text));
  json::array kept;
  for (auto& entity : entities) {
    TRY(const auto value, Condition(entity.as_object()).value(*condition));
    if (Condition::is_true(value)) kept.push_back(std::move(entity));
  }
  entities = std::move(kept);
  return {};
}

Result<void> order(json::array& entities, const std::string& text) {
  TRY(const auto items, odata::parse_orderby(text));
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    std::vector<std::pair<json::value, json::value>> keyed;
    for (auto& entity : entities) {
      TRY(auto key, Condition(entity.as_object()).value(*item->expr));
      keyed.emplace_back(std::move(key), std::move(entity));
    }
    std::ranges::stable_sort(keyed, [&](const auto& a, const auto& b) {
      return item->descending ? Condition::before(b.first, a.first)
                              : Condition::before(a.first, b.first);
    });
    for (std::size_t i = 0; i < keyed.size(); ++i) entities[i] = std::move(keyed[i].second);
  }
  return {};
}

// As items are asked, but what lists alone do not know is left to whoever reads $expand.
Result<odata::Options> options_of(const http::Parameters& query) {
  TRY(auto options, odata::parse_options(query));
  odata::trim_filter(options);
  return options;
}

}  // namespace

Result<void> shape(json::array& entities, const http::Parameters& query) {
  TRY(const auto options, options_of(query));
  if (options.filter) TRY_DO(filter(entities, *options.filter));
  if (options.orderby) TRY_DO(order(entities, *options.orderby));
  const auto size = static_cast<std::int64_t>(entities.size());
  const auto from = std::min(options.skip.value_or(0), size);
  const auto to = options.top ? std::min(size, from + std::min(*options.top, size)) : size;
  entities.erase(entities.begin() + to, entities.end());
  entities.erase(entities.begin(), entities.begin() + from);
  if (options.select) {
    for (auto& entity : entities) TRY_DO(select(entity.as_object(), *options.select));
  }
  return {};
}

Result<void> shape(json::object& entity, const http::Parameters& query) {
  TRY(const auto options, options_of(query));
  if (options.select) TRY_DO(select(entity, *options.select));
  return {};
}

}  // namespace rollcall::doors::sharepoint
