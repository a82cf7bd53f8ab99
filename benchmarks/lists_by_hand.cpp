#include "lists_by_hand.hpp"

#include <fmt/format.h>

#include "statement_by_hand.hpp"

namespace rollcall::bench {
namespace {

constexpr const char* principal = "local";
constexpr const char* head = R"("$id","$version","$created","$author","$modified","$editor")";
constexpr const char* columns = R"("Title","Key","Region","N","At")";

}  // namespace

struct ListByHand::Statements {
  Statements(sqlite3* handle, const std::string& table)
      : begin(handle, "BEGIN"),
        begin_writing(handle, "BEGIN IMMEDIATE"),
        commit(handle, "COMMIT"),
        insert(handle,
               fmt::format(R"(INSERT INTO "{}"({},{}) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11))",
                           table, head, columns)),
        insert_version(
            handle,
            fmt::format(
                R"(INSERT INTO "{}_versions"({},"$valid","$deleted",{}) VALUES(?1,?2,?3,?4,?5,?6,?5,0,?7,?8,?9,?10,?11))",
                table, head, columns)),
        insert_change(
            handle,
            fmt::format(R"(INSERT INTO "{}_changes"("$id","$version") VALUES(?1,?2))", table)),
        select(handle,
               fmt::format(R"(SELECT {},{} FROM "{}" WHERE "$id"=?1)", head, columns, table)),
        update(
            handle,
            fmt::format(
                R"(UPDATE "{}" SET "$version"=?1,"$modified"=?2,"$editor"=?3,"N"=?4 WHERE "$id"=?5)",
                table)),
        find(
            handle,
            fmt::format(
                R"(SELECT "$id","$version","$id",{},"$created","$modified","$author","$editor" FROM "{}" WHERE "Key"=?1 ORDER BY "$id" LIMIT 101)",
                columns, table)) {}
  Statement begin, begin_writing, commit, insert, insert_version, insert_change, select, update,
      find;
};

ListByHand::ListByHand(const std::string& file, const std::string& table, bool power) {
  sqlite3* handle = nullptr;
  CHECK(sqlite3_open(file.c_str(), &handle) == SQLITE_OK);
  execute(handle, "PRAGMA journal_mode=WAL");
  execute(handle, power ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  execute(handle, "PRAGMA cache_size=-32768");
  handle_ = handle;
  statements_ = std::make_unique<Statements>(handle, table);
}
ListByHand::~ListByHand() {
  statements_.reset();
  sqlite3_close(static_cast<sqlite3*>(handle_));
}

void ListByHand::begin() { statements_->begin_writing.run(); }
void ListByHand::commit() { statements_->commit.run(); }

void ListByHand::create(std::int64_t id, const HandItem& item, std::int64_t now) {
  for (auto* statement : {&statements_->insert, &statements_->insert_version}) {
    statement->bind(1, id);
    statement->bind(2, std::int64_t{1});
    statement->bind(3, now);
    statement->bind(4, principal);
    statement->bind(5, now);
    statement->bind(6, principal);
    statement->bind(7, item.title);
    statement->bind(8, item.key);
    statement->bind(9, item.region);
    statement->bind(10, item.n);
    statement->bind(11, item.at);
    statement->run();
  }
  statements_->insert_change.bind(1, id);
  statements_->insert_change.bind(2, std::int64_t{1});
  statements_->insert_change.run();
}

void ListByHand::update(std::int64_t id, std::int64_t n, std::int64_t now) {
  auto& s = *statements_;
  s.select.bind(1, id);
  CHECK(s.select.step());
  const auto version = s.select.integer(1) + 1, created = s.select.integer(2),
             at = s.select.integer(10);
  const auto author = s.select.text(3), title = s.select.text(6), key = s.select.text(7),
             region = s.select.text(8);
  s.select.reset();
  s.update.bind(1, version);
  s.update.bind(2, now);
  s.update.bind(3, principal);
  s.update.bind(4, n);
  s.update.bind(5, id);
  s.update.run();
  auto& v = s.insert_version;
  v.bind(1, id);
  v.bind(2, version);
  v.bind(3, created);
  v.bind(4, author);
  v.bind(5, now);
  v.bind(6, principal);
  v.bind(7, title);
  v.bind(8, key);
  v.bind(9, region);
  v.bind(10, n);
  v.bind(11, at);
  v.run();
  s.insert_change.bind(1, id);
  s.insert_change.bind(2, version);
  s.insert_change.run();
}

std::size_t ListByHand::look_up(const std::string& key) {
  auto& s = *statements_;
  s.begin.run();
  s.find.bind(1, key);
  std::size_t bytes = 0;
  while (s.find.step()) {
    for (const int column : {3, 4, 5, 10, 11}) bytes += s.find.text(column).size();
    for (const int column : {0, 1, 2, 6, 7, 8, 9})
      bytes += static_cast<std::size_t>(s.find.integer(column) != 0);
  }
  s.find.reset();
  s.commit.run();
  return bytes;
}

void ListByHand::fill(std::int64_t count) {
  execute(static_cast<sqlite3*>(handle_),
          fmt::format(R"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<{})
INSERT INTO "list_1"({},{}) SELECT i,1,0,'local',0,'local','title '||i,'key-'||i,'region-'||(i%1000),i,i FROM n)",
                      count, head, columns));
}

}  // namespace rollcall::bench
