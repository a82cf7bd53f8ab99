// A flow, tried without anything that it calls: the real driver on a database in memory and a clock that jumps,
// with connectors that answer from a script, or from what the definition expects (samples.hpp).
#pragma once
#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "flow/driver.hpp"
#include "flow/samples.hpp"
#include "store/database.hpp"

namespace rollcall::flow {

// One call that a flow makes.
struct AskedCall {
  std::string connector;
  std::string operation;  // its id; of the classic style `get /path`
  std::string action;
  std::uint32_t attempt = 1;
  const json::object& parameters;
  std::string_view callback_url;
};
using Answering = std::function<Outcome(const AskedCall&)>;

// A connector that has every operation that anybody asks for.
std::unique_ptr<Connector> make_stand_in(std::string id, Answering answering);

class Rehearsal {
 public:
  // The connectors that the definition names, and `http`, answer as `answering` says.
  static Result<std::unique_ptr<Rehearsal>> open(Answering answering, Timestamp start);

  Result<Deployed> deploy(std::string_view name, const json::value& document,
                          const DeployOptions& options);
  // Until nothing is due before `until`. FLOW0502: it does not come to an end.
  Result<void> go(Timestamp until = timestamp_max);
  Driver& driver() { return *driver_; }
  ManualClock& clock() { return clock_; }
  // Where actions wait to be called back: run and instance, in the order they asked.
  std::vector<std::pair<RunId, std::string>> waiting() const;

 private:
  Rehearsal(Answering answering, Timestamp start)
      : answering_(std::move(answering)), clock_(start) {}

  Answering answering_;
  ManualClock clock_;
  std::vector<std::string> callback_urls_;
  std::unique_ptr<store::Database> database_;
  Connectors connectors_;
  std::unique_ptr<Driver> driver_;
};

// Runs the flow once with samples: every call is answered with what the definition expects, and whoever waits is
// called back. The record of the run when it has come to its end, or when nothing moves any more.
Result<RunRecord> rehearse_with_samples(const json::value& document);

}  // namespace rollcall::flow
