// What makes a batch safe to send again, and a source safe to read on: beside the rows, in their transaction, stand the
// keys of the batches that came within the last hour, and how far each source has been read.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "warehouse/duckdb.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::warehouse {

class SentBatches {
 public:
  // Makes the tables that are missing and reads what they hold.
  Result<void> load(Connection& connection);

  bool has(const Ingestion::Key& key) const {
    return known_.contains(key) || added_set_.contains(key);
  }
  std::string_view position(std::string_view source) const;

  // Inside a transaction, which then ends with committed() or rolled_back().
  void add(const Ingestion& ingestion);
  Result<void> write(Connection& connection);
  void committed();
  void rolled_back();
  // Forgets what is older than an hour; in a transaction of the caller.
  Result<void> forget_old(Connection& connection, Timestamp now);

 private:
  struct KeyHash {
    using is_avalanching = void;
    std::size_t operator()(const Ingestion::Key& key) const {
      const auto mixed = static_cast<std::uint64_t>(key.content) * 0x9E3779B97F4A7C15U ^
                         static_cast<std::uint64_t>(key.sender);
      return (mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93U;
    }
  };
  using Set = boost::unordered_flat_set<Ingestion::Key, KeyHash>;
  struct Sent {
    Ingestion::Key key;
    Timestamp at;
  };

  Set known_, added_set_;
  std::deque<Sent> in_order_;
  std::vector<Sent> added_;
  std::map<std::string, std::string, std::less<>> positions_, moved_;
};

}  // namespace rollcall::warehouse
