#include "flow_by_hand.hpp"

#include <fmt/format.h>

#include "statement_by_hand.hpp"

namespace rollcall::bench {
namespace {

const std::string head = R"("$id","$version","$created","$author","$modified","$editor")";
const std::string principal = "flow_run:1";

}  // namespace

class ByHand::Statements {
 public:
  Statements(sqlite3* handle, const HandTables& tables)
      : find_history(
            handle,
            fmt::format(
                R"(SELECT "$id" FROM "{}" WHERE "Environment"=?1 AND "Role"=?2 AND "Region"=?3 AND "Version"=?4)",
                tables.history)),
        find_snapshot(
            handle,
            fmt::format(
                R"(SELECT "$id","$version","$created","$author","Title","Environment","Role","Region" FROM "{}" WHERE "Environment"=?1 AND "Role"=?2 AND "Region"=?3)",
                tables.snapshot)),
        insert_history(
            handle,
            fmt::format(
                R"(INSERT INTO "{}" ({},"Title","Environment","Role","Region","Version","FirstSeen","DetectedAt") VALUES(NULL,1,?1,?2,?1,?2,?3,?4,?5,?6,?7,?8,?1))",
                tables.history, head)),
        insert_history_version(
            handle,
            fmt::format(
                R"(INSERT INTO "{}" ({},"$valid","$deleted","Title","Environment","Role","Region","Version","FirstSeen","DetectedAt") VALUES(?9,1,?1,?2,?1,?2,?1,0,?3,?4,?5,?6,?7,?8,?1))",
                tables.history_versions, head)),
        update_snapshot(
            handle,
            fmt::format(
                R"(UPDATE "{}" SET "$version"=?1,"$modified"=?2,"$editor"=?3,"Title"=?4,"Version"=?5,"Since"=?6 WHERE "$id"=?7)",
                tables.snapshot)),
        insert_snapshot_version(
            handle,
            fmt::format(
                R"(INSERT INTO "{}" ({},"$valid","$deleted","Title","Environment","Role","Region","Version","Since") VALUES(?1,?2,?3,?4,?5,?6,?5,0,?7,?8,?9,?10,?11,?12))",
                tables.snapshot_versions, head)) {}

  Statement find_history, find_snapshot, insert_history, insert_history_version, update_snapshot,
      insert_snapshot_version;
};

ByHand::ByHand(const std::string& file, const HandTables& tables, bool power) {
  sqlite3* handle = nullptr;
  CHECK(sqlite3_open(file.c_str(), &handle) == SQLITE_OK);
  execute(handle, "PRAGMA journal_mode=WAL");
  execute(handle, power ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  execute(handle, "PRAGMA cache_size=-32768");
  handle_ = handle;
  statements_ = new Statements(handle, tables);
}

ByHand::~ByHand() {
  delete statements_;
  sqlite3_close(static_cast<sqlite3*>(handle_));
}

void ByHand::run(const std::vector<Record>& records, std::size_t batch, std::int64_t now) {
  auto* handle = static_cast<sqlite3*>(handle_);
  auto& s = *statements_;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i % batch == 0) execute(handle, "BEGIN IMMEDIATE");
    const auto& record = records[i];
    for (auto* find : {&s.find_history, &s.find_snapshot}) {
      find->bind(1, record.environment);
      find->bind(2, record.role);
      find->bind(3, record.region);
    }
    s.find_history.bind(4, record.version);
    CHECK(!s.find_history.step());
    s.find_history.reset();
    CHECK(s.find_snapshot.step());
    const auto id = s.find_snapshot.integer(0), version = s.find_snapshot.integer(1) + 1,
               created = s.find_snapshot.integer(2);
    const auto author = s.find_snapshot.text(3), environment = s.find_snapshot.text(5),
               role = s.find_snapshot.text(6), region = s.find_snapshot.text(7);
    s.find_snapshot.reset();

    const auto title = record.role + " " + record.version;
    for (auto* insert : {&s.insert_history, &s.insert_history_version}) {
      insert->bind(1, now);
      insert->bind(2, principal);
      insert->bind(3, title);
      insert->bind(4, record.environment);
      insert->bind(5, record.role);
      insert->bind(6, record.region);
      insert->bind(7, record.version);
      insert->bind(8, record.first_seen);
      if (insert == &s.insert_history_version) insert->bind(9, sqlite3_last_insert_rowid(handle));
      insert->step();
      insert->reset();
    }
    const auto cell = environment + "/" + role + "/" + region;
    s.update_snapshot.bind(1, version);
    s.update_snapshot.bind(2, now);
    s.update_snapshot.bind(3, principal);
    s.update_snapshot.bind(4, cell);
    s.update_snapshot.bind(5, record.version);
    s.update_snapshot.bind(6, record.first_seen);
    s.update_snapshot.bind(7, id);
    s.update_snapshot.step();
    s.update_snapshot.reset();
    auto& v = s.insert_snapshot_version;
    v.bind(1, id);
    v.bind(2, version);
    v.bind(3, created);
    v.bind(4, author);
    v.bind(5, now);
    v.bind(6, principal);
    v.bind(7, cell);
    v.bind(8, environment);
    v.bind(9, role);
    v.bind(10, region);
    v.bind(11, record.version);
    v.bind(12, record.first_seen);
    v.step();
    v.reset();
    if ((i + 1) % batch == 0 || i + 1 == records.size()) execute(handle, "COMMIT");
  }
}

}  // namespace rollcall::bench
