// Asks the configured sources, each on a thread and at a pace of its own, and knows of each how it fares: so that a source that
// stopped is told apart from a region that went silent.
#pragma once
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/json.hpp"
#include "fleet/deployment.hpp"
#include "sources/source.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::app {

class Pulling {
 public:
  // SOURCE0301 for a source that cannot be; WAREHOUSE0111 when the warehouse keeps no positions. What is passed must outlive it.
  static Result<std::unique_ptr<Pulling>> start(const std::vector<sources::SourceOptions>& all,
                                                warehouse::Warehouse& warehouse,
                                                const Clock& clock);
  ~Pulling();

  // [{"name", "kind", "state": ok|failing|stopped|waiting, "lastSuccess", "watermark", "lagSeconds", "rows", "badLines", "pulls", "failures", "error"}].
  // Stopped: nothing was heard for five times its pace, and at least five minutes.
  json::array health() const;
  // The cells that were heard through sources which are not heard themselves any more, each with the name of one;
  // a cell that another source still hears is not among them.
  std::map<fleet::Cell, std::string> deaf_cells() const;

 private:
  struct One;
  bool is_deaf(const One& one) const;
  Pulling(warehouse::Warehouse& warehouse, const Clock& clock);
  void run(One& one);
  Result<bool> pull(One& one);  // whether there is more at once

  warehouse::Warehouse& warehouse_;
  const Clock& clock_;
  std::unique_ptr<http::Client> client_;
  mutable std::mutex mutex_;  // of what is known of the sources, and of stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<One>> all_;
};

}  // namespace rollcall::app
