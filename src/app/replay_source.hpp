// Where a replay's log lines come from, in order of arrival: a simulated fleet, or a file of logs made
// elsewhere. Only the lines of one poll are held.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/error.hpp"
#include "base/time.hpp"
#include "sim/listener.hpp"
#include "sim/player.hpp"
#include "telemetry/batch.hpp"

namespace rollcall::app {

class LineSource {
 public:
  virtual ~LineSource() = default;
  // When the next line arrives; nullopt after the last.
  virtual Result<std::optional<Timestamp>> next_arrival() = 0;
  // Appends the lines that arrive by `until`, each with its arrival; at most `limit` of them.
  virtual Result<void> append(Timestamp until, std::size_t limit, telemetry::LogBatch& batch) = 0;
  virtual double progress() const = 0;  // 0..1
};

std::unique_ptr<LineSource> play_lines(sim::Player& player);
// NDJSON with the columns of OTelLogs and Arrival, .gz or .zst too. REPLAY0103: the file cannot be read, or its
// lines do not come in order of arrival. What arrives while somebody is down is let in when he is back.
Result<std::unique_ptr<LineSource>> read_lines(const std::filesystem::path& file,
                                               sim::Outages outages);
// The same lines, each heard by the listener as it is handed on.
std::unique_ptr<LineSource> listen(std::unique_ptr<LineSource> source, sim::Listener& listener);

}  // namespace rollcall::app
