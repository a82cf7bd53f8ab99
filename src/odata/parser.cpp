// Recursive descent over the lexer's tokens, one token ahead. The grammar's production stands above
// each function. Depth is bounded, so that hostile nesting ends in an error.
#include "odata/parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "odata/search_parser.hpp"

namespace rollcall::odata {
namespace {

using ast::BinaryOperator;
using ast::ExprPtr;

struct OperatorWord {
  std::string_view word;
  BinaryOperator op;
  int level;  // binds tighter the higher it is
};
constexpr std::array operator_words{
    OperatorWord{"or", BinaryOperator::or_, 1},      OperatorWord{"and", BinaryOperator::and_, 2},
    OperatorWord{"eq", BinaryOperator::eq, 3},       OperatorWord{"ne", BinaryOperator::ne, 3},
    OperatorWord{"gt", BinaryOperator::gt, 4},       OperatorWord{"ge", BinaryOperator::ge, 4},
    OperatorWord{"lt", BinaryOperator::lt, 4},       OperatorWord{"le", BinaryOperator::le, 4},
    OperatorWord{"add", BinaryOperator::add, 5},     OperatorWord{"sub", BinaryOperator::sub, 5},
    OperatorWord{"mul", BinaryOperator::mul, 6},     OperatorWord{"div", BinaryOperator::div, 6},
    OperatorWord{"divby", BinaryOperator::divby, 6}, OperatorWord{"mod", BinaryOperator::mod, 6},
    OperatorWord{"has", BinaryOperator::has, 8}};

template <class Node>
ExprPtr make(Node node, Span span) {
  return std::make_unique<ast::Expr>(ast::Expr{std::move(node), span});
}

Span join(Span first, Span last) {
  return {first.offset, last.offset + last.length - first.offset};
}

// What the parentheses behind an item of $expand or $select may hold.
enum class Nested { all, counted, reference };

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), lexer_(text) {}

  Result<void> start() { return advance(); }
  Result<void> finish() {
    if (token_.kind == TokenKind::end) return {};
    return unexpected("an operator or the end");
  }

  // commonExpr, by precedence: an operand, then all operators that bind as tight as `level` or
  // tighter.
  Result<ExprPtr> expression(int level = 1) {
    const Deeper deeper(depth_);
    if (depth_ > max_depth)
      return fail("ODATA0108", "the expression nests too deeply", token_.span);
    TRY(auto left, unary());
    for (;;) {
      const auto* word = operator_here();
      if (word == nullptr || word->level < level) return left;
      TRY_DO(advance());
      TRY(auto right, expression(word->level + 1));
      const auto span = join(left->span, right->span);
      left = make(ast::Binary{word->op, std::move(left), std::move(right)}, span);
    }
  }

  // orderby = commonExpr [ RWS ( "asc" / "desc" ) ] *( COMMA … )
  Result<std::vector<ast::OrderItem>> orderby() {
    std::vector<ast::OrderItem> items;
    do {
      ast::OrderItem item;
      TRY(item.expr, expression());
      item.descending = is_word("desc");
      if (item.descending || is_word("asc")) TRY_DO(advance());
      items.push_back(std::move(item));
      TRY(const bool more, take(TokenKind::comma));
      if (!more) return items;
    } while (true);
  }

  // select and expand: paths with options of their own in parentheses.
  Result<std::vector<ast::PathItem>> path_items(bool expand) {
    std::vector<ast::PathItem> items;
    do {
      ast::PathItem item;
      TRY(item.path, item_path());
      if (token_.kind == TokenKind::open) {
        const auto last = item.path.segments.back().name;
        item.has_options = true;
        TRY_DO(nested_options(last == "$count" ? Nested::counted
                              : last == "$ref" ? Nested::reference
                                               : Nested::all,
                              expand));
      }
      items.push_back(std::move(item));
      TRY(const bool more, take(TokenKind::comma));
      if (!more) return items;
    } while (true);
  }

  // resourcePath: like a path, but its first segment may have a key, and be `$all`,
  // `$crossjoin(…)`.
  Result<ast::Path> resource_path() {
    ast::Path path;
    TRY_DO(segments(path));
    return path;
  }

