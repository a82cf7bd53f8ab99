#include "app/fleet_lines.hpp"

#include <fmt/format.h>

#include <memory>

#include "base/json.hpp"

namespace rollcall::app {
namespace {

Error not_written(const std::string& what) {
  return {"SIM0103", fmt::format("{} cannot be written; is the disk full?", what)};
}

json::object row_of(const telemetry::LogRow& row, Timestamp arrival) {
  json::object fields{{"Arrival", format_iso(arrival)},
                      {"Timestamp", format_iso(row.timestamp)},
                      {"Environment", row.environment},
                      {"Role", row.role},
                      {"Region", row.region},
                      {"Version", row.version},
                      {"Instance", row.instance},
                      {"Host", row.host},
                      {"SeverityNumber", row.severity_number},
                      {"SeverityText", row.severity_text},
                      {"Body", row.body}};
  if (!row.trace_id.empty()) fields["TraceId"] = row.trace_id;
  return fields;
}

std::string truth_csv(const sim::Truth& truth) {
  std::string text = "time,environment,role,region,version,previous,kind,completed,lines\n";
  for (std::size_t cell = 0; cell < truth.cells.size(); ++cell) {
    const auto& at = truth.cells[cell];
    for (const auto& one : truth.episodes[cell]) {
      text += fmt::format("{},{},{},{},{},{},{},{},{}\n", format_iso(one.start), at.environment,
                          at.role, at.region, truth.versions[one.version],
                          one.previous ? truth.versions[*one.previous] : "",
                          sim::to_string(one.kind), format_iso(one.completion), one.lines);
    }
  }
  return text;
}

}  // namespace

Result<void> write_fleet(sim::RandomFleet fleet, Timestamp from, std::FILE* out,
                         const std::filesystem::path& truth) {
  sim::Player player(fleet.options, std::move(fleet.timeline), from);
  telemetry::LogBatch batch;
  while (const auto line = player.next()) {
    batch.clear();
    player.append(*line, batch);
    const auto row = json::serialize(row_of(batch.row(0), line->arrival)) + "\n";
    if (std::fwrite(row.data(), 1, row.size(), out) != row.size())
      return std::unexpected(not_written("the output"));
  }
  if (std::fflush(out) != 0) return std::unexpected(not_written("the output"));
  if (truth.empty()) return {};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(truth.c_str(), "w"),
                                                             std::fclose);
  const auto text = truth_csv(player.truth());
  if (!file || std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
      std::fflush(file.get()) != 0)
    return std::unexpected(not_written(truth.string()));
  return {};
}

}  // namespace rollcall::app
