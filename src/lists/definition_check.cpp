#include "lists/definition_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"
#include "lists/formula.hpp"
#include "lists/values.hpp"
#include "odata/lexer.hpp"

namespace rollcall::lists {
namespace {

constexpr std::size_t max_name_bytes = 128;
constexpr std::array<std::string_view, 5> own_names{"id", "created", "modified", "author",
                                                    "editor"};

std::unexpected<Error> wrong(std::string message) { return fail("LIST0109", std::move(message)); }

Result<void> check_column(const Column& column) {
  if (column.name.size() > max_name_bytes || odata::scan_name(column.name) != column.name.size() ||
      column.name.empty()) {
    return wrong(fmt::format(
        "'{}' is no name for a column: it wants letters, digits and '_', not a digit first",
        column.name));
  }
  if (std::find(own_names.begin(), own_names.end(), to_lower(column.name)) != own_names.end()) {
    return wrong(
        fmt::format("every item has '{}' already; name the column otherwise", column.name));
  }
  if (!column.choices.empty() && column.type != ColumnType::choice &&
      column.type != ColumnType::multichoice) {
    return wrong(fmt::format("column '{}' has choices, but its type is {}", column.name,
                             to_string(column.type)));
  }
  if ((column.type == ColumnType::lookup) == column.lookup_list.empty()) {
    return wrong(fmt::format(
        "column '{}': lookupList names the list of a lookup, and of nothing else", column.name));
  }
  if (!column.formula.empty() && (column.required || !column.default_value.is_null())) {
    return wrong(fmt::format("column '{}' is calculated: it is neither required nor has a default",
                             column.name));
  }
  if (column.default_value.is_null()) return {};
  if (auto value = to_sql(column, column.default_value); !value) {
    return wrong(fmt::format("the default of column '{}' does not fit it: {}", column.name,
                             value.error().message));
  }
  return {};
}

Result<void> check_names(const ListDefinition& definition, const std::vector<std::string>& names,
                         std::string_view what) {
  if (names.empty())
    return wrong(fmt::format("a {} of list '{}' names no column", what, definition.name));
  for (const auto& name : names) {
    const bool known = std::any_of(definition.columns.begin(), definition.columns.end(),
                                   [&](const Column& one) { return one.name == name; });
    if (!known)
      return wrong(fmt::format("a {} of list '{}' names the unknown column '{}'", what,
                               definition.name, name));
  }
  return {};
}

}  // namespace

Result<void> check_definition(const ListDefinition& definition) {
  if (trim(definition.name).empty()) return wrong("a list needs a name");
  if (definition.name.size() > max_text_characters)
    return wrong("the name of the list is too long");
  if (definition.columns.size() > max_columns) {
    return fail("LIST0111", fmt::format("a list has at most {} columns", max_columns));
  }
  std::set<std::string> names;
  for (const auto& column : definition.columns) {
    TRY_DO(check_column(column));
    // SQL's names are equal when only their letter case differs.
    if (!names.insert(to_lower(column.name)).second) {
      return wrong(fmt::format("two columns are named '{}' (letter case aside)", column.name));
    }
  }
  TRY_DO(formulas_of(definition.columns));
  for (const auto& key : definition.unique_keys) TRY_DO(check_names(definition, key, "unique key"));
  for (const auto& index : definition.indexes) TRY_DO(check_names(definition, index, "index"));
  return {};
}

}  // namespace rollcall::lists