 private:
  struct Deeper {
    explicit Deeper(int& depth) : depth_(depth) { ++depth_; }
    ~Deeper() { --depth_; }
    int& depth_;
  };

  Result<void> advance() {
    if (is_literal(token_.kind)) ++literals_;
    TRY(token_, lexer_.next());
    return {};
  }
  // Consumes the token if it is of this kind.
  Result<bool> take(TokenKind kind) {
    if (token_.kind != kind) return false;
    TRY_DO(advance());
    return true;
  }
  Result<void> expect(TokenKind kind, std::string_view what) {
    if (token_.kind != kind) return unexpected(what);
    return advance();
  }
  std::unexpected<Error> unexpected(std::string_view expected) const {
    if (token_.kind == TokenKind::end)
      return fail("ODATA0102", fmt::format("{} is missing here", expected), token_.span);
    std::string_view hint;
    if (token_.kind == TokenKind::equals) hint = "; equality is written eq";
    if (token_.kind == TokenKind::quoted) hint = "; texts stand in single quotes";
    return fail("ODATA0102",
                fmt::format("'{}' stands where {} is expected{}", token_.text, expected, hint),
                token_.span);
  }
  bool is_word(std::string_view word) const {
    return token_.kind == TokenKind::name && equals_ignoring_case(token_.text, word);
  }
  const OperatorWord* operator_here() const {
    if (token_.kind != TokenKind::name) return nullptr;
    for (const auto& one : operator_words) {
      if (equals_ignoring_case(one.word, token_.text)) return &one;
    }
    return nullptr;
  }

  // negateExpr = "-" BWS commonExpr ; notExpr = "not" RWS boolCommonExpr
  Result<ExprPtr> unary() {
    const bool negates = token_.kind == TokenKind::minus;
    if (!negates && !(is_word("not") && !next_is('/'))) return postfix();
    const Deeper deeper(depth_);
    if (depth_ > max_depth)
      return fail("ODATA0108", "the expression nests too deeply", token_.span);
    const auto first = token_.span;
    TRY_DO(advance());
    TRY(auto operand, unary());
    const auto span = join(first, operand->span);
    const auto op = negates ? ast::UnaryOperator::negate : ast::UnaryOperator::not_;
    return make(ast::Unary{op, std::move(operand)}, span);
  }

  // inExpr = RWS "in" RWS ( listExpr / commonExpr )
  Result<ExprPtr> postfix() {
    TRY(auto operand, primary());
    while (is_word("in")) {
      TRY_DO(advance());
      ast::In in{std::move(operand), {}, token_.kind == TokenKind::open};
      const auto first = in.operand->span;
      auto last = token_.span;
      if (in.is_list) {
        TRY_DO(list(in, last));
      } else {
        TRY(auto collection, primary());
        last = collection->span;
        in.list.push_back(std::move(collection));
      }
      operand = make(std::move(in), join(first, last));
    }
    return operand;
  }

  // listExpr = OPEN BWS primitiveLiteral *( COMMA primitiveLiteral ) BWS CLOSE ; one may be any
  // expression
  Result<void> list(ast::In& in, Span& last) {
    TRY_DO(advance());
    while (token_.kind != TokenKind::close) {
      const auto at = token_.span;
      TRY(auto item, expression());
      const bool constant = std::holds_alternative<ast::Literal>(item->node) ||
                            std::holds_alternative<ast::Null>(item->node) ||
                            std::holds_alternative<ast::Boolean>(item->node);
      in.list.push_back(std::move(item));
      if (!constant && (in.list.size() > 1 || token_.kind == TokenKind::comma)) {
        return fail("ODATA0102", "a list holds only literals",
                    token_.kind == TokenKind::comma ? token_.span : at);
      }
      if (token_.kind == TokenKind::close) break;
      TRY_DO(expect(TokenKind::comma, "',' or ')'"));
      if (token_.kind == TokenKind::close) return unexpected("a literal");
    }
    last = token_.span;
    return advance();
  }

