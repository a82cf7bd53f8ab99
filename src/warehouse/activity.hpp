// What was asked and what went wrong, for `.show queries`, `.cancel query` and `.show ingestion failures`: the queries
// under way, and the last of those that ended. In memory; a restart forgets it. May be used from any thread.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::warehouse {

struct QueryRecord {
  std::string text;  // the first 64 KiB
  Timestamp started_on;
  Timespan duration;
  std::string state = "InProgress";  // Completed, Failed, Canceled
  std::string failure;
  Principal principal;
  std::string client_activity_id, activity_id, application, properties;
  std::uint64_t tables = 0, rows = 0;  // of the result
};

struct IngestionFailure {
  std::string table, source, format;
  Timestamp failed_on;
  Error error;
  Principal principal;
  std::string activity_id;
};

class Activity {
  struct Running {
    QueryRecord record;
    std::chrono::steady_clock::time_point began;
    std::atomic<bool> killed = false;
    std::atomic<bool> displaced = false;
    bool of_people = true;
  };

 public:
  // A query under way, from its making to its end.
  class Query {
   public:
    Query(Activity& activity, std::string_view text, const QueryOptions& options);
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query();
    const std::atomic<bool>* killed() const { return &running_->killed; }
    const std::atomic<bool>* displaced() const { return &running_->displaced; }
    void ended(const Result<std::vector<Table>>& result);

   private:
    Activity& activity_;
    std::list<Running>::iterator running_;
  };

  // Oldest first; those under way last.
  std::vector<QueryRecord> queries(bool only_running);
  // How many were told to stop: all that the client named so, of this principal unless `of_anybody`.
  std::size_t cancel(std::string_view client_activity_id, const Principal& principal,
                     bool of_anybody);

  // Stops the queries of people, and waits until they have ended, at most so long. False: there is none, or one of them
  // has not.
  bool displace_people(std::chrono::milliseconds patience);

  void note(IngestionFailure failure);
  std::vector<IngestionFailure> failures();

 private:
  std::mutex mutex_;
  std::condition_variable ended_one_;
  std::list<Running> running_;
  std::deque<QueryRecord> ended_;
  std::deque<IngestionFailure> failures_;
};

}  // namespace rollcall::warehouse
