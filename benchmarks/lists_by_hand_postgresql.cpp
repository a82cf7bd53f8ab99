#include "lists_by_hand_postgresql.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <array>

#include "base/check.hpp"

namespace rollcall::bench {
namespace {

constexpr const char* principal = "local";
constexpr const char* head = R"("$id","$version","$created","$author","$modified","$editor")";
constexpr const char* columns = R"("Title","Key","Region","N","At")";

}  // namespace

struct ListByHandPostgresql::Session {
  explicit Session(const std::string& where) : connection(PQconnectdb(where.c_str())) {
    CHECK(PQstatus(connection) == CONNECTION_OK);
    prepare("insert",
            fmt::format("INSERT INTO list_1({},{}) VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)",
                        head, columns));
    prepare(
        "version",
        fmt::format(
            R"(INSERT INTO list_1_versions({},"$valid","$deleted",{}) VALUES($1,$2,$3,$4,$5,$6,$5,false,$7,$8,$9,$10,$11))",
            head, columns));
    prepare("change", R"(INSERT INTO list_1_changes("$id","$version") VALUES($1,$2))");
    prepare("select", fmt::format(R"(SELECT {},{} FROM list_1 WHERE "$id"=$1)", head, columns));
    prepare("update",
            R"(UPDATE list_1 SET "$version"=$1,"$modified"=$2,"$editor"=$3,"N"=$4 WHERE "$id"=$5)");
    prepare(
        "find",
        fmt::format(
            R"(SELECT "$id","$version","$id",{},"$created","$modified","$author","$editor" FROM list_1 WHERE "Key"=$1 ORDER BY "$id" LIMIT 101)",
            columns));
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { PQfinish(connection); }

  void prepare(const char* name, const std::string& text) {
    PGresult* result = PQprepare(connection, name, text.c_str(), 0, nullptr);
    CHECK(PQresultStatus(result) == PGRES_COMMAND_OK);
    PQclear(result);
  }
  void run(const char* text) {
    PGresult* result = PQexec(connection, text);
    CHECK(PQresultStatus(result) == PGRES_COMMAND_OK);
    PQclear(result);
  }
  // To be cleared by the caller.
  template <std::size_t count>
  PGresult* execute(const char* name, const std::array<std::string, count>& values) {
    std::array<const char*, count> raw;
    for (std::size_t i = 0; i < count; ++i) raw[i] = values[i].c_str();
    PGresult* result =
        PQexecPrepared(connection, name, static_cast<int>(count), raw.data(), nullptr, nullptr, 0);
    const auto status = PQresultStatus(result);
    CHECK(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);
    return result;
  }

  PGconn* connection;
};

ListByHandPostgresql::ListByHandPostgresql(const std::string& connection)
    : session_(std::make_unique<Session>(connection)) {}
ListByHandPostgresql::~ListByHandPostgresql() = default;

void ListByHandPostgresql::begin() { session_->run("BEGIN"); }
void ListByHandPostgresql::commit() { session_->run("COMMIT"); }

void ListByHandPostgresql::create(std::int64_t id, const HandItem& item, std::int64_t now) {
  const std::array<std::string, 11> values{std::to_string(id),
                                           "1",
                                           std::to_string(now),
                                           principal,
                                           std::to_string(now),
                                           principal,
                                           item.title,
                                           item.key,
                                           item.region,
                                           std::to_string(item.n),
                                           std::to_string(item.at)};
  PQclear(session_->execute("insert", values));
  PQclear(session_->execute("version", values));
  PQclear(session_->execute("change", std::array<std::string, 2>{values[0], "1"}));
}

void ListByHandPostgresql::update(std::int64_t id, std::int64_t n, std::int64_t now) {
  auto& s = *session_;
  PGresult* before = s.execute("select", std::array{std::to_string(id)});
  CHECK(PQntuples(before) == 1);
  std::array<std::string, 11> values;
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = PQgetvalue(before, 0, static_cast<int>(i));
  PQclear(before);
  values[1] = std::to_string(std::stoll(values[1]) + 1);
  values[4] = std::to_string(now);
  values[5] = principal;
  values[9] = std::to_string(n);
  PQclear(s.execute("update", std::array{values[1], values[4], values[5], values[9], values[0]}));
  PQclear(s.execute("version", values));
  PQclear(s.execute("change", std::array{values[0], values[1]}));
}

std::size_t ListByHandPostgresql::look_up(const std::string& key) {
  auto& s = *session_;
  s.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  PGresult* found = s.execute("find", std::array{key});
  std::size_t bytes = 0;
  for (int row = 0; row < PQntuples(found); ++row) {
    for (int column = 0; column < PQnfields(found); ++column)
      bytes += static_cast<std::size_t>(PQgetlength(found, row, column));
  }
  PQclear(found);
  s.run("COMMIT");
  return bytes;
}

}  // namespace rollcall::bench
