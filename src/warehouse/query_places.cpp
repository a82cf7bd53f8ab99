#include "warehouse/query_places.hpp"

#include <chrono>

namespace rollcall::warehouse {

QueryPlaces::Lease::~Lease() {
  if (connection_ != nullptr) places_->give_back(connection_, poll_);
}

Result<std::unique_ptr<QueryPlaces>> QueryPlaces::open(DuckDb& database, unsigned people,
                                                       unsigned queue) {
  std::unique_ptr<QueryPlaces> places(new QueryPlaces(queue));
  for (unsigned i = 0; i <= people; ++i) {
    TRY(auto connection, database.connect());
    places->connections_.push_back(std::move(connection));
    (i == 0 ? places->poll_ : places->people_).free.push_back(&places->connections_.back());
  }
  return places;
}

Result<QueryPlaces::Lease> QueryPlaces::take(QueryOptions::Lane lane, const Stop& stop) {
  const bool poll = lane == QueryOptions::Lane::poll;
  std::unique_lock lock(mutex_);
  Line& line = poll ? poll_ : people_;
  if (line.free.empty() && line.waiting.size() >= queue_limit_) {
    return fail(
        "WAREHOUSE0104",
        fmt::format("{} queries are waiting already; try again in a moment", line.waiting.size()));
  }
  const std::uint64_t ticket = line.next_ticket++;
  line.waiting.push_back(ticket);
  const auto mine = [&] { return !line.free.empty() && line.waiting.front() == ticket; };
  while (!mine()) {
    const bool cancelled = (stop.cancelled != nullptr && stop.cancelled->load()) ||
                           (stop.killed != nullptr && stop.killed->load());
    if (cancelled || (stop.deadline && std::chrono::steady_clock::now() >= *stop.deadline)) {
      std::erase(line.waiting, ticket);
      freed_.notify_all();
      return cancelled
                 ? fail("WAREHOUSE0110", "the query was cancelled while it waited for its turn")
                 : fail("WAREHOUSE0104",
                        "no place was free within the query's time limit; try again in a moment");
    }
    freed_.wait_for(lock, std::chrono::milliseconds(20));
  }
  line.waiting.pop_front();
  auto* connection = line.free.back();
  line.free.pop_back();
  if (!line.free.empty()) freed_.notify_all();
  return Lease(*this, connection, poll);
}

void QueryPlaces::give_back(Connection* connection, bool poll) {
  {
    const std::lock_guard lock(mutex_);
    (poll ? poll_ : people_).free.push_back(connection);
  }
  freed_.notify_all();
}

}  // namespace rollcall::warehouse