  Result<ExprPtr> primary() {
    const auto first = token_.span;
    if (is_literal(token_.kind)) {
      ast::Literal literal{token_, literals_};
      TRY_DO(advance());
      return make(literal, first);
    }
    switch (token_.kind) {
      case TokenKind::open: {
        TRY_DO(advance());
        TRY(auto inner, expression());
        TRY_DO(expect(TokenKind::close, "')'"));
        return inner;
      }
      case TokenKind::open_bracket:
      case TokenKind::open_brace:
        TRY_DO(json());
        return make(ast::Json{}, first);
      case TokenKind::name:
        if (next_is('/')) break;
        if (equals_ignoring_case(token_.text, "null")) {
          TRY_DO(advance());
          return make(ast::Null{}, first);
        }
        if (is_word("true") || is_word("false")) {
          const bool value = is_word("true");
          TRY_DO(advance());
          return make(ast::Boolean{value}, first);
        }
        if (next_is('(') && is_function(token_.text)) return call();
        break;
      case TokenKind::at:
        break;
      case TokenKind::dollar:
        if (token_.text == "$it" || token_.text == "$this" || token_.text == "$root") break;
        return unexpected("a value");
      default:
        return unexpected("a value");
    }
    ast::Path path;
    TRY_DO(segments(path));
    const auto span = join(first, path.segments.back().span);
    return make(std::move(path), span);
  }

  bool next_is(char c) const {
    return lexer_.position() < text_.size() && text_[lexer_.position()] == c;
  }

  // A function of the language, not of a model: contains, geo.length. Any name that is not part of
  // a path.
  static bool is_function(std::string_view name) {
    return !name.contains('.') || name.starts_with("geo.");
  }

  // methodCallExpr: name OPEN BWS [ commonExpr *( COMMA commonExpr ) ] BWS CLOSE, or a function of
  // the model
  Result<ExprPtr> call() {
    const Token name = token_;
    ast::Path path;
    TRY_DO(advance());
    ast::Segment segment{name.text, name.span};
    segment.has_arguments = true;
    TRY_DO(arguments(segment));
    const bool named = std::any_of(segment.arguments.begin(), segment.arguments.end(),
                                   [](const ast::Argument& one) { return !one.name.empty(); });
    if (token_.kind == TokenKind::slash || token_.kind == TokenKind::open || named) {
      path.segments.push_back(std::move(segment));
      TRY_DO(more_segments(path));
      const auto span = join(name.span, path.segments.back().span);
      return make(std::move(path), span);
    }
    ast::Call made{name.text, name.span, {}};
    for (auto& argument : segment.arguments) made.arguments.push_back(std::move(argument.value));
    return make(std::move(made), join(name.span, segment.span));
  }

  // The arguments of a function or a key's values, from `(` to behind `)`; the span grows to hold
  // them.
  Result<void> arguments(ast::Segment& segment) {
    TRY_DO(expect(TokenKind::open, "'('"));
    const bool is_case = equals_ignoring_case(segment.name, "case");
    while (token_.kind != TokenKind::close) {
      ast::Argument argument{{}, nullptr};
      const Token first = token_;
      TRY(argument.value, expression());
      const auto* path = std::get_if<ast::Path>(&argument.value->node);
      if (token_.kind == TokenKind::equals && path != nullptr && path->segments.size() == 1) {
        argument.name = first.text;
        TRY_DO(advance());
        TRY(argument.value, expression());
      }
      segment.arguments.push_back(std::move(argument));
      if (is_case && token_.kind == TokenKind::colon) {
        TRY_DO(advance());
        ast::Argument value{{}, nullptr};
        TRY(value.value, expression());
        segment.arguments.push_back(std::move(value));
      }
      if (token_.kind == TokenKind::close) break;
      TRY_DO(expect(TokenKind::comma, "',' or ')'"));
      if (token_.kind == TokenKind::close) return unexpected("a value");
    }
    segment.span = join(segment.span, token_.span);
    return advance();
  }

