// `rollcall flow runs`, `show`, `run`, `resubmit`, `resume`, `cancel`.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <map>
#include <thread>

#include "app/commands/flow.hpp"
#include "app/text_table.hpp"

namespace rollcall::app {
namespace {

std::vector<std::string> run_row(const json::value& run) {
  return {number_text(run, "id"),
          std::string(text_or(run, "flow")),
          std::string(text_or(run, "status")),
          std::string(text_or(run, "startedAt")),
          std::string(text_or(run, "endedAt", "-")),
          std::string(text_or(run, "message"))};
}

const std::vector<std::string> run_heads{"run", "flow", "status", "started", "ended", "why"};

// `1.2s`, `3m 5s`, `2h 10m`
std::string duration_text(std::string_view from, std::string_view to) {
  const auto start = parse_iso(from), end = parse_iso(to);
  if (!start || !end) return "";
  const auto ms = (*end - *start).ticks / ticks_per_millisecond;
  if (ms < 10'000) return fmt::format("{}.{}s", ms / 1000, ms % 1000 / 100);
  const auto seconds = ms / 1000;
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m {}s", seconds / 60, seconds % 60);
  return fmt::format("{}h {}m", seconds / 3600, seconds % 3600 / 60);
}

std::string one_line(const json::value* value, std::size_t longest) {
  if (value == nullptr || value->is_null()) return "";
  auto text = json::serialize(*value);
  return text.size() > longest ? text.substr(0, longest - 3) + "..." : text;
}

// Actions as a tree: below the scope, condition or loop they stand in, iteration by iteration.
class Tree {
 public:
  Tree(const json::array& actions, bool with_data) : with_data_(with_data) {
    for (const auto& action : actions)
      children_[key_of(text_or(action, "parent"), action)].push_back(&action);
  }

  std::string text() const {
    std::string out;
    level("", {}, 0, out);
    return out;
  }

 private:
  using Key =
      std::pair<std::string, std::string>;  // of what is around it: its name, and the iterations

  static std::string iterations_of(const json::value& action) {
    const auto* iterations = find(action, "iterations");
    return iterations == nullptr ? "[]" : json::serialize(*iterations);
  }
  static Key key_of(std::string_view parent, const json::value& action) {
    return {std::string(parent), iterations_of(action)};
  }

  void level(const std::string& parent, const std::string& around, int depth,
             std::string& out) const {
    for (const auto& [key, actions] : children_) {
      if (key.first != parent) continue;
      const bool same = around.empty() || key.second == around;
      // One loop deeper: `[3]` within `[]`, `[3,0]` within `[3]`.
      const bool inside =
          !same && around.size() > 1 &&
          key.second.starts_with(around == "[]" ? "["
                                                : around.substr(0, around.size() - 1) + ",") &&
          std::count(key.second.begin(), key.second.end(), ',') ==
              (around == "[]" ? 0 : std::count(around.begin(), around.end(), ',') + 1);
      if (!same && !inside) continue;
      if (inside) out += fmt::format("{:>{}}iteration {}\n", "", 24 + 2 * depth, key.second);
      for (const auto* action : actions) one(*action, depth + (inside ? 1 : 0), out);
    }
  }

  void one(const json::value& action, int depth, std::string& out) const {
    const auto ended = text_or(action, "endedAt");
    const auto time = duration_text(text_or(action, "startedAt"), ended);
    const auto* attempts = find(action, "attempts");
    const bool retried = attempts != nullptr && attempts->is_int64() && attempts->get_int64() > 1;
    const auto message = text_or(action, "message");
    const auto code = text_or(action, "code");
    out += fmt::format("{:<10} {:>12} {:>{}}{} ({}){}{}\n", text_or(action, "status"), time, "",
                       2 * depth, text_or(action, "name"), text_or(action, "type"),
                       retried ? fmt::format(", {} attempts", attempts->get_int64()) : "",
                       message.empty() ? "" : fmt::format(": {} {}", code, message));
    if (with_data_) data(action, depth, out);
    level(std::string(text_or(action, "name")), iterations_of(action), depth + 1, out);
  }

  static void data(const json::value& action, int depth, std::string& out) {
    for (const auto* side : {"inputs", "outputs"}) {
      const bool hidden =
          find(action, side == std::string_view("inputs") ? "hiddenInputs" : "hiddenOutputs") !=
          nullptr;
      const auto text = hidden ? "(hidden)" : one_line(find(action, side), 300);
      if (!text.empty()) out += fmt::format("{:>{}}{}: {}\n", "", 26 + 2 * depth, side, text);
    }
  }

  std::map<Key, std::vector<const json::value*>> children_;
  bool with_data_;
};

// Asks until the run has ended.
Result<json::value> wait_for(Connection& connection, const std::string& run) {
  for (int wait_ms = 20;; wait_ms = std::min(2 * wait_ms, 1'000)) {
    TRY(auto answer, connection.get("/api/v1/runs/" + run));
    if (!text_or(answer, "endedAt").empty()) return answer;
    std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
  }
}

Result<int> started(const FlowOptions& options, const Console& console, Connection& connection,
                    const json::value& answer) {
  const auto run = number_text(answer, "run");
  if (!options.wait) return print(options, console, answer, fmt::format("run {} has begun\n", run));
  TRY(const auto ended, wait_for(connection, run));
  const auto status = text_or(ended, "status");
  const auto message = text_or(ended, "message");
  print(options, console, ended,
        fmt::format("run {} {}{}{}\n", run, status, message.empty() ? "" : ": ", message));
  return status == "Succeeded" ? done : went_wrong;
}

}  // namespace

Result<int> list_runs(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto connection, connect(options.connect, clock, console));
  std::string target = fmt::format("/api/v1/runs?top={}", options.top);
  const auto filter = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) target += fmt::format("&{}={}", name, http::encode_percent(value));
  };
  filter("flow", options.name);
  filter("status", options.status);
  filter("from", options.from);
  filter("to", options.to);
  filter("trigger", options.trigger);
  filter("text", options.text);
  TRY(const auto answer, connection->get(target));
  std::vector<std::vector<std::string>> rows{run_heads};
  const auto* runs = find(answer, "runs");
  for (const auto& run : runs == nullptr ? json::array() : runs->as_array())
    rows.push_back(run_row(run));
  return print(options, console, answer, text_table(rows));
}

