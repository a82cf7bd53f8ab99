// The work of the plain flow as one would write it by hand in C++ on SQLite: the same tables and indices as
// the lists have, statements prepared once, records in batches of one transaction. Item versions included.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace rollcall::bench {

struct Record {
  std::string environment, role, region, version;
  std::int64_t first_seen = 0;
};

struct HandTables {
  std::string history, history_versions, snapshot, snapshot_versions;
};

class ByHand {
 public:
  ByHand(const std::string& file, const HandTables& tables, bool power);
  ~ByHand();
  void run(const std::vector<Record>& records, std::size_t batch, std::int64_t now);

 private:
  class Statements;
  void* handle_ = nullptr;
  Statements* statements_ = nullptr;
};

}  // namespace rollcall::bench
