#include "sim/timeline.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace rollcall::sim {
namespace {

constexpr std::array<std::string_view, 5> column_names{"time", "environment", "role", "region",
                                                       "version"};

std::string key(const Cell& cell) {
  return cell.environment + '\n' + cell.role + '\n' + cell.region;
}

// The fields of one CSV line (RFC 4180, without line feeds inside quotes).
void split_csv(std::string_view line, std::vector<std::string>& fields) {
  fields.clear();
  std::string field;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (i + 1 < line.size() && line[i + 1] == '"') {
        field += line[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"' && field.empty()) {
      quoted = true;
    } else if (c == ',') {
      fields.push_back(std::move(field));
      field.clear();
    } else {
      field += c;
    }
  }
  fields.push_back(std::move(field));
}

}  // namespace

std::string to_string(const Cell& cell) {
  return cell.environment + '/' + cell.role + '/' + cell.region;
}

std::uint32_t Timeline::cell(const Cell& cell) {
  const auto [it, is_new] =
      cell_of_.try_emplace(key(cell), static_cast<std::uint32_t>(cells_.size()));
  if (is_new) cells_.push_back(cell);
  return it->second;
}

std::uint32_t Timeline::version(std::string_view name) {
  const auto [it, is_new] =
      version_of_.try_emplace(std::string(name), static_cast<std::uint32_t>(versions_.size()));
  if (is_new) versions_.emplace_back(name);
  return it->second;
}

void Timeline::add(Timestamp time, const Cell& where, std::string_view what) {
  const Deployment deployment{time, cell(where), version(what)};
  auto place = deployments_.end();
  if (!deployments_.empty() && time < deployments_.back().time) {
    place = std::ranges::upper_bound(deployments_, time, {}, &Deployment::time);
  }
  deployments_.insert(place, deployment);
}

Timeline Timeline::slice(Timestamp from, Timestamp to) const {
  std::vector<bool> changes(cells_.size(), false);
  std::vector<const Deployment*> before(cells_.size(), nullptr);
  for (const Deployment& deployment : deployments_) {
    if (deployment.time < from)
      before[deployment.cell] = &deployment;
    else if (deployment.time < to)
      changes[deployment.cell] = true;
  }
  Timeline part;
  for (const Deployment& deployment : deployments_) {
    const bool inside = deployment.time >= from && deployment.time < to;
    if (inside || (changes[deployment.cell] && before[deployment.cell] == &deployment)) {
      part.add(deployment.time, cells_[deployment.cell], versions_[deployment.version]);
    }
  }
  return part;
}

Result<void> TimelineReader::feed(std::string_view bytes) {
  rest_.append(bytes);
  std::size_t begin = 0;
  for (std::size_t end = rest_.find('\n'); end != std::string::npos;
       end = rest_.find('\n', begin)) {
    TRY_DO(line(std::string_view(rest_).substr(begin, end - begin)));
    begin = end + 1;
  }
  rest_.erase(0, begin);
  return {};
}

Result<Timeline> TimelineReader::finish() {
  if (!rest_.empty()) TRY_DO(line(rest_));
  rest_.clear();
  if (columns_.empty())
    return fail("SIM0101", "the file is empty; it needs a heading and deployments");
  return std::move(timeline_);
}

Result<void> TimelineReader::line(std::string_view text) {
  ++line_number_;
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (trim(text).empty()) return {};
  split_csv(text, fields_);
  if (columns_.empty()) {
    for (const std::string_view name : column_names) {
      const auto found = std::ranges::find(fields_, name);
      if (found == fields_.end()) {
        return fail("SIM0101", fmt::format("line {}: the heading has no column '{}'; it needs {}",
                                           line_number_, name, fmt::join(column_names, ",")));
      }
      columns_.push_back(static_cast<std::size_t>(found - fields_.begin()));
    }
    return {};
  }
  if (fields_.size() <= std::ranges::max(columns_)) {
    return fail("SIM0101", fmt::format("line {}: {} fields, fewer than the heading has",
                                       line_number_, fields_.size()));
  }
  const std::optional<Timestamp> time = parse_iso(fields_[columns_[0]]);
  if (!time) {
    return fail("SIM0101", fmt::format("line {}: '{}' is no time such as 2026-01-31T10:00:00Z",
                                       line_number_, fields_[columns_[0]]));
  }
  for (std::size_t i = 1; i < column_names.size(); ++i) {
    if (fields_[columns_[i]].empty()) {
      return fail("SIM0101", fmt::format("line {}: {} is empty", line_number_, column_names[i]));
    }
  }
  timeline_.add(*time, {fields_[columns_[1]], fields_[columns_[2]], fields_[columns_[3]]},
                fields_[columns_[4]]);
  return {};
}

}  // namespace rollcall::sim
