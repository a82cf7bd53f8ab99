// flow/quiet-day: what a day of five-minute runs over 1,000 cells adds to the database when nothing is new.
// flow/plain/N: records per second through the whole loop of flows/track-deployments-plain.json (query, for
// each: look-up in the history, look-up in the snapshot, create, update), beside the same work by hand. Each
// round brings a new version of every cell. The query is answered from memory: it is the loop that is measured.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/check.hpp"
#include "bench.hpp"
#include "connectors/sharepointonline.hpp"
#include "flow/driver.hpp"
#include "flow_by_hand.hpp"
#include "lists/kept_list.hpp"

namespace rollcall::bench {
namespace {

constexpr int rounds = 7;
constexpr std::size_t records_a_batch =
    500;  // as a turn of the flow takes: 2,000 events, four a record
const auto start_time = *parse_iso("2026-01-01T00:00:00Z");

class Answers final : public flow::Connector {
 public:
  std::string_view id() const override { return "shared_kusto"; }
  std::span<const flow::Operation> operations() const override { return operations_; }
  Result<flow::Outcome> call(std::size_t, const flow::Call&) override {
    return flow::answered(200, rows);
  }
  json::object rows;

 private:
  std::vector<flow::Operation> operations_{
      {"ListKustoResultsPost", flow::Place::read, "Run KQL query", {}, {}}};
};

lists::Column column(std::string name, lists::ColumnType type = lists::ColumnType::text) {
  lists::Column made;
  made.name = std::move(name);
  made.type = type;
  return made;
}

lists::ListDefinition definition(std::string name, const std::vector<std::string>& times) {
  lists::ListDefinition list;
  list.name = std::move(name);
  for (const auto text : {"Title", "Environment", "Role", "Region", "Version"})
    list.columns.push_back(column(text));
  for (const auto& time : times) list.columns.push_back(column(time, lists::ColumnType::datetime));
  return list;
}

std::vector<Record> records_of(std::size_t count, int round) {
  std::vector<Record> records;
  for (std::size_t i = 0; i < count; ++i) {
    records.push_back({"production", fmt::format("service-{:04}", i / 20),
                       fmt::format("region-{:02}", i % 20), fmt::format("2026.{}.{}", round, i % 7),
                       start_time.ticks + round * ticks_per_hour});
  }
  return records;
}

json::object rows_of(const std::vector<Record>& records) {
  json::array rows;
  for (const auto& record : records) {
    rows.push_back(json::object{{"Environment", record.environment},
                                {"Role", record.role},
                                {"Region", record.region},
                                {"Version", record.version},
                                {"FirstSeen", format_iso({record.first_seen})}});
  }
  return {{"value", std::move(rows)}};
}

// A database with both lists, a row in the snapshot for each cell.
class Place {
 public:
  Place(std::string file, std::size_t cells) : file_(std::move(file)) {
    remove();
    database = must(store::open_sqlite(file_, store::Durability::power));
    lists = must(lists::ListStore::open(*database));
    must(database->write([&](store::Transaction& transaction) -> Result<void> {
      auto history = definition("Plain deployment history", {"FirstSeen", "DetectedAt"});
      history.indexes = {{"Environment", "Role", "Region", "Version"}};
      auto snapshot = definition("Plain current snapshot", {"Since"});
      snapshot.unique_keys = {{"Environment", "Role", "Region"}};
      const lists::Write write{{}, start_time};
      TRY(const auto first, lists->create_list(transaction, history, write));
      TRY(const auto second, lists->create_list(transaction, snapshot, write));
      tables = {lists::KeptList::table_name(first->id), lists::KeptList::versions_name(first->id),
                lists::KeptList::table_name(second->id),
                lists::KeptList::versions_name(second->id)};
      for (const auto& record : records_of(cells, 0)) {
        const json::object fields{{"Title", "t"},
                                  {"Environment", record.environment},
                                  {"Role", record.role},
                                  {"Region", record.region},
                                  {"Version", record.version}};
        TRY_DO(lists->create_item(transaction, *second, fields, write));
      }
      return {};
    }));
  }
  ~Place() {
    lists.reset();
    database.reset();
    remove();
  }
  // Bytes of the file, with nothing left in the log beside it. The place is of no use afterwards.
  std::uintmax_t size() {
    lists.reset();
    database.reset();
    return std::filesystem::file_size(file_);
  }