  // memberExpr: segments between slashes
  Result<void> segments(ast::Path& path) {
    TRY_DO(one_segment(path));
    return more_segments(path);
  }
  Result<void> more_segments(ast::Path& path) {
    while (token_.kind == TokenKind::open) TRY_DO(key(path));
    while (token_.kind == TokenKind::slash) {
      TRY_DO(advance());
      TRY_DO(one_segment(path));
      while (token_.kind == TokenKind::open) TRY_DO(key(path));
    }
    return {};
  }
  Result<void> one_segment(ast::Path& path) {
    const Token token = token_;
    switch (token.kind) {
      case TokenKind::name:
      case TokenKind::dollar:
      case TokenKind::at:
      case TokenKind::star:
        break;
      default:
        return unexpected("a name");
    }
    const bool first = path.segments.empty();
    path.segments.push_back({token.text, token.span});
    TRY_DO(advance());
    if (token_.kind != TokenKind::open) return {};
    auto& segment = path.segments.back();
    if (!first && equals_ignoring_case(token.text, "any")) return lambda(segment, true);
    if (!first && equals_ignoring_case(token.text, "all")) return lambda(segment, false);
    segment.has_arguments = true;
    if (token.text == "$filter") {
      TRY_DO(advance());
      TRY(segment.predicate, expression());
      return expect(TokenKind::close, "')'");
    }
    return arguments(segment);
  }
  // A key, or the arguments of a call, behind a segment that has some already.
  Result<void> key(ast::Path& path) {
    ast::Segment segment{{}, token_.span};
    segment.has_arguments = true;
    TRY_DO(arguments(segment));
    path.segments.push_back(std::move(segment));
    return {};
  }
  // anyExpr = "any" OPEN BWS [ lambdaVariableExpr BWS COLON BWS lambdaPredicateExpr ] BWS CLOSE
  Result<void> lambda(ast::Segment& segment, bool may_be_empty) {
    segment.has_arguments = true;
    TRY_DO(advance());
    if (may_be_empty && token_.kind == TokenKind::close) return advance();
    segment.variable = token_.text;
    TRY_DO(expect(TokenKind::name, "a variable"));
    TRY_DO(expect(TokenKind::colon, "':'"));
    TRY(segment.predicate, expression());
    return expect(TokenKind::close, "')'");
  }

  // arrayOrObject; inside, also OData's own literals and expressions.
  Result<void> json() {
    const Deeper deeper(depth_);
    if (depth_ > max_depth) return fail("ODATA0108", "the value nests too deeply", token_.span);
    if (token_.kind == TokenKind::quoted) return advance();
    const bool object = token_.kind == TokenKind::open_brace;
    if (!object && token_.kind != TokenKind::open_bracket) {
      TRY_DO(expression());
      return {};
    }
    const auto close = object ? TokenKind::close_brace : TokenKind::close_bracket;
    TRY_DO(advance());
    while (token_.kind != close) {
      if (object) {
        TRY_DO(expect(TokenKind::quoted, "a name in double quotes"));
        TRY_DO(expect(TokenKind::colon, "':'"));
      }
      TRY_DO(json());
      if (token_.kind == close) break;
      TRY_DO(expect(TokenKind::comma, object ? "',' or '}'" : "',' or ']'"));
      if (token_.kind == close) return unexpected("a value");
    }
    return advance();
  }

  Result<ast::Path> item_path() {
    ast::Path path;
    for (;;) {
      const Token token = token_;
      if (token.kind != TokenKind::name && token.kind != TokenKind::dollar &&
          token.kind != TokenKind::at && token.kind != TokenKind::star) {
        return unexpected("a name");
      }
      path.segments.push_back({token.text, token.span});
      TRY_DO(advance());
      TRY(const bool more, take(TokenKind::slash));
      if (!more) return path;
    }
  }

