#include "fleet/past.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include "fleet/repair.hpp"

namespace rollcall::fleet {
namespace {

// So many items before the first one that may change: what that one's kind and status are told by.
constexpr std::ptrdiff_t kept_before = 4;
constexpr std::int64_t first_page = 8;
// No wave is an item that is further away, whatever its clock, and be its times local ones.
constexpr Timespan far = days(1);

class Reading {
 public:
  Reading(HistoryReader& reader, const Cell& cell, std::span<const Interval> intervals,
          const Snapshot* snapshot)
      : reader_(reader) {
    recent_.past.cell = cell;
    Timestamp first = timestamp_max;
    for (const Interval& interval : intervals) {
      first = std::min(first, interval.first);
      for (std::string& spelling : spellings(interval.version)) asked_.insert(std::move(spelling));
    }
    if (snapshot != nullptr) asked_.insert(snapshot->version);
    horizon_ = first - far;
  }

  Result<Recent> go() {
    TRY(bool all, read_page(first_page));
    if (!all) TRY_DO(read_asked());
    for (std::int64_t count = first_page * 2; !all && !is_enough(); count *= 2) {
      TRY(all, read_page(count));
    }
    if (!all) TRY_DO(leave_past());
    return std::move(recent_);
  }

 private:
  // What is seen may join the last item of its version, and what is shown is compared with it.
  Result<void> read_asked() {
    const std::vector<std::string> versions(asked_.begin(), asked_.end());
    TRY(marked_, reader_.of_versions(recent_.past.cell, versions));
    std::map<std::string_view, std::int64_t> last;
    for (const Deployment& item : marked_) {
      std::int64_t& known = last[item.version];
      known = std::max(known, item.sequence);
    }
    for (const auto& [version, sequence] : last) needed_ = std::min(needed_, sequence);
    return {};
  }

  // Before the items that were read; whether these are all now.
  Result<bool> read_page(std::int64_t count) {
    std::vector<Deployment>& items = recent_.items;
    const auto below =
        items.empty() ? std::numeric_limits<std::int64_t>::max() : items.front().sequence;
    TRY(std::vector<Deployment> page, reader_.before(recent_.past.cell, below, count));
    const bool all = page.size() < static_cast<std::size_t>(count);
    std::ranges::reverse(page);
    std::ranges::move(items, std::back_inserter(page));
    items = std::move(page);
    return all;
  }

  // How many of the items that were read come before the first that may change.
  std::ptrdiff_t unchanged() const {
    const auto changing = std::ranges::find_if(recent_.items, [&](const Deployment& item) {
      return item.started_at >= horizon_ || item.sequence >= needed_;
    });
    return changing - recent_.items.begin();
  }
  bool is_enough() const { return unchanged() >= kept_before; }

  Result<void> leave_past() {
    std::vector<Deployment>& items = recent_.items;
    items.erase(items.begin(), items.begin() + (unchanged() - kept_before));
    recent_.past.items = items.front().sequence - 1;
    std::set<std::string> others;
    for (const Deployment& item : items) {
      if (!asked_.contains(item.version)) others.insert(item.version);
    }
    const std::vector<std::string> versions(others.begin(), others.end());
    TRY(const std::vector<Deployment> more, reader_.of_versions(recent_.past.cell, versions));
    for (const std::vector<Deployment>* found : {&std::as_const(marked_), &more}) {
      for (const Deployment& item : *found) {
        if (item.sequence > recent_.past.items) continue;
        auto& first = recent_.past.first.try_emplace(item.version, item.sequence).first->second;
        first = std::min(first, item.sequence);
      }
    }
    return {};
  }

  HistoryReader& reader_;
  std::set<std::string> asked_;
  Timestamp horizon_;
  std::vector<Deployment> marked_;
  std::int64_t needed_ = std::numeric_limits<std::int64_t>::max();
  Recent recent_;
};

}  // namespace

Result<Recent> read_recent(HistoryReader& reader, const Cell& cell,
                           std::span<const Interval> intervals, const Snapshot* snapshot) {
  return Reading(reader, cell, intervals, snapshot).go();
}

}  // namespace rollcall::fleet
