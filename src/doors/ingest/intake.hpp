// How much may be taken in at once: what is being read and written counts by its bytes, and what would go over the limit is
// sent away with the request to come again, instead of filling the memory. Also how a batch is named, so that a resend is known.
#pragma once
#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

#include "base/principal.hpp"
#include "http/message.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::doors {

class Intake {
 public:
  explicit Intake(std::size_t most_bytes = std::size_t{256} << 20) : most_(most_bytes) {}

  // Gives its bytes back when it goes.
  class Place {
   public:
    Place(Intake& intake, std::size_t bytes) : intake_(&intake), bytes_(bytes) {}
    Place(Place&& other) noexcept
        : intake_(std::exchange(other.intake_, nullptr)), bytes_(other.bytes_) {}
    ~Place() {
      if (intake_ != nullptr) intake_->taken_.fetch_sub(bytes_, std::memory_order_relaxed);
    }

   private:
    Intake* intake_;
    std::size_t bytes_;
  };
  // INGEST0401: too much is under way. A single batch is always let in.
  Result<Place> enter(std::size_t bytes);

 private:
  std::size_t most_;
  std::atomic<std::size_t> taken_{0};
};

// The principal, the place it was sent to and the body: two requests that agree in all of them are the same batch.
warehouse::Ingestion::Key key_of(const http::Request& request, const Principal& principal);

// Where the warehouse fails (its disk is full, say) the sender should come again: 503, and Retry-After beside 429 and 503.
int ingest_status(const Error& error);
void add_retry_after(http::Response& response);

}  // namespace rollcall::doors