  // expandOptions, selectOptions, or the names of a function's parameters: OPEN … *( SEMI … ) CLOSE
  Result<void> nested_options(Nested nested, bool expand) {
    const Deeper deeper(depth_);
    if (depth_ > max_depth) return fail("ODATA0108", "the options nest too deeply", token_.span);
    TRY_DO(advance());
    if (!expand && token_.kind == TokenKind::name && (next_is(',') || next_is(')'))) {
      do {
        TRY_DO(expect(TokenKind::name, "a parameter's name"));
        TRY(const bool more, take(TokenKind::comma));
        if (!more) return expect(TokenKind::close, "')'");
      } while (true);
    }
    for (;;) {
      TRY_DO(nested_option(nested));
      if (token_.kind == TokenKind::close) return advance();
      TRY_DO(expect(TokenKind::semicolon, "';' or ')'"));
    }
  }

  Result<void> nested_option(Nested nested) {
    const Token name = token_;
    if (name.kind == TokenKind::at) {
      TRY_DO(advance());
      TRY_DO(expect(TokenKind::equals, "'='"));
      return json();
    }
    if (name.kind != TokenKind::name && name.kind != TokenKind::dollar)
      return unexpected("an option");
    const auto option = to_lower(name.kind == TokenKind::dollar ? name.text.substr(1) : name.text);
    const bool filters = option == "filter" || option == "search";
    const bool pages =
        option == "orderby" || option == "skip" || option == "top" || option == "count";
    if ((nested == Nested::counted && !filters) ||
        (nested == Nested::reference && !filters && !pages)) {
      return unexpected("an option that goes with $count or $ref");
    }
    TRY_DO(advance());
    if (option == "search" && token_.kind == TokenKind::equals) return nested_search();
    TRY_DO(expect(TokenKind::equals, "'='"));
    if (option == "filter") return ignore(expression());
    if (option == "orderby") return ignore(orderby());
    if (option == "select") return ignore(path_items(false));
    if (option == "expand") return ignore(path_items(true));
    if (option == "count") {
      if (!is_word("true") && !is_word("false")) return unexpected("true or false");
      return advance();
    }
    if (option == "levels" && is_word("max")) return advance();
    if (option == "top" || option == "skip" || option == "levels") {
      const bool padded =
          token_.text.size() > 1 && token_.text.front() == '0' && option == "levels";
      if (token_.kind != TokenKind::integer || token_.text.front() == '-' || padded)
        return unexpected("a number");
      return advance();
    }
    return fail("ODATA0103", fmt::format("'{}' is not an option of an item", name.text), name.span);
  }
  template <class T>
  static Result<void> ignore(Result<T> result) {
    if (!result) return std::unexpected(std::move(result).error());
    return {};
  }

  // $search takes words as they are, up to the `;` or `)` that ends the option.
  Result<void> nested_search() {
    const auto begin = lexer_.position();
    const auto length = search_length(text_.substr(begin));
    TRY_DO(parse_search(text_.substr(begin, length)));
    lexer_.skip_to(begin + length);
    return advance();
  }

  std::string_view text_;
  Lexer lexer_;
  Token token_;
  std::size_t literals_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<ast::ExprPtr> parse_expression(std::string_view text) {
  TRY_DO(check_edges(text));
  Parser parser(text);
  TRY_DO(parser.start());
  TRY(auto expression, parser.expression());
  TRY_DO(parser.finish());
  return expression;
}

Result<std::vector<ast::OrderItem>> parse_orderby(std::string_view text) {
  Parser parser(text);
  TRY_DO(parser.start());
  TRY(auto items, parser.orderby());
  TRY_DO(parser.finish());
  return items;
}

Result<std::vector<ast::PathItem>> parse_select(std::string_view text) {
  Parser parser(text);
  TRY_DO(parser.start());
  TRY(auto items, parser.path_items(false));
  TRY_DO(parser.finish());
  return items;
}

Result<std::vector<ast::PathItem>> parse_expand(std::string_view text) {
  Parser parser(text);
  TRY_DO(parser.start());
  TRY(auto items, parser.path_items(true));
  TRY_DO(parser.finish());
  return items;
}

Result<ast::Path> parse_resource_path(std::string_view text) {
  Parser parser(text);
  TRY_DO(parser.start());
  TRY(auto path, parser.resource_path());
  TRY_DO(parser.finish());
  return path;
}

}  // namespace rollcall::odata
