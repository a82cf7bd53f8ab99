// Tokens to a syntax tree, by recursive descent over the whole language. Each parse function has
// its production above it, named as in Kusto's own grammar. After a complaint the parser goes on
// behind the next `|` or `;`, so that one pass finds several mistakes. Nesting and length are
// bounded.
#pragma once
#include <string_view>
#include <vector>

#include "kql/ast.hpp"
#include "kql/compile.hpp"
#include "kql/lexer.hpp"

namespace rollcall::kql {

inline constexpr std::size_t max_text_bytes = 1 << 20;
inline constexpr int max_nesting = 150;
inline constexpr std::size_t max_diagnostics = 20;

struct Parsed {
  std::vector<ast::Statement> statements;
  Diagnostics diagnostics;
};
Parsed parse(std::string_view text);
// A function's parameter list with its parentheses, and its body without braces.
struct ParsedFunction {
  std::vector<ast::Parameter> parameters;
  std::vector<ast::Statement> body;
  Diagnostics diagnostics;
};
ParsedFunction parse_function(std::string_view parameters, std::string_view body);

class Parser {
 public:
  explicit Parser(std::string_view text);

  std::vector<ast::Statement> parse_statements();
  std::vector<ast::Parameter> parse_parameters();
  void expect_end();
  Diagnostics take_diagnostics();

 private:
  // --- tokens (parser.cpp). While panicking, every token reads as the end, so that all loops
  // unwind.
  const Token& peek(std::size_t ahead = 0) const;
  bool at(std::string_view text, std::size_t ahead = 0) const;
  bool at_kind(TokenKind kind, std::size_t ahead = 0) const { return peek(ahead).kind == kind; }
  Token take();
  bool accept(std::string_view text);
  bool expect(std::string_view text);
  void complain(std::string message, std::string suggestion = {});
  void complain_at(Span span, std::string message, std::string suggestion = {});
  void recover(bool to_statement);
  bool enter();
  void leave() { --depth_; }
  Span from(std::uint32_t start) const;
  bool at_list_end(std::size_t ahead = 0) const;

  // --- names (parser.cpp)
  std::size_t scan_name(std::size_t ahead = 0) const;
  std::size_t scan_extended_name(std::size_t ahead = 0) const;
  std::size_t scan_wildcard(std::size_t ahead = 0) const;
  bool at_braced_name(std::size_t ahead = 0) const;
  std::optional<ast::Identifier> parse_name(bool extended = false);
  ast::Identifier expect_name(bool extended = false);
  std::string expect_type(bool any_type = false);
  ast::Schema parse_schema(bool nested_type);
  ast::ExprPtr name_expr();
  ast::ExprPtr wildcard_expr();

  // --- expressions (parser_expression.cpp, parser_primary.cpp)
  ast::ExprPtr parse_unnamed();
  ast::ExprPtr parse_named();
  ast::ExprPtr parse_logical_or();
  ast::ExprPtr parse_logical_and();
  ast::ExprPtr parse_equality();
  ast::ExprPtr parse_relational();
  ast::ExprPtr parse_additive();
  ast::ExprPtr parse_multiplicative();
  ast::ExprPtr parse_string_operation();
  ast::ExprPtr parse_unary();
  ast::ExprPtr parse_path();
  ast::ExprPtr parse_primary();
  ast::ExprPtr parse_selector();
  ast::ExprPtr parse_simple_path();
  ast::ExprPtr parse_call();
  ast::ExprPtr parse_argument();
  bool at_call(std::size_t ahead = 0) const;
  ast::ExprPtr parse_in_list(ast::ExprPtr left);
  ast::ExprPtr parse_between(ast::ExprPtr left);
  bool at_query_expression() const;
  ast::ExprPtr parse_literal();
  ast::ExprPtr parse_dynamic();
  bool parse_json(std::string& out);
  bool parse_json_value(std::string& out);
  ast::ExprPtr parse_typeof();
  ast::ExprPtr parse_data_table();
  ast::ExprPtr parse_external_data();
  ast::ExprPtr parse_entity_group();
  ast::ExprPtr parse_query_in_parentheses(std::string_view word);
  ast::ExprPtr required(ast::ExprPtr expr);
  ast::ExprList parse_list(ast::ExprPtr (Parser::*element)(), bool one_or_more,
                           bool trailing = false);
  ast::ExprPtr binary(ast::ExprPtr left, ast::ExprPtr right, std::string op);

  // --- pipelines and operators (parser_pipeline.cpp, parser_operator*.cpp)
  ast::ExprPtr parse_expression();
  ast::ExprPtr parse_operators(ast::ExprPtr source, bool first_required);
  bool at_possible_operator() const;
  std::optional<ast::Operator> parse_operator();
  std::optional<ast::Operator> parse_transform_operator(std::string_view word);
  std::optional<ast::Operator> parse_source_operator(std::string_view word);
  std::optional<ast::Operator> parse_rare_operator(std::string_view word);
  ast::Options parse_options();
  std::optional<ast::Option> parse_option(bool any_name);
  ast::ExprPtr parse_option_value(bool call_allowed);
  ast::Options parse_property_list();
  ast::ExprPtr parse_ordered();
  ast::ExprPtr parse_reorder();
  ast::ExprPtr parse_wildcard_or_name();
  ast::ExprPtr parse_distinct_column();
  ast::ExprPtr parse_table_operand();
  ast::ExprPtr parse_find_operand();
  ast::ExprPtr parse_find_column();

  ast::Evaluate parse_evaluate();
  ast::Facet parse_facet();
  ast::Find parse_find();
  ast::Search parse_search();
  ast::Fork parse_fork();
  ast::Join parse_join(bool lookup);
  ast::MakeSeries parse_make_series();
  std::vector<ast::MvColumn> parse_mv_columns();
  ast::MvExpand parse_mv_expand();
  ast::MvApply parse_mv_apply();
  ast::Parse parse_parse(bool filter);
  ast::ParseKv parse_parse_kv();
  ast::Partition parse_partition();
  ast::Range parse_range();
  ast::Reduce parse_reduce();
  ast::Render parse_render();
  ast::Scan parse_scan();
  ast::Summarize parse_summarize();
  ast::Top parse_top();
  ast::TopNested parse_top_nested();
  ast::Union parse_union();
  ast::Graph parse_graph(std::string op);
  void parse_graph_patterns();
  ast::MacroExpand parse_macro_expand();

  // --- statements (parser_statement.cpp)
  std::optional<ast::Statement> parse_statement();
  ast::ExprPtr parse_let_value();
  bool at_function_declaration() const;
  ast::ExprPtr parse_lambda();
  ast::Parameter parse_parameter();
  std::optional<ast::Statement> parse_pattern();
  std::optional<ast::Statement> parse_restrict();

  std::vector<Token> tokens_;
  Diagnostics diagnostics_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool panicking_ = false;
  bool stopped_ = false;  // too deep to go on
  Token end_;
};

}  // namespace rollcall::kql
