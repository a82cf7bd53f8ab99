// Admission of queries: a few run at once, each on a connection of its own; the poll has a place that nobody else takes.
// Others wait in order of arrival, at most so many and at most until their deadline.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "warehouse/duckdb.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::warehouse {

class QueryPlaces {
 public:
  // A place and its connection, given back at the end.
  class Lease {
   public:
    Lease(QueryPlaces& places, Connection* connection, bool poll)
        : places_(&places), connection_(connection), poll_(poll) {}
    Lease(Lease&& other) noexcept
        : places_(other.places_),
          connection_(std::exchange(other.connection_, nullptr)),
          poll_(other.poll_) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Connection& connection() const { return *connection_; }

   private:
    QueryPlaces* places_;
    Connection* connection_;
    bool poll_;
  };

  // One connection for the poll, and `people` of them.
  static Result<std::unique_ptr<QueryPlaces>> open(DuckDb& database, unsigned people,
                                                   unsigned queue);
  // WAREHOUSE0104: the queue is full, or no place was free in time.
  Result<Lease> take(QueryOptions::Lane lane, const Stop& stop);

 private:
  explicit QueryPlaces(unsigned queue) : queue_limit_(queue) {}
  void give_back(Connection* connection, bool poll);

  std::mutex mutex_;
  std::condition_variable freed_;
  std::deque<Connection> connections_;
  struct Line {
    std::vector<Connection*> free;
    std::uint64_t next_ticket = 0;
    std::deque<std::uint64_t> waiting;
  };
  Line people_, poll_;
  unsigned queue_limit_;
};

}  // namespace rollcall::warehouse
