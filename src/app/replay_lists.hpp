// The two lists that a replayed flow kept, read back: as records to judge, and as CSV for other judges.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "lists/list_store.hpp"
#include "sim/score.hpp"
#include "store/database.hpp"

namespace rollcall::app {

struct ReplayLists {
  std::string history, snapshot;  // their names
  static ReplayLists of(bool plain);
};

// All items that match the filter ("": all), in order of ID.
Result<std::vector<lists::Item>> read_items(store::Database& database, lists::ListStore& store,
                                            const std::string& list, const std::string& filter,
                                            Timestamp now);
Result<std::vector<sim::Record>> read_records(store::Database& database, lists::ListStore& store,
                                              const ReplayLists& names, Timestamp now);

// The snapshot, kept up to date by reading only what was modified since the last time.
class SnapshotMirror {
 public:
  Result<void> refresh(store::Database& database, lists::ListStore& store, const ReplayLists& names,
                       Timestamp now);
  const std::vector<sim::SnapshotRow>& rows() const { return rows_; }

 private:
  std::map<std::int64_t, std::size_t> row_of_;  // by ID
  std::vector<sim::SnapshotRow> rows_;
  Timestamp read_at_{0};
};

// `deployment-history.csv` and `current-snapshot.csv`, with all columns of the lists.
Result<void> export_lists(store::Database& database, lists::ListStore& store,
                          const ReplayLists& names, const std::filesystem::path& folder,
                          Timestamp now);

}  // namespace rollcall::app
