// What DuckDB does with files, beside the statements of the tree: a query's rows into one, and which may be touched at all. A name of a
// file cannot be bound: it is written as a quoted text.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sql/render.hpp"

namespace rollcall::sql {

// COPY (query) TO 'file', as Parquet; the file is written anew.
struct CopyToParquet {
  QueryPtr query;
  std::string file;
};
Rendered render(const CopyToParquet& copy);

// SET setting = ['text', …]; the setting's name is ours, never a user's.
std::string set_texts(std::string_view setting, const std::vector<std::string>& texts);

}  // namespace rollcall::sql
