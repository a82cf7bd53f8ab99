#include "doors/ingest/intake.hpp"

#include <fmt/format.h>

#include "base/hash.hpp"
#include "doors/errors.hpp"

namespace rollcall::doors {

Result<Intake::Place> Intake::enter(std::size_t bytes) {
  const auto before = taken_.fetch_add(bytes, std::memory_order_relaxed);
  Place place(*this, bytes);
  if (before == 0 || before + bytes <= most_) return place;
  return fail("INGEST0401",
              fmt::format("{} MiB are being taken in already; send this batch again in a second",
                          before >> 20));
}

warehouse::Ingestion::Key key_of(const http::Request& request, const Principal& principal) {
  const auto sender = fmt::format("{}\n{}\n{}", to_string(principal), request.target,
                                  request.headers.value_or("Content-Type"));
  return {static_cast<std::int64_t>(xxhash64(sender)),
          static_cast<std::int64_t>(xxhash64(request.body))};
}

int ingest_status(const Error& error) {
  const int status = status_of(error);
  return status == 500 ? 503 : status;
}

void add_retry_after(http::Response& response) {
  if (response.status == 429) response.headers.set("Retry-After", "1");
  if (response.status == 503) response.headers.set("Retry-After", "5");
}

}  // namespace rollcall::doors