Result<int> show_run(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto connection, connect(options.connect, clock, console));
  TRY(const auto answer,
      connection->get(fmt::format("/api/v1/runs/{}/actions?top={}&data={}", options.run,
                                  options.top, options.json || options.data)));
  const auto* run = find(answer, "run");
  const json::value nothing;
  std::string text = text_table({run_heads, run_row(run == nullptr ? nothing : *run)}) + "\n";
  if (const auto* trigger = find(answer, "trigger"); trigger != nullptr && trigger->is_object()) {
    text += fmt::format("{:<10} {:>12} {} (trigger)\n", text_or(*trigger, "status"), "",
                        text_or(*trigger, "name"));
    if (const auto outputs = one_line(find(*trigger, "outputs"), 300);
        options.data && !outputs.empty())
      text += fmt::format("{:>26}outputs: {}\n", "", outputs);
  }
  const auto* actions = find(answer, "actions");
  text += Tree(actions == nullptr ? json::array() : actions->as_array(), options.data).text();
  const auto* count = find(answer, "count");
  if (count != nullptr && count->is_int64() &&
      count->get_int64() > static_cast<std::int64_t>(options.top)) {
    text += fmt::format("{} actions in all; see more with --top\n", count->get_int64());
  }
  return print(options, console, answer, text);
}

Result<int> run_flow(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto body, parse_json(options.body.empty() ? "null" : options.body));
  TRY(const auto connection, connect(options.connect, clock, console));
  auto target = fmt::format("/api/v1/flows/{}/runs", http::encode_percent(options.name));
  if (!options.trigger.empty()) target += "?trigger=" + http::encode_percent(options.trigger);
  TRY(const auto answer, connection->post(target, body));
  return started(options, console, *connection, answer);
}

Result<int> resubmit_run(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto connection, connect(options.connect, clock, console));
  TRY(const auto answer,
      connection->post(fmt::format("/api/v1/runs/{}/resubmit", options.run), nullptr));
  return started(options, console, *connection, answer);
}

Result<int> resume_run(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto connection, connect(options.connect, clock, console));
  TRY(const auto answer, connection->post(fmt::format("/api/v1/runs/{}/resume", options.run),
                                          json::object{{"from", options.from}}));
  return started(options, console, *connection, answer);
}

Result<int> cancel_run(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto connection, connect(options.connect, clock, console));
  TRY(const auto answer,
      connection->post(fmt::format("/api/v1/runs/{}/cancel", options.run), nullptr));
  return print(options, console, answer, fmt::format("run {} is told to stop\n", options.run));
}

}  // namespace rollcall::app
