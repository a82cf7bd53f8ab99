// What a list is: its columns, what must be unique, what is indexed. Plain data; list_store.hpp
// keeps it.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/time.hpp"

namespace rollcall::lists {

// text: one line, up to max_length characters (255). note: many lines. number: floating. integer:
// 64 bits. datetime: ticks of 100 ns, UTC. choice: one of `choices`. json: any value, kept as it
// is. currency: floating. multichoice: some of `choices`. lookup: the ID of another list's item.
// person: who, as principals are written. hyperlink: {"Url": …, "Description": …}.
enum class ColumnType {
  text,
  note,
  number,
  integer,
  boolean,
  datetime,
  choice,
  json,
  currency,
  multichoice,
  lookup,
  person,
  hyperlink
};

struct Column {
  std::string name = {};  // in items, filters and the table; case-sensitive
  ColumnType type = ColumnType::text;
  std::string title = {};  // what people read; empty: the name
  std::string description = {};
  bool required = false;
  bool indexed = false;  // an index of its own; several together: List::indexes
  bool guarded = false;  // Rollcall's own: only flow runs and unlocked writes set it
  std::vector<std::string> choices = {};
  std::size_t max_length = 0;  // 0: the type's own limit
  json::value default_value = nullptr;
  std::string lookup_list = {};    // of a lookup: the other list's guid
  std::string lookup_column = {};  // of a lookup: what is shown of the other item; empty: Title
  std::string formula =
      {};  // "=[Price]*[Quantity]": what it holds is calculated at each write (formula.hpp)
};

struct ListDefinition {
  std::string name = {};  // unique among the lists, letter case ignored
  std::string description = {};
  std::vector<Column> columns = {};
  std::vector<std::vector<std::string>> unique_keys =
      {};                                              // columns whose values together are unique
  std::vector<std::vector<std::string>> indexes = {};  // columns that are looked up together
};

// A list that is kept. Never changes; a change of the definition makes another one.
struct List : ListDefinition {
  std::int64_t id = 0;
  std::int64_t revision = 0;  // of all definitions together; grows with each change
  std::string guid = {};
  Timestamp created = {};
  Timestamp changed = {};

  const Column* column(std::string_view name) const;
};
using ListPtr = std::shared_ptr<const List>;

// `text`, `note`, …: the names that definitions use as JSON.
std::string_view to_string(ColumnType type);
Result<ColumnType> parse_column_type(std::string_view name);
// {"name":…, "columns":[{"name":…, "type":…, …}], "uniqueKeys":[[…]], "indexes":[[…]]}
json::object to_json(const ListDefinition& definition);
Result<ListDefinition> parse_list_definition(const json::value& value);

}  // namespace rollcall::lists
