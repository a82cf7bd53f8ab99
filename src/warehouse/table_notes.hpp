// What people say of their tables beside the columns: folder, docstring, policies, ingestion mappings. Kept in the
// warehouse's own table `$notes`; a value that is read as a whole and replaced as a whole.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/principal.hpp"
#include "warehouse/duckdb.hpp"

namespace rollcall::warehouse {

class TableNotes {
 public:
  // `folder`, `docstring`, `policy retention`, `policy caching`, `mapping json NAME`, …
  using OfTable = std::map<std::string, std::string, std::less<>>;

  static Result<TableNotes> load(Connection& connection);

  // "" when nothing is said.
  std::string_view find(std::string_view table, std::string_view kind) const;
  const OfTable& of(std::string_view table) const;
  const std::map<std::string, OfTable, std::less<>>& all() const { return tables_; }

  // To be called in a transaction, on a copy that is published after it. An empty value takes the note away.
  Result<void> put(Connection& connection, const std::string& table, const std::string& kind,
                   const std::string& value, const Principal& principal);
  Result<void> forget(Connection& connection, const std::string& table);
  Result<void> move(Connection& connection, const std::string& from, const std::string& to);

 private:
  std::map<std::string, OfTable, std::less<>> tables_;
};

}  // namespace rollcall::warehouse
