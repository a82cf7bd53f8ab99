#include "app/chart.hpp"

#include <fmt/format.h>

#include <cmath>

#include "app/text_table.hpp"
#include "base/text.hpp"

namespace rollcall::app {
namespace {

constexpr std::size_t most_series = 8, most_bars = 40;
constexpr std::size_t axis_width = 10;  // of the values at the left
constexpr std::size_t plot_width = screen_columns - axis_width - 2;
constexpr std::size_t label_width = 28;

struct Series {
  std::string name;
  std::vector<double> values;  // one for each place; NaN: none
  double most = 0;
};
struct Data {
  std::string title;
  std::vector<std::string> places;  // of the x axis
  std::vector<double> times;        // seconds, when x is a datetime
  std::vector<Series> series;
};

std::optional<double> number(const json::value& cell) {
  if (cell.is_number()) return cell.to_number<double>();
  if (const auto* text = cell.if_string()) {  // decimals, and NaN
    const std::string copy(*text);
    char* end = nullptr;
    const double value = std::strtod(copy.c_str(), &end);
    if (!copy.empty() && *end == '\0' && std::isfinite(value)) return value;
  }
  return std::nullopt;
}

std::string shown(const json::value& cell) {
  if (cell.is_null()) return "(null)";
  const auto* text = cell.if_string();
  return text == nullptr ? json::serialize(cell) : text->empty() ? "(empty)" : std::string(*text);
}

std::string cut(std::string text, std::size_t width) {
  if (width_of(text) <= width) return text + std::string(width - width_of(text), ' ');
  while (width_of(text) >= width) {
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U)
      text.pop_back();
    text.pop_back();
  }
  return text + "…";
}

std::string short_number(double value) {
  const double size = std::abs(value);
  for (const auto& [unit, letter] : {std::pair(1e12, 'T'), {1e9, 'G'}, {1e6, 'M'}, {1e4, 'k'}}) {
    if (size >= unit) return fmt::format("{:.4g}{}", value / (letter == 'k' ? 1e3 : unit), letter);
  }
  return fmt::format("{:.5g}", value);
}

// Which column is x, which are drawn, and which tell the series.
struct Roles {
  std::size_t x = 0;
  std::vector<std::size_t> values, names;
};

// A property of `render`, whose names people write in any case.
std::string property(const json::value& visualization, std::string_view name) {
  for (const auto& member : visualization.as_object()) {
    if (to_lower(member.key()) == name) return shown(member.value());
  }
  return "";
}

std::vector<std::string> listed(const json::value& visualization, std::string_view name) {
  std::vector<std::string> names;
  const std::string text = property(visualization, name);
  for (const auto part : split(text, ',')) {
    if (!trim(part).empty()) names.emplace_back(trim(part));
  }
  return names;
}

Roles roles_of(const json::array& columns, const json::value& visualization) {
  const auto wanted_x = listed(visualization, "xcolumn"),
             wanted_y = listed(visualization, "ycolumns"),
             wanted_series = listed(visualization, "series");
  const auto named = [](const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  const auto type_is = [&](std::size_t i, std::initializer_list<std::string_view> types) {
    return std::ranges::find(types, text_or(columns[i], "type")) != types.end();
  };
  Roles roles;
  for (std::size_t i = columns.size(); i-- > 0;) {
    if (type_is(i, {"datetime"}) && wanted_x.empty()) roles.x = i;
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (named(wanted_x, text_or(columns[i], "name"))) roles.x = i;
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto name = text_or(columns[i], "name");
    if (i == roles.x) continue;
    const bool is_number = type_is(i, {"int", "long", "real", "decimal"});
    if (wanted_y.empty() ? is_number && !named(wanted_series, name) : named(wanted_y, name))
      roles.values.push_back(i);
    else if (wanted_series.empty() ? !is_number && !type_is(i, {"dynamic"})
                                   : named(wanted_series, name))
      roles.names.push_back(i);
  }
  return roles;
}

Data data_of(const json::value& answer, const json::value& visualization) {
  const auto& columns = answer.at("columns").as_array();
  Data data;
  data.title = property(visualization, "title");
  if (columns.empty()) return data;
  const Roles roles = roles_of(columns, visualization);
  std::map<std::string, std::size_t> places, series;
  const bool is_time = text_or(columns[roles.x], "type") == "datetime";
  for (const auto& row : answer.at("rows").as_array()) {
    const auto& cells = row.as_array();
    const std::string place = shown(cells[roles.x]);
    const auto time = is_time ? parse_iso(place) : std::nullopt;
    if (is_time && !time) continue;
    const auto [at, new_place] = places.try_emplace(place, data.places.size());
    if (new_place) {
      data.places.push_back(place);
      if (time) data.times.push_back(static_cast<double>(time->ticks) / ticks_per_second);
    }
    std::string name;
    for (const auto i : roles.names) name += (name.empty() ? "" : ", ") + shown(cells[i]);
    for (const auto i : roles.values) {
      const auto value = number(cells[i]);
      if (!value) continue;
      std::string whole = name;
      if (roles.values.size() > 1 || name.empty())
        whole += (name.empty() ? "" : ": ") + std::string(text_or(columns[i], "name"));
      const auto [found, is_new] = series.try_emplace(whole, data.series.size());
      if (is_new) data.series.push_back({whole, {}, 0});
      auto& values = data.series[found->second].values;
      values.resize(std::max(values.size(), at->second + 1), std::nan(""));
      values[at->second] = std::isnan(values[at->second]) ? *value : values[at->second] + *value;
    }
  }
  for (auto& one : data.series) {
    one.values.resize(data.places.size(), std::nan(""));
    for (const double value : one.values) one.most = std::max(one.most, value);
  }
  return data;
}

// Eighths of a character, from below or from the left.
std::string upright(double eighths) {
  static constexpr const char* blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  return blocks[std::clamp(static_cast<int>(std::lround(eighths)), 0, 8)];
}
std::string lying(double characters) {
  static constexpr const char* blocks[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  std::string bar;
  const int eighths = std::max(0, static_cast<int>(std::lround(characters * 8)));
  for (int i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + blocks[eighths % 8];
}

// How the places stand beside one another.
struct Plot {
  std::size_t width = 0;  // characters
  std::size_t bar = 0;    // of a place that is no time, with a space behind it; 0: times
};

Plot plot_of(const Data& data) {
  const std::size_t count = data.places.size();
  if (data.times.empty()) {
    const std::size_t bar = std::clamp<std::size_t>(plot_width / count - 1, 1, 12);
    return {count * (bar + 1), bar};
  }
  if (count < 2 || count > plot_width / 2) return {std::min(plot_width, count), 0};
  return {(count - 1) * std::min<std::size_t>(plot_width / count, 4) + 1, 0};
}

// The values by characters: times at their place, several on one as their mean; other places as bars.
std::vector<double> plotted(const Data& data, const Series& series, Plot plot) {
  std::vector<double> sums(plot.width, 0), counts(plot.width, 0);
  const auto add = [&](std::size_t at, double value) {
    sums[at] += value;
    counts[at] += 1;
  };
  const auto [first, last] = data.times.empty() ? std::ranges::minmax_result<double>{0, 0}
                                                : std::ranges::minmax(data.times);
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    if (std::isnan(series.values[i])) continue;
    if (plot.bar > 0) {
      for (std::size_t k = 0; k < plot.bar; ++k) add(i * (plot.bar + 1) + k, series.values[i]);
      continue;
    }
    const double share = last > first ? (data.times[i] - first) / (last - first) : 0;
    add(static_cast<std::size_t>(std::lround(share * static_cast<double>(plot.width - 1))),
        series.values[i]);
  }
  for (std::size_t i = 0; i < plot.width; ++i) sums[i] = counts[i] > 0 ? sums[i] / counts[i] : 0;
  return sums;
}

// What stands below: the first and the last time, or each place below its bar.
std::string axis_of(const Data& data, Plot plot) {
  std::string line(axis_width + 2, ' ');
  if (plot.bar > 0) {
    for (const auto& place : data.places) line += cut(place, plot.bar) + ' ';
  } else {
    const auto [first, last] = std::ranges::minmax(data.places);
    const auto begin = first.substr(0, 16) + 'Z', end = last.substr(0, 16) + 'Z';
    line += begin;
    if (data.places.size() > 1)
      line +=
          std::string(
              plot.width > begin.size() + end.size() ? plot.width - begin.size() - end.size() : 2,
              ' ') +
          end;
  }
  while (line.ends_with(' ')) line.pop_back();
  return line + '\n';
}

std::string panel(const Data& data, const Series& series, std::size_t height, Plot plot,
                  double most) {
  const auto values = plotted(data, series, plot);
  std::string out = data.series.size() > 1 ? cut(series.name, screen_columns) : "";
  while (out.ends_with(' ')) out.pop_back();
  if (!out.empty()) out += '\n';
  for (std::size_t row = height; row-- > 0;) {
    const auto label = row == height - 1 ? short_number(most)
                       : row == 0        ? std::string("0")
                                         : std::string();
    std::string line = fmt::format("{:>{}} ┤", label, axis_width);
    for (const double value : values) {
      const double eighths = (most > 0 ? value / most : 0) * static_cast<double>(height * 8) -
                             static_cast<double>(row * 8);
      line += upright(row == 0 && value > 0 ? std::max(eighths, 1.0) : eighths);
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + '\n';
  }
  return out;
}

std::string upright_chart(Data data) {
  std::ranges::stable_sort(data.series, std::greater<>{}, &Series::most);
  const std::size_t left_out =
      data.series.size() > most_series ? data.series.size() - most_series : 0;
  data.series.resize(data.series.size() - left_out);
  const Plot plot = plot_of(data);
  std::string out;
  const double most = data.series.front().most;
  for (const auto& one : data.series)
    out += panel(data, one, data.series.size() == 1 ? 10 : 3, plot, most);
  out += axis_of(data, plot);
  if (left_out > 0) out += fmt::format("and {} smaller series\n", left_out);
  return out;
}

std::string lying_chart(const Data& data, bool shares) {
  double most = 0, sum = 0;
  for (const auto& one : data.series) {
    most = std::max(most, one.most);
    for (const double value : one.values) sum += std::isnan(value) ? 0 : value;
  }
  std::string out;
  std::size_t bars = 0, left_out = 0;
  for (std::size_t place = 0; place < data.places.size(); ++place) {
    for (const auto& one : data.series) {
      const double value = one.values[place];
      if (std::isnan(value)) continue;
      if (++bars > most_bars) {
        ++left_out;
        continue;
      }
      const auto label = data.series.size() > 1
                             ? fmt::format("{}, {}", data.places[place], one.name)
                             : data.places[place];
      const double length = most > 0 ? std::max(value, 0.0) / most *
                                           static_cast<double>(screen_columns - label_width - 14)
                                     : 0;
      out +=
          fmt::format("{} {} {}{}\n", cut(label, label_width), lying(length), short_number(value),
                      shares && sum > 0 ? fmt::format(" {:.0f}%", 100 * value / sum) : "");
    }
  }
  if (left_out > 0) out += fmt::format("and {} more\n", left_out);
  return out;
}

}  // namespace

std::string chart(const json::value& answer) {
  const auto* visualization = find(answer, "visualization");
  if (visualization == nullptr) return "";
  const auto kind = text_or(*visualization, "Visualization");
  const bool stands = kind == "timechart" || kind == "linechart" || kind == "areachart" ||
                      kind == "columnchart" || kind == "stackedareachart" || kind == "anomalychart";
  const bool lies = kind == "barchart" || kind == "piechart";
  if (!stands && !lies) return "";
  Data data = data_of(answer, *visualization);
  if (data.places.empty() || data.series.empty()) return "";
  std::string out = data.title.empty() ? "" : data.title + '\n';
  const bool fits = !data.times.empty() ||
                    data.places.size() <= plot_width / 4;  // a bar and a label for each place
  return out +
         (stands && fits ? upright_chart(std::move(data)) : lying_chart(data, kind == "piechart"));
}

}  // namespace rollcall::app
