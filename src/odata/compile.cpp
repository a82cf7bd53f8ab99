// Shapes, and what a shape is compiled to.
#include "odata/compile.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "odata/binder.hpp"
#include "odata/literal.hpp"
#include "odata/parser.hpp"

namespace rollcall::odata {
namespace {

using Op = sql::BinaryOperator;

Error in_option(Error error, std::string_view option) {
  error.message = fmt::format("{}: {}", option, error.message);
  return error;
}

template <class T>
Result<T> in_option(Result<T> result, std::string_view option) {
  if (!result) return std::unexpected(in_option(std::move(result).error(), option));
  return result;
}

std::string path_name(const ast::Path& path) {
  std::string name;
  for (const auto& segment : path.segments) {
    if (!name.empty()) name += '/';
    name += segment.name;
  }
  return name;
}

Span path_span(const ast::Path& path) {
  const auto first = path.segments.front().span, last = path.segments.back().span;
  return {first.offset, last.offset + last.length - first.offset};
}

std::unexpected<Error> unknown_property(const Schema& schema, const std::string& name, Span span) {
  const auto nearest = schema.nearest(name);
  return fail("ODATA0103",
              nearest.empty()
                  ? fmt::format("unknown property '{}'", name)
                  : fmt::format("unknown property '{}'; did you mean '{}'?", name, nearest),
              span);
}

Result<std::vector<OrderTerm>> bind_orderby(Binder& binder, const std::string& text) {
  TRY(const auto items, parse_orderby(text));
  std::vector<OrderTerm> terms;
  for (const auto& item : items) {
    TRY(auto bound, binder.value(*item.expr));
    if (bound.type == Type::json)
      return fail("ODATA0106", "a JSON value has no order", item.expr->span);
    terms.push_back({std::move(bound.sql), bound.type, item.descending});
  }
  return terms;
}

// `*`, properties, and what is below something expanded, as in `Author/Title`.
Result<std::vector<std::string>> bind_select(const Schema& schema, const std::string& text) {
  TRY(const auto items, parse_select(text));
  std::vector<std::string> names;
  bool everything = false;
  for (const auto& item : items) {
    auto name = path_name(item.path);
    if (name == "*") {
      everything = true;
      continue;
    }
    if (item.has_options)
      return fail("ODATA0109", "lists have no options of a property", path_span(item.path));
    if (schema.find(name) == nullptr &&
        std::find(schema.expandable.begin(), schema.expandable.end(), name) ==
            schema.expandable.end()) {
      return unknown_property(schema, name, path_span(item.path));
    }
    names.push_back(std::move(name));
  }
  if (everything) names.clear();
  return names;
}

Result<std::vector<std::string>> bind_expand(const Schema& schema, const std::string& text) {
  TRY(const auto items, parse_expand(text));
  std::vector<std::string> names;
  for (const auto& item : items) {
    const auto name = path_name(item.path);
    if (std::find(schema.expandable.begin(), schema.expandable.end(), name) ==
        schema.expandable.end()) {
      return fail("ODATA0103", fmt::format("'{}' cannot be expanded", name), path_span(item.path));
    }
    names.push_back(name);
  }
  return names;
}

sql::ExprPtr lower_term(const Schema& schema, std::string_view text) {
  sql::ExprPtr any;
  const auto part = sql::call("lower", {sql::parameter(std::string(text))});
  for (const auto& property : schema.properties) {
    if (!property.searched) continue;
    auto found = sql::binary(
        Op::greater, sql::call("instr", {sql::call("lower", {sql::column(property.column)}), part}),
        sql::literal(std::int64_t{0}));
    found = sql::call("coalesce", {std::move(found), sql::literal(false)});
    any = any ? sql::binary(Op::or_, std::move(any), std::move(found)) : std::move(found);
  }
  return any ? any : sql::literal(false);
}

sql::ExprPtr lower_search(const Schema& schema, const ast::Search& search) {
  struct Visitor {
    const Schema& schema;
    sql::ExprPtr operator()(const ast::Term& node) const { return lower_term(schema, node.text); }
    sql::ExprPtr operator()(const ast::SearchNot& node) const {
      return sql::unary(sql::UnaryOperator::not_, lower_search(schema, *node.operand));
    }
    sql::ExprPtr operator()(const ast::SearchAll& node) const {
      return join(node.operands, Op::and_);
    }
    sql::ExprPtr operator()(const ast::SearchAny& node) const {
      return join(node.operands, Op::or_);
    }
    sql::ExprPtr join(const std::vector<ast::SearchPtr>& operands, Op op) const {
      auto joined = lower_search(schema, *operands.front());
      for (std::size_t i = 1; i < operands.size(); ++i) {
        joined = sql::binary(op, std::move(joined), lower_search(schema, *operands[i]));
      }
      return joined;
    }
  };
  return std::visit(Visitor{schema}, search.node);
}

// Of 'text', with its quotes, at the front; 0: there is none, or the lexer has something to say of it.
std::size_t text_length(std::string_view text) {
  if (!text.starts_with('\'')) return 0;
  auto end = text.find('\'', 1);
  while (end != std::string_view::npos && text.substr(end + 1).starts_with('\''))
    end = text.find('\'', end + 2);
  if (end == std::string_view::npos || text.substr(0, end).contains('\0')) return 0;
  return end + 1;
}

}  // namespace

Result<Shape> shape_of(const Options& options) {
  Shape shape;
  if (options.filter) {
    TRY_DO(check_edges(*options.filter));
    shape.key.reserve(options.filter->size());
    shape.key += 'f';
    const std::string_view filter = *options.filter;
    std::size_t written = 0;
    Lexer lexer(filter);
    for (;;) {
      TRY(const auto token, lexer.next());
      if (token.kind == TokenKind::end) break;
      if (!is_literal(token.kind)) continue;
      shape.key += filter.substr(written, token.span.offset - written);
      written = token.span.offset + token.span.length;
      // The type belongs to the shape: 1 and 1.5 are bound differently.
      shape.key += '\x01';
      shape.key += static_cast<char>('a' + static_cast<int>(type_of(token)));
      shape.literals.push_back(token);
    }
    shape.key += filter.substr(written);
  }
  const std::pair<const std::optional<std::string>*, char> others[] = {{&options.orderby, 'o'},
                                                                       {&options.select, 's'},
                                                                       {&options.expand, 'e'},
                                                                       {&options.search, 'q'}};
  for (const auto& [text, mark] : others) {
    if (!*text) continue;
    shape.key += '\x02';
    shape.key += mark;
    shape.key += **text;
  }
  return shape;
}

KnownShape::KnownShape(const Options& options, const Shape& shape)
    : options_(options), shape_(shape) {
  const auto is_text = [](const Token& one) { return one.kind == TokenKind::string; };
  usable_ = !shape_.literals.empty() && std::ranges::all_of(shape_.literals, is_text);
  for (auto& literal : shape_.literals) literal.text = literal.content = {};
}

std::optional<Shape> KnownShape::shape_of(const Options& options) const {
  if (!usable_ || !options.filter || options.filter->size() > max_text_bytes ||
      options.orderby != options_.orderby || options.select != options_.select ||
      options.expand != options_.expand || options.search != options_.search) {
    return std::nullopt;
  }
  const std::string_view known = *options_.filter, filter = *options.filter;
  auto shape = shape_;
  std::size_t from = 0, at = 0;  // behind the last text, in the one and in the other
  for (auto& literal : shape.literals) {
    const auto between = known.substr(from, literal.span.offset - from);
    if (!filter.substr(at).starts_with(between)) return std::nullopt;
    from = literal.span.offset + literal.span.length;
    const auto begin = at + between.size();
    at = begin + text_length(filter.substr(begin));
    if (at == begin) return std::nullopt;
    literal.text = filter.substr(begin, at - begin);
    literal.content = literal.text.substr(1, literal.text.size() - 2);
    literal.span = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at - begin)};
  }
  if (filter.substr(at) != known.substr(from)) return std::nullopt;
  return shape;
}

