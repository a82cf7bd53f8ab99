#include "flow/history_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/utf8.hpp"

namespace rollcall::flow {
namespace {

std::string shown(const json::value& outputs) {
  if (outputs.is_null()) return "";
  auto text = json::serialize(outputs);
  if (text.size() > 200) text = repaired_utf8(text.substr(0, 197)) + "...";
  return text;
}

// Columns with two spaces between them, and none at the end of a line.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += i + 1 < row.size() ? fmt::format("{:<{}}  ", row[i], widths[i]) : row[i];
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace

std::string since(Timestamp zero, Timestamp time) {
  const auto ticks = (time - zero).ticks;
  std::string text = "+";
  if (ticks >= ticks_per_day) text += fmt::format("{}d", ticks / ticks_per_day);
  if (ticks % ticks_per_day >= ticks_per_hour)
    text += fmt::format("{}h", ticks % ticks_per_day / ticks_per_hour);
  if (ticks % ticks_per_hour >= ticks_per_minute)
    text += fmt::format("{}m", ticks % ticks_per_hour / ticks_per_minute);
  const auto rest = ticks % ticks_per_minute;
  if (rest % ticks_per_second == 0) {
    if (rest != 0 || text == "+") text += fmt::format("{}s", rest / ticks_per_second);
    return text;
  }
  return text + fmt::format("{:.1f}s", static_cast<double>(rest) / ticks_per_second);
}

std::string history_text(const RunView& view, Timestamp zero, Timestamp now) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& action : view.actions) {
    auto name = action.name;
    if (!action.iterations.empty()) name += fmt::format("[{}]", fmt::join(action.iterations, ","));
    if (action.attempts > 1) name += fmt::format(" (attempt {})", action.attempts);
    auto tail = action.hidden_outputs ? "(hidden)" : shown(action.outputs);
    if (action.status == Status::skipped) tail = action.code == "ActionSkipped" ? "" : action.code;
    if (action.status == Status::failed || action.status == Status::timed_out)
      tail = action.code + ": " + action.message;
    rows.push_back({since(zero, action.status == Status::running ? action.started : action.ended),
                    name, std::string(to_string(action.status)), tail});
  }
  auto text = aligned(rows) + fmt::format("{} run {}", since(zero, view.run.ended.value_or(now)),
                                          to_string(view.run.status));
  if (!view.run.code.empty()) text += fmt::format(" {}: {}", view.run.code, view.run.message);
  text += '\n';
  if (!view.run.response.empty()) text += "answered " + view.run.response + "\n";
  return text;
}

}  // namespace rollcall::flow
