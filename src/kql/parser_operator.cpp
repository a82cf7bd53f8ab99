#include "kql/parser.hpp"

// The everyday operators: those that take the rows they are given.

namespace rollcall::kql {
namespace {

ast::Operator op(decltype(ast::Operator::node) node) { return {std::move(node), {}, {}}; }

}  // namespace

std::optional<ast::Operator> Parser::parse_transform_operator(std::string_view word) {
  if (word == "where" || word == "filter") {
    take();
    parse_options();
    return op(ast::Where{required(parse_named())});
  }
  if (word == "extend") {
    take();
    return op(ast::Extend{parse_list(&Parser::parse_named, true)});
  }
  if (word == "project") {
    take();
    return op(ast::Project{parse_list(&Parser::parse_named, false)});
  }
  if (word == "summarize") return op(parse_summarize());
  if (word == "sort" || word == "order") {
    take();
    parse_options();
    expect("by");
    return op(ast::Sort{parse_list(&Parser::parse_ordered, true)});
  }
  if (word == "take" || word == "limit") {
    take();
    parse_options();
    return op(ast::Take{required(parse_named())});
  }
  if (word == "top") return op(parse_top());
  if (word == "count" && !at("(", 1)) {
    take();
    ast::Count count;
    if (accept("as")) count.name = expect_name().text;
    return op(std::move(count));
  }
  if (word == "distinct") {
    take();
    parse_options();
    return op(ast::Distinct{parse_list(&Parser::parse_distinct_column, true)});
  }
  if (word == "join" || word == "lookup") return op(parse_join(word == "lookup"));
  if (word == "project-away") {
    take();
    return op(ast::ProjectAway{parse_list(&Parser::parse_wildcard_or_name, false)});
  }
  if (word == "project-keep") {
    take();
    return op(ast::ProjectKeep{parse_list(&Parser::parse_wildcard_or_name, false)});
  }
  if (word == "project-rename") {
    take();
    return op(ast::ProjectRename{parse_list(&Parser::parse_named, false)});
  }
  if (word == "project-reorder") {
    take();
    return op(ast::ProjectReorder{parse_list(&Parser::parse_reorder, false)});
  }
  if (word == "mv-expand" || word == "mvexpand") return op(parse_mv_expand());
  if (word == "mv-apply" || word == "mvapply") return op(parse_mv_apply());
  if (word == "parse") return op(parse_parse(false));
  if (word == "parse-where") return op(parse_parse(true));
  if (word == "parse-kv") return op(parse_parse_kv());
  if (word == "serialize") {
    take();
    parse_options();
    return op(ast::Serialize{parse_list(&Parser::parse_named, false)});
  }
  if (word == "make-series") return op(parse_make_series());
  if (word == "render") return op(parse_render());
  if (word == "as") {
    take();
    parse_options();
    return op(ast::As{expect_name()});
  }
  return std::nullopt;
}

// summarize [option …] [expr, …] [by expr, … [bin = value]]
ast::Summarize Parser::parse_summarize() {
  take();
  parse_options();
  ast::Summarize summarize;
  if (!at("by")) summarize.aggregates = parse_list(&Parser::parse_named, false);
  if (accept("by")) {
    summarize.by = parse_list(&Parser::parse_named, true);
    if (at("bin") && at("=", 1)) {
      take();
      take();
      summarize.bin = required(parse_unnamed());
    }
  }
  return summarize;
}

// top count by expr [asc|desc] [nulls first|last]
ast::Top Parser::parse_top() {
  take();
  parse_options();
  ast::Top top;
  top.count = required(parse_named());
  expect("by");
  top.by = required(parse_ordered());
  return top;
}

// join [kind=…] table [on expr, … | where expr]
ast::Join Parser::parse_join(bool lookup) {
  take();
  ast::Join join;
  join.lookup = lookup;
  join.options = parse_options();
  join.right = required(parse_unnamed());
  if (accept("on")) {
    join.on = parse_list(&Parser::parse_unnamed, true);
  } else if (!lookup && accept("where")) {
    join.where = required(parse_unnamed());
  } else if (lookup) {
    complain("expected 'on'");
  }
  return join;
}

// MvColumn: expr [to typeof ( type )]
std::vector<ast::MvColumn> Parser::parse_mv_columns() {
  std::vector<ast::MvColumn> columns;
  do {
    ast::MvColumn column;
    if (!at("to")) column.expr = required(parse_named());
    if (accept("to")) {
      if (!at("typeof")) complain("expected 'typeof'");
      if (auto type = parse_typeof()) column.type = std::get<ast::TypeOf>(std::move(type->node));
    }
    columns.push_back(std::move(column));
  } while (accept(","));
  return columns;
}

// mv-expand [option …] MvColumn, … [limit n]
ast::MvExpand Parser::parse_mv_expand() {
  take();
  ast::MvExpand expand;
  expand.options = parse_options();
  expand.columns = parse_mv_columns();
  for (const auto& column : expand.columns) {
    if (!column.expr) complain("expected an expression");
  }
  if (accept("limit")) expand.limit = required(parse_unnamed());
  return expand;
}

// mv-apply [option …] MvColumn, … [limit n] [id expr] on ( pipeline )
ast::MvApply Parser::parse_mv_apply() {
  take();
  ast::MvApply apply;
  apply.options = parse_options();
  if (!at("on") && !at("limit")) apply.columns = parse_mv_columns();
  if (accept("limit")) apply.limit = required(parse_unnamed());
  if (accept("id")) required(parse_unnamed());
  expect("on");
  expect("(");
  apply.query = parse_operators(nullptr, true);
  expect(")");
  return apply;
}

// parse [kind=…] expr with (* | 'text' | name [: type]) …
ast::Parse Parser::parse_parse(bool filter) {
  take();
  ast::Parse parse;
  parse.filter = filter;
  parse.options = parse_options();
  parse.expr = required(parse_unnamed());
  expect("with");
  while (!at_list_end()) {
    const std::uint32_t start = peek().span.offset;
    ast::ParsePart part{ast::ParsePart::Kind::capture, "", "", {}};
    if (accept("*")) {
      part.kind = ast::ParsePart::Kind::star;
    } else if (at_kind(TokenKind::string)) {
      part.kind = ast::ParsePart::Kind::text;
      while (at_kind(TokenKind::string)) part.text += take().text;
    } else if (auto name = parse_name(true)) {
      part.text = std::move(name->text);
      if (accept(":")) part.type = expect_type();
    } else {
      break;
    }
    part.span = from(start);
    parse.parts.push_back(std::move(part));
  }
  return parse;
}

// parse-kv expr as ( schema ) [with ( property, … )]
ast::ParseKv Parser::parse_parse_kv() {
  take();
  ast::ParseKv kv;
  kv.expr = required(parse_unnamed());
  expect("as");
  kv.keys = parse_schema(false);
  if (accept("with")) {
    if (!at("(")) complain("expected '('");
    kv.with = parse_property_list();
  }
  return kv;
}

// make-series [kind=…] (expr [default = value]), … on expr
//   ([from expr] [to expr] step expr | in range ( expr, … )) [by expr, …]
ast::MakeSeries Parser::parse_make_series() {
  take();
  ast::MakeSeries series;
  series.options = parse_options();
  do {
    auto aggregate = required(parse_named());
    ast::ExprPtr otherwise;
    if (accept("default")) {
      expect("=");
      otherwise = required(parse_named());
    }
    series.aggregates.emplace_back(std::move(aggregate), std::move(otherwise));
  } while (accept(","));
  expect("on");
  series.on = required(parse_named());
  if (accept("in")) {
    expect("range");
    expect("(");
    auto range = parse_list(&Parser::parse_named, true);
    expect(")");
    if (range.size() == 3) {
      series.from = std::move(range[0]);
      series.to = std::move(range[1]);
      series.step = std::move(range[2]);
    } else {
      complain("range takes three arguments");
    }
  } else {
    if (accept("from")) series.from = required(parse_unnamed());
    if (accept("to")) series.to = required(parse_unnamed());
    expect("step");
    series.step = required(parse_unnamed());
  }
  if (accept("by")) series.by = parse_list(&Parser::parse_named, true);
  return series;
}

// render kind [property …] [with ( property, … )]
ast::Render Parser::parse_render() {
  take();
  ast::Render render;
  if (!at_kind(TokenKind::keyword) && !at_kind(TokenKind::identifier))
    complain("expected a kind of chart");
  render.kind = take().text;
  while (true) {
    if ((at("kind") || at("title") || at("accumulate")) && at("=", 1)) {
      if (auto option = parse_option(true)) render.properties.push_back(*std::move(option));
    } else if (at("by")) {
      take();
      do {
        expect_name(true);
      } while (accept(","));
    } else if (at("with") && !at("(", 1)) {
      take();
      parse_option_value(false);
    } else {
      break;
    }
  }
  if (accept("with")) {
    auto more = parse_property_list();
    std::move(more.begin(), more.end(), std::back_inserter(render.properties));
  }
  return render;
}

}  // namespace rollcall::kql
