// The embedded warehouse: KQL compiled and run on DuckDB, ingestion through one writer, the catalog
// in memory. Readers see a state between two ingestions, never half of one. Private to the module:
// commands work on it.
#pragma once
#include <memory>
#include <mutex>

#include "kql/compile.hpp"
#include "warehouse/activity.hpp"
#include "warehouse/log_file.hpp"
#include "warehouse/log_queue.hpp"
#include "warehouse/observations.hpp"
#include "warehouse/query_places.hpp"
#include "warehouse/request_options.hpp"
#include "warehouse/sent_batches.hpp"
#include "warehouse/table_notes.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::warehouse {

// What ends a query of these options: its time limit, or whoever asked; or somebody else.
inline Stop stop_of(const QueryOptions& options, const std::atomic<bool>* killed = nullptr) {
  const std::chrono::duration<std::int64_t, std::ratio<1, ticks_per_second>> limit(
      options.limits.timeout.ticks);
  return {std::chrono::steady_clock::now() +
              std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit),
          options.cancelled, killed};
}

class Embedded final : public Warehouse {
 public:
  Embedded(std::unique_ptr<DuckDb> database, Connection writer, std::unique_ptr<QueryPlaces> places,
           const EmbeddedOptions& options);
  // Reads what the file holds; before anything else.
  Result<void> load();

  Result<std::vector<Table>> query_all(std::string_view text, const QueryOptions& options) override;
  Result<void> ingest(const telemetry::LogBatch& batch, Timestamp ingested_at) override;
  Result<Taken> take(const telemetry::LogBatch& batch, const Ingestion& ingestion) override;
  Result<std::string> position(std::string_view source) override;
  Result<void> ingest(std::string_view name, const Table& rows, Timestamp ingested_at) override;
  Result<Taken> take(std::string_view name, const Table& rows, const Ingestion& ingestion) override;
  Result<std::uint64_t> ingest_text(std::string_view table, const RecordText& text,
                                    const QueryOptions& options) override;
  Result<Table> execute(std::string_view command, const QueryOptions& options) override;
  Result<bool> apply_retention(Timestamp now) override;
  Result<std::vector<TableSchema>> tables() override;
  Result<void> create_table(const TableSchema& wanted, const Principal& principal) override;
  Result<void> drop_table(std::string_view name, const Principal& principal) override;
  Result<void> create_or_alter_function(const kql::Function& function,
                                        const Principal& principal) override;
  Result<void> drop_function(std::string_view name, const Principal& principal) override;
  Result<std::vector<kql::Function>> functions() override;
  Result<std::optional<WarehouseCopy>> backup(const std::filesystem::path& file) override;

  // What commands do beyond the seam.

  // The table has these columns afterwards, in this order: others go with what they hold.
  Result<void> alter_table(const TableSchema& wanted, const Principal& principal);
  Result<void> rename_column(std::string_view table, std::string_view from, const std::string& to,
                             const Principal& principal);
  struct Renaming {
    std::string from, to;
    bool if_exists = false;
  };
  // All at once: names may be swapped.
  Result<void> rename_tables(std::vector<Renaming> renamings, const Principal& principal);
  // `records` is a query that answers rows of this table, with all that `where` and `extend` leave.
  // Answers how many they are; unless `what_if` they are gone afterwards.
  Result<std::int64_t> delete_records(std::string_view table, std::string_view records,
                                      const QueryOptions& options, bool what_if);
  Result<void> clear_table(std::string_view table);
  // In one transaction; without `rows` columns the table's own stay.
  Result<void> replace_rows(const TableSchema& wanted, const Table& rows,
                            const QueryOptions& options);

  TableNotes notes() const;
  // An empty value takes the note away.
  Result<void> put_note(const std::string& table, const std::string& kind, const std::string& value,
                        const Principal& principal);
  // The table of that name, built in or not, but no view: WAREHOUSE0302, WAREHOUSE0301.
  Result<kql::Table> stored_table(std::string_view name) const;
  // What retention removed lately, a row for each slice; of one table, or of all ("").
  Result<Table> removals(const std::string& table, const QueryOptions& options);
  // What DuckDB holds, by kind: pages of tables that it keeps (`BASE_TABLE`), rows that are not in the file yet, queries at work.
  Result<Table> memory(const QueryOptions& options);
  // The rows of a query into a file below the export folder; answers where, how many rows and bytes.
  Result<Table> export_to_parquet(std::string_view query, const std::string& name,
                                  const QueryOptions& options);
  Activity& activity() { return activity_; }
  const EmbeddedOptions& options() const { return options_; }

