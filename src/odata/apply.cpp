#include "odata/apply.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "odata/binder.hpp"
#include "odata/parser.hpp"

namespace rollcall::odata {
namespace {

constexpr std::size_t max_steps = 16;  // each is a table within a table

// Cuts at `separator` outside of parentheses and quotes. Empty when they do not match.
std::vector<std::string_view> cut(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  int depth = 0;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') quoted = !quoted;
    if (quoted) continue;
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth < 0) return {};
    if (text[i] == separator && depth == 0) {
      parts.push_back(trim(text.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  if (quoted || depth != 0) return {};
  parts.push_back(trim(text.substr(begin)));
  return parts;
}

// The inside of `name( … )`; absent when the text is no such call.
std::optional<std::string_view> inside(std::string_view text, std::string_view name) {
  if (text.size() < name.size() + 2 || !equals_ignoring_case(text.substr(0, name.size()), name))
    return std::nullopt;
  const auto rest = trim(text.substr(name.size()));
  if (!rest.starts_with('(') || !rest.ends_with(')')) return std::nullopt;
  return trim(rest.substr(1, rest.size() - 2));
}

bool is_alias(std::string_view text) { return !text.empty() && scan_name(text) == text.size(); }

struct Method {
  std::string_view name;
  const char* function;
  bool of_numbers, distinct;
};
constexpr Method methods[] = {{"sum", "sum", true, false},
                              {"average", "avg", true, false},
                              {"min", "min", false, false},
                              {"max", "max", false, false},
                              {"countdistinct", "count", false, true}};

class Pipeline {
 public:
  Pipeline(std::string_view text, const Schema& schema, sql::TableRefPtr from, std::size_t now_slot)
      : text_(text), now_slot_(now_slot), applied_{std::move(from), schema} {}

  Result<Applied> run() {
    const auto steps = cut(text_, '/');
    if (steps.empty()) return wrong("parentheses or quotes do not match", text_);
    if (steps.size() > max_steps)
      return fail("ODATA0108",
                  fmt::format("$apply: at most {} transformations are taken", max_steps));
    for (const auto step : steps) TRY_DO(transform(step));
    if (!counted_)
      return wrong("groupby or aggregate was expected; a filter alone is $filter", text_);
    if (where_) nest();
    return std::move(applied_);
  }

 private:
  struct Column {
    std::string name;  // of the result
    sql::ExprPtr expr;
    Type type;
    bool nullable;
  };

  Span span_of(std::string_view part) const {
    return {static_cast<std::uint32_t>(part.data() - text_.data()),
            static_cast<std::uint32_t>(part.size())};
  }
  std::unexpected<Error> refused(const char* code, std::string message,
                                 std::string_view part) const {
    return fail(code, "$apply: " + std::move(message), span_of(part));
  }
  std::unexpected<Error> wrong(std::string message, std::string_view part) const {
    return refused("ODATA0102", std::move(message), part);
  }
  // What is wrong in a part, said of the whole.
  template <class T>
  Result<T> within(Result<T> result, std::string_view part) const {
    if (result) return result;
    auto error = std::move(result).error();
    error.message = "$apply: " + error.message;
    if (error.span) error.span->offset += span_of(part).offset;
    return std::unexpected(std::move(error));
  }

  Result<void> transform(std::string_view step) {
    if (const auto condition = inside(step, "filter")) return filter(*condition);
    if (const auto inner = inside(step, "aggregate")) {
      TRY(const auto columns, aggregates(*inner));
      return count({}, columns);
    }
    if (const auto inner = inside(step, "groupby")) return groupby(*inner);
    const auto name = step.substr(0, step.find('('));
    if (step.empty()) return wrong("a transformation is missing", step);
    return refused("ODATA0109",
                   fmt::format("lists have filter, groupby and aggregate, not '{}'", name), step);
  }

  Result<void> filter(std::string_view text) {
    TRY(const auto expr, within(parse_expression(text), text));
    Binder binder(applied_.schema, false, now_slot_);
    TRY(auto condition, within(binder.filter(*expr), text));
    where_ = sql::and_also(std::move(where_), std::move(condition));
    return {};
  }

  // ((Region,Stage)) or ((Region,Stage),aggregate(…))
  Result<void> groupby(std::string_view text) {
    const auto parts = cut(text, ',');
    const auto names = parts.empty() ? std::nullopt : inside(parts.front(), "");
    if (!names || parts.size() > 2)
      return wrong("groupby((Name,…),aggregate(…)) was expected", text);
    std::vector<Column> groups, counts;
    for (const auto name : cut(*names, ',')) {
      if (name.contains('('))
        return refused("ODATA0109", fmt::format("lists group by properties, not by '{}'", name),
                       name);
      TRY(auto bound, value(name));
      groups.push_back({std::string(name), std::move(bound.sql), bound.type, bound.nullable});
    }
    if (parts.size() == 2) {
      const auto inner = inside(parts[1], "aggregate");
      if (!inner) {
        return refused(
            "ODATA0109",
            fmt::format("within groupby lists have aggregate(…) alone, not '{}'", parts[1]),
            parts[1]);
      }
      TRY(counts, aggregates(*inner));
    }
    return count(groups, counts);
  }

  Result<Bound> value(std::string_view text) {
    TRY(const auto expr, within(parse_expression(text), text));
    Binder binder(applied_.schema, false, now_slot_);
    TRY(auto bound, within(binder.value(*expr), text));
    if (bound.type == Type::json || bound.type == Type::null)
      return refused("ODATA0106", fmt::format("'{}' cannot be grouped or counted", text), text);
    return bound;
  }

  Result<std::vector<Column>> aggregates(std::string_view text) {
    std::vector<Column> columns;
    for (const auto part : cut(text, ',')) {
      TRY(auto one, aggregate(part));
      columns.push_back(std::move(one));
    }
    return columns;
  }

  // `$count as n`, `Percent with max as Most`
  Result<Column> aggregate(std::string_view text) {
    const auto as = text.rfind(" as ");
    if (as == std::string_view::npos || !is_alias(trim(text.substr(as + 4))))
      return wrong(fmt::format("'{}' lacks its name: … as Name", text), text);
    const std::string name(trim(text.substr(as + 4)));
    const auto what = trim(text.substr(0, as));
    if (what == "$count")
      return Column{name, sql::call("count", {sql::make(sql::Star{})}), Type::integer, false};
    const auto with = what.rfind(" with ");
    if (with == std::string_view::npos)
      return wrong(fmt::format("'{}' is neither $count nor … with sum", what), what);
    const auto word = trim(what.substr(with + 6));
    const auto* method = std::ranges::find_if(
        methods, [&](const Method& one) { return equals_ignoring_case(one.name, word); });
    if (method == std::end(methods))
      return refused("ODATA0109", fmt::format("lists do not aggregate with '{}'", word), word);
    TRY(auto bound, value(trim(what.substr(0, with))));
    return lower(*method, std::move(bound), name, what);
  }

  Result<Column> lower(const Method& method, Bound bound, std::string name,
                       std::string_view text) const {
    if (method.of_numbers && !is_number(bound.type)) {
      return refused("ODATA0106",
                     fmt::format("{} wants a number, not {}", method.name, describe(bound.type)),
                     text);
    }
    if (!method.distinct && bound.type == Type::boolean)
      return refused("ODATA0106", fmt::format("a truth value has no {}", method.name), text);
    auto expr = sql::make(sql::Call{.function = method.function,
                                    .arguments = {bound.sql},
                                    .distinct = method.distinct,
                                    .order_by = {},
                                    .filter = nullptr,
                                    .over = {}});
    if (method.distinct) return Column{std::move(name), std::move(expr), Type::integer, false};
    // PostgreSQL sums and averages whole numbers as decimals.
    if (method.name == "average") bound.type = Type::real;
    if (method.of_numbers) {
      expr = sql::cast(std::move(expr),
                       bound.type == Type::integer ? sql::Type::bigint : sql::Type::real);
    }
    return Column{std::move(name), std::move(expr), bound.type, true};
  }

  // The rows so far, counted: a table of the columns, which the steps behind see.
  Result<void> count(const std::vector<Column>& groups, const std::vector<Column>& counts) {
    sql::Select select;
    Schema schema;
    for (const auto* columns : {&groups, &counts}) {
      for (const auto& column : *columns) {
        if (schema.find(column.name) != nullptr)
          return wrong(fmt::format("'{}' is named twice", column.name), text_);
        const auto inner = fmt::format("c{}", schema.properties.size());
        select.items.push_back({column.expr, inner});
        if (columns == &groups) select.group_by.push_back(column.expr);
        schema.properties.push_back({column.name, column.type, inner, column.nullable});
      }
    }
    select.from = applied_.from;
    select.where = std::exchange(where_, nullptr);
    applied_ = {sql::derived(sql::query(std::move(select)), "counted"), std::move(schema),
                groups.size()};
    counted_ = true;
    return {};
  }

  // A filter behind the last counts.
  void nest() {
    sql::Select select;
    for (const auto& property : applied_.schema.properties)
      select.items.push_back({sql::column(property.column), property.column});
    select.from = applied_.from;
    select.where = std::exchange(where_, nullptr);
    applied_.from = sql::derived(sql::query(std::move(select)), "counted");
  }

  std::string_view text_;
  std::size_t now_slot_;
  Applied applied_;
  sql::ExprPtr where_;  // of the steps since the last counts
  bool counted_ = false;
};

}  // namespace

Result<Applied> compile_apply(std::string_view text, const Schema& schema, sql::TableRefPtr from,
                              std::size_t now_slot) {
  if (text.size() > max_text_bytes) return fail("ODATA0108", "$apply is too long");
  return Pipeline(text, schema, std::move(from), now_slot).run();
}

}  // namespace rollcall::odata
