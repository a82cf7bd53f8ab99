// `rollcall history`: deployments, newest first.
#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "app/text_table.hpp"

namespace rollcall::app {
namespace {

std::string minute_of(std::string_view iso) {
  return iso.size() < 16 ? std::string(iso) : fmt::format("{} {}", iso.substr(0, 10), iso.substr(11, 5));
}

// `deploy`, `deploy, InProgress 50%`, `deploy, RolledBack`: what goes without saying is not said.
std::string what_of(const json::value& deployment) {
  std::string what(text_or(deployment, "kind"));
  if (const auto status = text_or(deployment, "status"); status != "Completed") what += ", " + std::string(status);
  const auto* percent = find(deployment, "percent");
  if (text_or(deployment, "status") == "InProgress" && percent != nullptr && percent->is_number()) {
    what += fmt::format(" {}%", percent->to_number<std::int64_t>());
  }
  return what;
}

}  // namespace

int history(const HistoryOptions& options, const Console& console, const Clock& clock) {
  const auto connection = connect(options.connect, clock, console);
  if (!connection) return report(console, connection.error());
  std::string target = fmt::format("/api/v1/history?top={}", options.top);
  for (const auto& [name, value] : {std::pair{"environment", options.environment}, std::pair{"role", options.role},
                                    std::pair{"region", options.region}, std::pair{"version", options.version}}) {
    if (!value.empty()) target += fmt::format("&{}={}", name, http::encode_percent(value));
  }
  const auto answer = (*connection)->get(target);
  if (!answer) return report(console, answer.error());
  if (options.json) {
    console.out(pretty(*answer));
    return done;
  }
  std::vector<std::vector<std::string>> rows{{"started (UTC)", "cell", "version", "before", "what"}};
  for (const auto& deployment : answer->at("deployments").as_array()) {
    const auto text = [&](std::string_view key) { return std::string(text_or(deployment, key)); };
    rows.push_back({minute_of(text("startedAt")), text("environment") + "/" + text("role") + "/" + text("region"),
                    text("version"), text("previousVersion"), what_of(deployment)});
  }
  console.out(rows.size() == 1 ? "no deployment matches\n" : text_table(rows));
  return done;
}

}  // namespace rollcall::app
