#include "app/postgresql_dump.hpp"

#include <fmt/format.h>

#include "sources/process.hpp"

namespace rollcall::app {
namespace {

// The answer of a function without arguments: current_schema, current_database.
Result<std::string> ask(store::Database& database, const char* function) {
  sql::Select select;
  select.items = {{sql::call(function, {}), {}}};
  const auto statement = database.prepare(sql::query(std::move(select)));
  return database.read([&](store::Connection& connection) -> Result<std::string> {
    TRY(const auto answer, connection.first(statement, {}, [](const store::Row& row) {
      return std::string(row.text(0));
    }));
    return answer.value_or("");
  });
}

// What the connection says goes into the environment, where others do not see a password.
Result<void> run(const std::vector<std::string>& arguments, const std::string& connection) {
  TRY(const auto environment, store::postgresql_environment(connection));
  const auto ran = sources::run_program(arguments, {}, [](std::string_view) {}, environment);
  if (ran) return {};
  return fail("BACKUP0102",
              fmt::format("{} (it comes with PostgreSQL's client programs, and must not be older "
                          "than the server)",
                          ran.error().message));
}

}  // namespace

Result<std::string> dump_postgresql(store::Database& database, const std::string& connection,
                                    const std::filesystem::path& file) {
  TRY(const auto schema, ask(database, "current_schema"));
  // The option takes a pattern; what stands in quotes is meant as it is.
  TRY_DO(run({"pg_dump", "--no-password", "--format=custom", fmt::format("--schema=\"{}\"", schema),
              "--no-owner", "--no-privileges", "--file=" + file.string()},
             connection));
  return schema;
}

Result<void> restore_postgresql(const std::string& connection, const std::string& schema,
                                const std::filesystem::path& file) {
  std::string name;
  {
    TRY(const auto database, store::open_postgresql(connection, store::Durability::power));
    TRY(const auto formats, store::stored_formats(*database));
    TRY(const auto current, ask(*database, "current_schema"));
    if (current != schema) {
      return fail("BACKUP0108",
                  fmt::format("the backup is of the schema {}, and the first of this connection is "
                              "{}: create that schema, and give the connection "
                              "options='-c search_path={}'",
                              schema, current.empty() ? "none" : current, schema));
    }
    if (!formats.empty()) {
      return fail("BACKUP0106",
                  "there are tables of Rollcall in this database already, and nothing is "
                  "overwritten: name another database");
    }
    TRY(name, ask(*database, "current_database"));
  }
  return run({"pg_restore", "--no-password", "--exit-on-error", "--schema=" + schema,
              "--single-transaction", "--no-owner", "--dbname=" + name, file.string()},
             connection);
}

}  // namespace rollcall::app
