// Interrupts queries that must stop, from a thread of its own: whoever runs a query looks at its limits between two of
// DuckDB's tasks only, and a task may be long. The one thread that the warehouse adds to DuckDB's.
#pragma once
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "warehouse/duckdb_handles.hpp"

namespace rollcall::warehouse {

// Whether the query is cancelled or displaced, or past its deadline.
bool must_stop(const Stop& stop);

class Watchdog {
 public:
  ~Watchdog();

  // Watches a connection's query while it lives.
  class Watch {
   public:
    Watch(Watchdog& watchdog, duckdb_connection connection, const Stop& stop);
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch();

   private:
    Watchdog& watchdog_;
    std::list<std::pair<duckdb_connection, const Stop*>>::iterator entry_;
  };

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<std::pair<duckdb_connection, const Stop*>> watched_;
  bool ending_ = false;
  bool asleep_ = false;  // until something is watched
  std::thread thread_;   // since the first watch
};

}  // namespace rollcall::warehouse