Result<Compiled> compile(const Options& options, const Shape& shape, const Schema& schema) {
  Compiled compiled;
  compiled.now_slot = shape.literals.size();
  if (options.filter) {
    TRY(const auto filter, parse_expression(*options.filter));
    Binder binder(schema, true, shape.literals.size());
    TRY(compiled.where, binder.filter(*filter));
    compiled.literals = binder.conversions();
  }
  if (options.search) {
    TRY(const auto search, in_option(parse_search(*options.search), "$search"));
    compiled.where = sql::and_also(std::move(compiled.where), lower_search(schema, *search));
  }
  if (options.orderby) {
    Binder binder(schema, false, shape.literals.size());
    TRY(compiled.order_by, in_option(bind_orderby(binder, *options.orderby), "$orderby"));
  }
  if (options.select) {
    TRY(compiled.select, in_option(bind_select(schema, *options.select), "$select"));
  }
  if (options.expand) {
    TRY(compiled.expand, in_option(bind_expand(schema, *options.expand), "$expand"));
  }
  return compiled;
}

Result<std::vector<sql::Value>> bind(const Compiled& compiled, const Shape& shape, Timestamp now) {
  std::vector<sql::Value> values;
  values.reserve(compiled.now_slot + 1);
  for (std::size_t i = 0; i < shape.literals.size(); ++i) {
    TRY(auto value, value_of(shape.literals[i], compiled.literals[i]));
    values.push_back(std::move(value));
  }
  values.emplace_back(now.ticks);
  return values;
}

}  // namespace rollcall::odata
