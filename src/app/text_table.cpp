#include "app/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rollcall::app {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t least_width = 4;

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::string cut(const std::string& text, std::size_t width) {
  std::string line;
  std::size_t shown = 0;
  const bool too_long = width_of(text) > width;
  for (const char c : text) {
    if (!continues(c) && ++shown > (too_long ? width - 1 : width)) break;
    line += c == '\n' || c == '\t' || c == '\r' ? ' ' : c;
  }
  return too_long ? line + "…" : line;
}

std::vector<std::size_t> widths_of(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  return widths;
}

void shrink(std::vector<std::size_t>& widths) {
  const auto total = [&] {
    std::size_t sum = widths.empty() ? 0 : gap * (widths.size() - 1);
    for (const auto width : widths) sum += width;
    return sum;
  };
  while (total() > screen_columns) {
    const auto widest = std::ranges::max_element(widths);
    if (*widest <= least_width) return;  // more columns than a screen holds
    --*widest;
  }
}

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return !continues(c); }));
}

std::string text_table(const std::vector<std::vector<std::string>>& rows) {
  auto widths = widths_of(rows);
  shrink(widths);
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto text = cut(row[i], widths[i]);
      line += text;
      line.append(widths[i] - width_of(text) + gap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string age(Timespan span) {
  const auto ticks = std::max<std::int64_t>(span.ticks, 0);
  if (ticks < ticks_per_minute) return fmt::format("{}s", ticks / ticks_per_second);
  if (ticks < ticks_per_hour) return fmt::format("{}m", ticks / ticks_per_minute);
  if (ticks < 2 * ticks_per_day) return fmt::format("{}h", ticks / ticks_per_hour);
  return fmt::format("{}d", ticks / ticks_per_day);
}

}  // namespace rollcall::app
