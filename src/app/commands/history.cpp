// `rollcall history`: deployments, newest first.
#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "app/text_table.hpp"

namespace rollcall::app {
namespace {

std::string minute_of(std::string_view iso) {
  return iso.size() < 16 ? std::string(iso)
                         : fmt::format("{} {}", iso.substr(0, 10), iso.substr(11, 5));
}

// `deploy`, `deploy, InProgress 50%`, `deploy, RolledBack`: what goes without saying is not said.
std::string what_of(const json::value& deployment) {
  std::string what(text_or(deployment, "kind"));
  if (const auto status = text_or(deployment, "status"); status != "Completed")
    what += ", " + std::string(status);
  const auto* percent = find(deployment, "percent");
  if (text_or(deployment, "status") == "InProgress" && percent != nullptr && percent->is_number()) {
    what += fmt::format(" {}%", percent->to_number<std::int64_t>());
  }
  return what;
}

// Names the cells, leaving out what is the same in all of them: that stands once, above the table.
struct CellNames {
  std::string shared;              // `production/portal`, or a part of it, or ""
  std::vector<std::string> names;  // of each deployment
};

CellNames name_cells(const json::array& deployments) {
  CellNames cells;
  std::vector<std::string_view> telling;
  for (const std::string_view part : {"environment", "role", "region"}) {
    const bool same = std::ranges::all_of(deployments, [&](const json::value& one) {
      return text_or(one, part) == text_or(deployments[0], part);
    });
    if (same && part != "region") {
      cells.shared +=
          (cells.shared.empty() ? "" : "/") + std::string(text_or(deployments[0], part));
    } else {
      telling.push_back(part);
    }
  }
  for (const auto& deployment : deployments) {
    std::string name;
    for (const auto part : telling)
      name += (name.empty() ? "" : "/") + std::string(text_or(deployment, part));
    cells.names.push_back(std::move(name));
  }
  return cells;
}

}  // namespace

int history(const HistoryOptions& options, const Console& console, const Clock& clock) {
  const auto connection = connect(options.connect, clock, console);
  if (!connection) return report(console, connection.error());
  std::string target = fmt::format("/api/v1/history?top={}", options.top);
  for (const auto& [name, value] :
       {std::pair{"environment", options.environment}, std::pair{"role", options.role},
        std::pair{"region", options.region}, std::pair{"version", options.version}}) {
    if (!value.empty()) target += fmt::format("&{}={}", name, http::encode_percent(value));
  }
  const auto answer = (*connection)->get(target);
  if (!answer) return report(console, answer.error());
  if (options.json) {
    console.out(pretty(*answer));
    return done;
  }
  const auto& deployments = answer->at("deployments").as_array();
  if (deployments.empty()) {
    console.out("no deployment matches\n");
    return done;
  }
  const auto cells = name_cells(deployments);
  std::vector<std::vector<std::string>> rows{
      {"started (UTC)", "cell", "version", "before", "what"}};
  for (std::size_t i = 0; i < deployments.size(); ++i) {
    const auto text = [&](std::string_view key) {
      return std::string(text_or(deployments[i], key));
    };
    rows.push_back({minute_of(text("startedAt")), cells.names[i], text("version"),
                    text("previousVersion"), what_of(deployments[i])});
  }
  if (!cells.shared.empty()) console.out(cells.shared + "\n");
  console.out(text_table(rows));
  return done;
}

}  // namespace rollcall::app
