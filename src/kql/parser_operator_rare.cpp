#include "kql/parser.hpp"

// Operators that begin a query, and those seldom met: union, print, range, search, find, fork,
// partition, scan, top-nested, graph operators and their like.

namespace rollcall::kql {
namespace {

ast::Operator op(decltype(ast::Operator::node) node) { return {std::move(node), {}, {}}; }

}  // namespace

std::optional<ast::Operator> Parser::parse_source_operator(std::string_view word) {
  if (word == "union") return op(parse_union());
  if (word == "print") {
    take();
    return op(ast::Print{parse_list(&Parser::parse_named, true)});
  }
  if (word == "range" && !at("(", 1)) return op(parse_range());
  if (word == "search") return op(parse_search());
  if (word == "find") return op(parse_find());
  if (word == "evaluate") return op(parse_evaluate());
  if (word == "macro-expand") return op(parse_macro_expand());
  if (word == "invoke") {
    take();
    if (!at_call()) complain("expected a call");
    ast::Invoke invoke{parse_call()};
    while (at(".") && at_call(1)) {
      take();
      const std::uint32_t start = invoke.call->span.offset;
      auto next = parse_call();
      invoke.call = std::make_unique<ast::Expr>(
          ast::Expr{ast::MemberCall{std::move(invoke.call), std::move(next)}, from(start)});
    }
    return op(std::move(invoke));
  }
  return std::nullopt;
}

std::optional<ast::Operator> Parser::parse_rare_operator(std::string_view word) {
  if (word == "facet") return op(parse_facet());
  if (word == "fork") return op(parse_fork());
  if (word == "partition" || word == "__partitionby") return op(parse_partition());
  if (word == "reduce") return op(parse_reduce());
  if (word == "scan") return op(parse_scan());
  if (word == "top-nested") return op(parse_top_nested());
  if (word == "getschema") {
    take();
    parse_option(false);
    return op(ast::GetSchema{});
  }
  if (word == "consume") {
    take();
    parse_options();
    return op(ast::Consume{});
  }
  if (word == "__executeAndCache") {
    take();
    return op(ast::Consume{});
  }
  if (word == "assert-schema") {
    take();
    return op(ast::AssertSchema{parse_schema(false)});
  }
  if (word == "project-by-names") {
    take();
    return op(ast::ProjectByNames{parse_list(&Parser::parse_unnamed, false)});
  }
  if (word == "sample") {
    take();
    parse_options();
    return op(ast::Sample{required(parse_named())});
  }
  if (word == "sample-distinct") {
    take();
    parse_options();
    ast::SampleDistinct sample;
    sample.count = required(parse_named());
    expect("of");
    sample.of = required(parse_named());
    return op(std::move(sample));
  }
  if (word == "top-hitters") {
    take();
    ast::TopHitters top;
    top.count = required(parse_named());
    expect("of");
    top.of = required(parse_named());
    if (accept("by")) top.by = required(parse_named());
    return op(std::move(top));
  }
  if (word == "make-graph" || word.starts_with("graph-")) return op(parse_graph(std::string(word)));
  return std::nullopt;
}

// union [option …] table, …
ast::Union Parser::parse_union() {
  take();
  ast::Union result;
  result.options = parse_options();
  result.tables = parse_list(&Parser::parse_table_operand, true);
  return result;
}

// range name from expr to expr step expr
ast::Range Parser::parse_range() {
  take();
  ast::Range range;
  range.name = expect_name();
  expect("from");
  range.from = required(parse_unnamed());
  expect("to");
  range.to = required(parse_unnamed());
  expect("step");
  range.step = required(parse_unnamed());
  return range;
}

// evaluate [option …] plugin ( argument, … ) [: ( schema )]
ast::Evaluate Parser::parse_evaluate() {
  take();
  parse_options();
  ast::Evaluate evaluate;
  if (!at_call()) complain("expected a call of a plugin");
  auto call = parse_call();
  if (auto* plain = std::get_if<ast::Call>(&call->node)) evaluate.call = std::move(*plain);
  evaluate.call_span = call->span;
  if (accept(":")) evaluate.schema = parse_schema(false);
  return evaluate;
}

// search [kind=…] [in ( table, … )] predicate
ast::Search Parser::parse_search() {
  take();
  ast::Search search;
  search.options = parse_options();
  if (accept("datascope")) {
    expect("=");
    take();
  }
  if (accept("in")) {
    expect("(");
    search.tables = parse_list(&Parser::parse_find_operand, true);
    expect(")");
  }
  search.predicate = parse_unnamed();
  if (!search.predicate && at("*")) {
    search.predicate = std::make_unique<ast::Expr>(ast::Expr{ast::Star{}, take().span});
    if (accept("and")) search.predicate = required(parse_unnamed());
  }
  search.predicate = required(std::move(search.predicate));
  return search;
}

// find [option …] [in ( table, … )] [where] predicate [project column, … | project-smart]
ast::Find Parser::parse_find() {
  take();
  ast::Find find;
  if (accept("datascope")) {
    expect("=");
    take();
  }
  find.options = parse_options();
  const bool listed = accept("in");
  if (listed) {
    expect("(");
    find.tables = parse_list(&Parser::parse_find_operand, true);
    expect(")");
  }
  if (listed || !find.options.empty()) {
    expect("where");
  } else {
    accept("where");
  }
  find.predicate = required(parse_unnamed());
  if (accept("project")) {
    find.project = parse_list(&Parser::parse_find_column, true);
  } else if (accept("project-smart")) {
    find.project_smart = true;
  }
  if (accept("__projectAway")) find.project_away = parse_list(&Parser::parse_find_column, true);
  return find;
}

// fork [name =] ( pipeline ) …
ast::Fork Parser::parse_fork() {
  take();
  ast::Fork fork;
  do {
    std::string name;
    if (const std::size_t n = scan_name(); n > 0 && at("=", n)) {
      name = expect_name().text;
      take();
    }
    expect("(");
    auto query = at_kind(TokenKind::keyword) ? parse_operators(nullptr, false) : nullptr;
    if (!query) query = required(parse_expression());
    expect(")");
    fork.branches.emplace_back(std::move(name), std::move(query));
  } while (at("(") || (scan_name() > 0 && at("=", scan_name())));
  return fork;
}

// facet by column, … [with ( pipeline ) | with operator]
ast::Facet Parser::parse_facet() {
  take();
  ast::Facet facet;
  expect("by");
  facet.columns = parse_list(&Parser::parse_simple_path, true);
  if (accept("with")) {
    if (accept("(")) {
      auto query = parse_operators(nullptr, true);
      expect(")");
      if (query) facet.with = std::move(std::get<ast::Pipeline>(query->node).operators);
    } else if (auto next = parse_operator()) {
      facet.with.push_back(*std::move(next));
    } else {
      complain("expected a query operator");
    }
  }
  return facet;
}

// partition [option …] by column [in scope] ( ( pipeline ) | { query } )
ast::Partition Parser::parse_partition() {
  const bool contextual = take().text == "__partitionby";
  ast::Partition partition;
  partition.options = parse_options();
  if (!contextual) expect("by");
  partition.by = required(parse_simple_path());
  if (contextual && accept("id")) parse_literal();
  if (accept("in")) required(at_call() ? parse_call() : parse_dynamic());
  if (accept("{")) {
    partition.whole_query = true;
    partition.query = required(parse_expression());
    expect("}");
    return partition;
  }
  expect("(");
  partition.query = at_kind(TokenKind::keyword) ? parse_operators(nullptr, false) : nullptr;
  if (!partition.query) partition.query = required(parse_expression());
  expect(")");
  return partition;
}

// reduce [option …] by expr [with property, …]
ast::Reduce Parser::parse_reduce() {
  take();
  ast::Reduce reduce;
  reduce.with = parse_options();
  expect("by");
  reduce.by = required(parse_named());
  if (accept("with")) std::ranges::move(parse_property_list(), std::back_inserter(reduce.with));
  return reduce;
}

// scan [option …] [order by …] [partition by …] [declare ( parameter, … )] with ( step … )
ast::Scan Parser::parse_scan() {
  take();
  ast::Scan scan;
  scan.options = parse_options();
  if (accept("order")) {
    expect("by");
    scan.order_by = parse_list(&Parser::parse_ordered, true);
  }
  if (accept("partition")) {
    expect("by");
    scan.partition_by = parse_list(&Parser::parse_unnamed, true);
  }
  if (accept("declare")) scan.declared = parse_parameters();
  expect("with");
  expect("(");
  while (accept("step")) {
    ast::ScanStep step;
    step.name = expect_name(true);
    step.optional = accept("optional");
    if (accept("output")) {
      expect("=");
      if (!at("all") && !at("last") && !at("none") && !at_kind(TokenKind::identifier)) {
        complain("expected 'all', 'last' or 'none'");
      }
      step.output = take().text;
    }
    expect(":");
    step.condition = required(parse_unnamed());
    if (accept("=>")) {
      do {
        auto name = expect_name(true);
        expect("=");
        step.assignments.emplace_back(std::move(name), required(parse_unnamed()));
      } while (accept(","));
    }
    expect(";");
    scan.steps.push_back(std::move(step));
  }
  expect(")");
  return scan;
}

// top-nested [count] of expr [with others = value] by expr, …
ast::TopNested Parser::parse_top_nested() {
  ast::TopNested top;
  do {
    if (!accept("top-nested")) complain("expected 'top-nested'");
    ast::TopNestedClause clause;
    if (!at("of")) clause.count = parse_named();
    expect("of");
    clause.of = required(parse_named());
    if (accept("with")) {
      expect("others");
      expect("=");
      clause.others = parse_literal();
      if (!clause.others) clause.others = required(parse_unnamed());
    }
    expect("by");
    clause.by = required(parse_ordered());
    top.clauses.push_back(std::move(clause));
  } while (accept(","));
  return top;
}

// macro-expand [option …] group [as name] ( statement ; … )
ast::MacroExpand Parser::parse_macro_expand() {
  take();
  parse_options();
  if (at("entity_group")) {
    parse_entity_group();
  } else {
    required(at_call() ? parse_path() : name_expr());
  }
  if (accept("as")) expect_name();
  expect("(");
  while (parse_statement()) {
    if (!accept(";")) break;
  }
  expect(")");
  return {};
}

// make-graph a --> b with table on column, … | graph-match pattern, … where … project … | …
ast::Graph Parser::parse_graph(std::string op) {
  take();
  parse_options();
  if (op == "make-graph") {
    expect_name();
    expect("-");
    expect("-");
    accept(">");
    expect_name();
    if (accept("with_node_id")) {
      expect("=");
      expect_name();
    } else if (accept("with")) {
      do {
        required(parse_path());
        expect("on");
        expect_name();
      } while (accept(","));
    }
    if (accept("partitioned-by")) {
      expect_name();
      expect("(");
      parse_operators(nullptr, true);
      expect(")");
    }
  } else if (op == "graph-match" || op == "graph-shortest-paths") {
    parse_graph_patterns();
    if (accept("where")) required(parse_expression());
    if (accept("project")) parse_list(&Parser::parse_named, true);
  } else if (op == "graph-to-table") {
    do {
      if (!accept("nodes") && !accept("edges")) complain("expected 'nodes' or 'edges'");
      if (accept("as")) expect_name();
      while (auto option = parse_option(true)) continue;
    } while (accept(","));
  } else if (op == "graph-where-nodes" || op == "graph-where-edges") {
    required(parse_unnamed());
  }
  return {std::move(op)};
}

// ( [name] ) (--> | <-- | -- | -[ [name] [* a .. b] ]-> …) ( [name] ) …
void Parser::parse_graph_patterns() {
  const auto node = [this] {
    expect("(");
    parse_name();
    expect(")");
  };
  do {
    node();
    while (at("-") || at("<")) {
      accept("<");
      expect("-");
      if (accept("[")) {
        parse_name();
        if (accept("*")) {
          required(parse_path());
          expect("..");
          required(parse_path());
        }
        expect("]");
      }
      expect("-");
      accept(">");
      node();
    }
  } while (accept(","));
}

}  // namespace rollcall::kql
