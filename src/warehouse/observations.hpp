// Keeps Observations (and Sightings) beside the logs: a batch is folded in memory to one row per instance, version and
// 5-minute bin, and these rows are merged into the stored ones in the caller's transaction. The cost of a batch follows its
// rows; what is written and read back follows the bins that it touches.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "telemetry/batch.hpp"
#include "warehouse/duckdb.hpp"

namespace rollcall::warehouse {

inline constexpr Timespan bin_width = minutes(5);

// What a batch says of one instance and version in one bin.
struct FoldedBin {
  std::int64_t key;  // Id in `$keys`
  Timestamp bin, first, last;
  std::int64_t lines;
  Timespan least_lag;
  Timestamp earliest_ingested, latest_ingested;
  std::int64_t requests = 0;  // of the lines, those that were written while a request was answered
};

class ObservationKeeper {
 public:
  // Reads the keys that are stored.
  Result<void> load(Connection& connection);
  // To be called inside a transaction, which then ends with committed() or rolled_back().
  Result<void> merge(Connection& connection, const telemetry::LogBatch& batch,
                     Timestamp ingested_at);
  void committed();
  void rolled_back();
  // Keys that are removed from the stored ones, after the commit.
  void forget(const std::vector<std::int64_t>& keys);

 private:
  void fold(const telemetry::LogBatch& batch, Timestamp ingested_at);
  std::int64_t key_of(const telemetry::LogBatch& batch, std::size_t row);
  std::int64_t find_key(const telemetry::LogBatch& batch, std::size_t row);
  Result<void> write_keys(Connection& connection, const telemetry::LogBatch& batch);
  Result<void> write_bins(Connection& connection);
  Result<void> merge_bins(Connection& connection, std::span<const FoldedBin> bins);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  boost::unordered_flat_map<std::string, std::int64_t, Hash, std::equal_to<>> keys_;
  std::int64_t next_key_ = 0;
  Timestamp latest_bin_{-1};  // no stored bin is later

  // Of the batch at hand.
  struct NewKey {
    std::int64_t key;
    std::size_t row;  // a row of the batch that names it
    std::string text;
  };
  std::vector<NewKey> new_keys_;
  std::vector<FoldedBin> folded_;
  std::string key_text_;
  std::size_t last_row_ = SIZE_MAX;  // whose key is the last one
  std::int64_t last_key_ = 0;
};

}  // namespace rollcall::warehouse