  std::unique_ptr<store::Database> database;
  std::unique_ptr<lists::ListStore> lists;
  HandTables tables;

 private:
  void remove() {
    for (const auto suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file_ + suffix);
  }
  std::string file_;
};

json::value plain_flow() {
  std::ifstream file("flows/track-deployments-plain.json");
  std::ostringstream text;
  text << file.rdbuf();
  return must(parse_json(text.str()));
}

std::string file_named(std::string_view name) {
  const auto folder = std::filesystem::current_path() / "build";
  std::filesystem::create_directories(folder);
  return (folder / fmt::format("bench-{}-{}.db", name, getpid())).string();
}

// The flow, deployed in a place.
class Plain {
 public:
  explicit Plain(Place& place) {
    auto answers = std::make_unique<Answers>();
    kusto_ = answers.get();
    connectors_.add(std::move(answers));
    connectors_.add(connectors::make_sharepointonline(*place.lists));
    driver_ = must(flow::Driver::open(*place.database, connectors_, clock));
    flow::DeployOptions options;
    options.enabled = false;
    must(driver_->deploy("plain", plain_flow(), {}, options));
  }
  void answer_with(const std::vector<Record>& records) { kusto_->rows = rows_of(records); }
  void run() {
    const auto run = must(driver_->start("plain", "", nullptr, {}));
    must(driver_->run_until_idle());
    const auto record = must(driver_->runs().run(run));
    if (record->status != flow::Status::succeeded) fmt::print(stderr, "{}\n", record->message);
    CHECK(record->status == flow::Status::succeeded);
  }

  SystemClock clock;

 private:
  flow::Connectors connectors_;
  Answers* kusto_ = nullptr;
  std::unique_ptr<flow::Driver> driver_;
};

void measure(std::size_t count, const Report& report) {
  Place place(file_named("flow"), count);
  const auto hand_file = file_named("hand");
  Place hand_place(hand_file, count);
  ByHand by_hand(hand_file, hand_place.tables, true);
  Plain plain(place);
  std::vector<double> flow_rates, hand_rates;
  for (int round = 1; round <= rounds; ++round) {
    const auto records = records_of(count, round);
    plain.answer_with(records);
    const auto flow_seconds = seconds_of([&] { plain.run(); });
    const auto hand_seconds =
        seconds_of([&] { by_hand.run(records, records_a_batch, plain.clock.now().ticks); });
    flow_rates.push_back(static_cast<double>(count) / flow_seconds);
    hand_rates.push_back(static_cast<double>(count) / hand_seconds);
  }
  report({fmt::format("flow/plain/{}", count), median(flow_rates), "records/s", median(hand_rates),
          "sqlite by hand", static_cast<std::int64_t>(count), "power"});
}

// The file of a place after one run that finds everything new, and so many that find nothing.
std::uintmax_t size_after(int quiet_runs) {
  constexpr std::size_t cells = 1'000;
  Place place(file_named("quiet"), cells);
  {
    Plain plain(place);
    plain.answer_with(records_of(cells, 1));
    for (int i = 0; i <= quiet_runs; ++i) plain.run();
  }
  return place.size();
}

const Benchmark quiet_day{"flow/quiet-day", [](const Report& report) {
                            constexpr int runs = 24 * 12;
                            const auto bytes = size_after(runs) - size_after(0);
                            report({"flow/quiet-day", static_cast<double>(bytes) / 1e6, "MB", 0, "",
                                    runs, "power", true});
                          }};

const Benchmark flow{"flow/plain", [](const Report& report) {
                       for (const int count : {100, 1'000, 10'000})
                         measure(static_cast<std::size_t>(count), report);
                     }};

}  // namespace
}  // namespace rollcall::bench
