// A fresh database for a test: SQLite in memory, or, where ROLLCALL_TEST_POSTGRESQL says how to connect
// (with_postgresql.sh does), a new schema of that server.
#pragma once
#include <fmt/format.h>

#include <cstdlib>

#include "base/check.hpp"
#include "store/database.hpp"

namespace rollcall::test {

inline const char* postgresql_server() { return std::getenv("ROLLCALL_TEST_POSTGRESQL"); }

// The connection string of a new schema.
inline std::string fresh_schema() {
  static int count = 0;
  const std::string name = fmt::format("test_{}_{}", ::getpid(), ++count);
  const std::string command =
      fmt::format("psql -q \"{}\" -c 'CREATE SCHEMA {}'", postgresql_server(), name);
  CHECK(std::system(command.c_str()) == 0);
  return fmt::format("{} options='-c search_path={}'", postgresql_server(), name);
}

inline std::unique_ptr<store::Database> must_open(Result<std::unique_ptr<store::Database>> opened) {
  if (!opened) fmt::print(stderr, "{}\n", opened.error().message);
  CHECK(opened.has_value());
  return *std::move(opened);
}
inline std::unique_ptr<store::Database> fresh_sqlite() {
  return must_open(store::open_sqlite(":memory:", store::Durability::process));
}
inline std::unique_ptr<store::Database> fresh_postgresql() {
  return must_open(store::open_postgresql(fresh_schema(), store::Durability::process));
}
inline std::unique_ptr<store::Database> fresh_database() {
  return postgresql_server() == nullptr ? fresh_sqlite() : fresh_postgresql();
}

}  // namespace rollcall::test