 private:
  struct State {
    kql::Catalog catalog;
    TableNotes notes;
  };
  std::shared_ptr<const State> state() const;
  void publish(State next);
  Result<const kql::Table*> user_table(const kql::Catalog& catalog, std::string_view name) const;
  // `external` reads what externaldata asks for; empty: from the configured folder, if there is
  // one.
  Result<std::vector<Table>> run_all(std::string_view text, const QueryOptions& given,
                                     const kql::External& external);
  Result<std::vector<Table>> run_queries(std::string_view text, const QueryOptions& options,
                                         const SetStatements& settings, const Stop& stop,
                                         const kql::External& external);
  Result<std::vector<kql::Output>> compile_on(Connection& connection, std::string_view text,
                                              const QueryOptions& options,
                                              const SetStatements& settings, const Stop& stop,
                                              const kql::External& external);
  Result<Table> write_parquet(std::string_view query, const std::string& name,
                              const QueryOptions& options, const Stop& stop);
  Result<std::uint64_t> ingest_records(std::string_view table, const RecordText& text,
                                       Timestamp now);
  Result<void> forget_sent_if_due(Timestamp now);
  struct Excess;
  Result<std::optional<Excess>> too_old(Timestamp now);
  Result<std::optional<Excess>> too_much();
  Timestamp observed_since(Timestamp now) const;
  Result<std::optional<Excess>> too_long_observed(Timestamp now);
  Result<bool> forget_sightings(Timestamp now);
  Result<bool> remove_slice(const Excess& excess, Timestamp now);
  void write_group(const LogQueue::Group& group);
  Result<void> write_logs(const telemetry::LogBatch& batch, Timestamp ingested_at);
  Result<void> append_logs(const telemetry::LogBatch& batch, Timestamp ingested_at);
  Result<void> append_rows(const kql::Table& table, const std::vector<std::size_t>& sources,
                           const Table& rows, Timestamp ingested_at);
  // The same rows in a table of other columns or another name. `sources` names the old column of
  // each new one, "" for none.
  Result<void> rewrite(const kql::Table& from, const kql::Table& to,
                       const std::vector<std::string>& sources, const Principal& principal);

  // A commit that failed, on a full disk, leaves its texts in DuckDB's (1.4) open segment, and the
  // next row's text would run over them: the segment is written anew first.
  Result<void> tidy() {
    if (!untidy_) return {};
    TRY_DO(writer_.checkpoint());
    untidy_ = false;
    return {};
  }
  // `committed` runs between the commit and its acknowledgement, which can still fail (the sync of
  // a folder).
  template <class Work, class Committed>
  Result<void> in_transaction(Work work, Committed committed) {
    TRY_DO(tidy());
    TRY_DO(writer_.begin());
    Result<void> result;
    try {
      result = work();
    } catch (...) {  // no transaction stays open
      writer_.roll_back();
      throw;
    }
    if (result) {
      result = writer_.commit();
      untidy_ = !result;
    }
    if (!result) {
      writer_.roll_back();
      return result;
    }
    committed();
    return log_file_.committed();
  }

  EmbeddedOptions options_;
  std::unique_ptr<DuckDb> database_;
  std::mutex write_mutex_;  // of writer_, observations_, sent_, log_file_, removed_ and changes of
                            // the state
  Connection writer_;
  std::unique_ptr<QueryPlaces> places_;
  LogFile log_file_;
  ObservationKeeper observations_;
  SentBatches sent_;
  LogQueue queue_;
  Activity activity_;
  Timestamp forgotten_at_{};
  std::int64_t removed_ = 0;  // rows, since their space was last given back
  bool untidy_ = false;
  mutable std::mutex state_mutex_;
  std::shared_ptr<const State> state_;
};

// The cells of `rows` that append_rows takes, by the position of the table's column; Table::npos
// where it has none.
bool is_built_in(std::string_view name);

}  // namespace rollcall::warehouse
