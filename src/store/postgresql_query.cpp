#include "store/postgresql_query.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <memory>

namespace rollcall::store {
namespace {

struct Close {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using ConnectionHandle = std::unique_ptr<PGconn, Close>;
using ResultHandle = std::unique_ptr<PGresult, Close>;

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) line += c == '\n' ? ' ' : c;
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

Result<ResultHandle> checked(PGconn* connection, PGresult* raw) {
  ResultHandle result(raw);
  const auto status = PQresultStatus(raw);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
  return fail("STORE0102",
              fmt::format("PostgreSQL refused: {}", one_line(PQerrorMessage(connection))));
}

QueryAnswer read(const PGresult* result) {
  QueryAnswer answer;
  const int columns = PQnfields(result);
  for (int column = 0; column < columns; ++column)
    answer.columns.emplace_back(PQfname(result, column));
  for (int row = 0; row < PQntuples(result); ++row) {
    auto& values = answer.rows.emplace_back();
    for (int column = 0; column < columns; ++column) {
      values.push_back(PQgetisnull(result, row, column) != 0
                           ? std::nullopt
                           : std::optional<std::string>(PQgetvalue(result, row, column)));
    }
  }
  return answer;
}

}  // namespace

Result<QueryAnswer> ask_postgresql(const std::string& connection, const std::string& query,
                                   const std::vector<std::string>& parameters,
                                   std::size_t most_rows) {
  const ConnectionHandle handle(PQconnectdb(connection.c_str()));
  auto* server = handle.get();
  if (server == nullptr || PQstatus(server) != CONNECTION_OK) {
    return fail("STORE0101",
                fmt::format("PostgreSQL cannot be reached: {}", one_line(PQerrorMessage(server))));
  }
  TRY_DO(checked(server, PQexec(server,
                                "SET default_transaction_read_only = on; SET TimeZone = 'UTC'; "
                                "SET DateStyle = 'ISO'; SET statement_timeout = '30s'")));
  // One statement, by this protocol: nothing behind a `;` is carried out.
  TRY_DO(checked(server, PQprepare(server, "", query.c_str(), 0, nullptr)));
  TRY(const auto described, checked(server, PQdescribePrepared(server, "")));
  const auto used = static_cast<std::size_t>(PQnparams(described.get()));
  if (used > parameters.size()) {
    return fail("STORE0102", fmt::format("the query uses ${}, and there are {} parameters", used,
                                         parameters.size()));
  }
  std::vector<const char*> values;
  for (std::size_t i = 0; i < used; ++i) values.push_back(parameters[i].c_str());
  TRY(const auto result, checked(server, PQexecPrepared(server, "", static_cast<int>(used),
                                                        values.data(), nullptr, nullptr, 0)));
  if (static_cast<std::size_t>(PQntuples(result.get())) > most_rows) {
    return fail("STORE0113",
                fmt::format("the query answers more than {} rows; narrow it", most_rows));
  }
  auto answer = read(result.get());
  answer.parameters = used;
  return answer;
}

}  // namespace rollcall::store
