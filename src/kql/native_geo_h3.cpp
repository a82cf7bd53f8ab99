#include <algorithm>
#include <array>
#include <charconv>

#include "kql/native_table.hpp"

// H3 cells, as far as their index says it: levels, parents, children. Where a cell lies on the
// earth is not known here. https://h3geo.org/docs/core-library/h3Indexing

namespace rollcall::kql {
namespace {

constexpr int finest_level = 15;
constexpr int most_levels_down = 5;  // of children
constexpr std::uint64_t unused_digit = 7, deleted_digit = 1;
constexpr std::array pentagons{4,  14, 24, 38, 49,  58,
                               63, 72, 83, 97, 107, 117};  // base cells that have five neighbours

struct Cell64 {
  std::uint64_t index;

  int level() const { return static_cast<int>(index >> 52U & 15U); }
  int base() const { return static_cast<int>(index >> 45U & 127U); }
  static unsigned shift(int level) { return static_cast<unsigned>(finest_level - level) * 3U; }
  std::uint64_t digit(int at) const { return index >> shift(at) & 7U; }
  void set_digit(int at, std::uint64_t digit) {
    index = (index & ~(std::uint64_t{7} << shift(at))) | digit << shift(at);
  }
  void set_level(int level) {
    index = (index & ~(std::uint64_t{15} << 52U)) | static_cast<std::uint64_t>(level) << 52U;
  }

  // A pentagon and its centre children lack one child.
  bool is_pentagon() const {
    if (std::ranges::find(pentagons, base()) == pentagons.end()) return false;
    for (int at = 1; at <= level(); ++at)
      if (digit(at) != 0) return false;
    return true;
  }
  bool is_valid() const {
    constexpr std::uint64_t base_cells = 122, cell_mode = 1;
    if (index >> 59U != cell_mode || (index >> 56U & 7U) != 0 ||
        static_cast<std::uint64_t>(base()) >= base_cells)
      return false;
    std::uint64_t first = 0;
    for (int at = 1; at <= finest_level; ++at) {
      if ((digit(at) == unused_digit) != (at > level())) return false;
      if (first == 0 && at <= level()) first = digit(at);
    }
    return first != deleted_digit || std::ranges::find(pentagons, base()) == pentagons.end();
  }
  std::string text() const { return fmt::format("{:x}", index); }
};

std::optional<Cell64> read_cell(std::string_view text) {
  Cell64 found{0};
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), found.index, 16);
  if (error != std::errc() || end != text.data() + text.size() || !found.is_valid())
    return std::nullopt;
  return found;
}

Cell level(Arguments a, Scratch&) {
  const auto found = read_cell(text(a[0]));
  return found ? Cell{std::int64_t{found->level()}} : Cell{};
}

Cell parent(Arguments a, Scratch&) {
  auto found = read_cell(text(a[0]));
  if (!found) return cell("");
  const std::int64_t wanted = whole(a[1], found->level() - 1);
  if (wanted < 0 || wanted > found->level()) return cell("");
  for (int at = static_cast<int>(wanted) + 1; at <= found->level(); ++at)
    found->set_digit(at, unused_digit);
  found->set_level(static_cast<int>(wanted));
  return cell(found->text());
}

void add_children(Cell64 of, int wanted, json::array& out) {
  if (of.level() == wanted) return void(out.emplace_back(json::string(of.text())));
  const bool pentagon = of.is_pentagon();
  const int next = of.level() + 1;
  of.set_level(next);
  for (std::uint64_t digit = 0; digit < unused_digit; ++digit) {
    if (pentagon && digit == deleted_digit) continue;
    of.set_digit(next, digit);
    add_children(of, wanted, out);
  }
}

Cell children(Arguments a, Scratch&) {
  const auto found = read_cell(text(a[0]));
  if (!found) return {};
  const std::int64_t wanted = whole(a[1], found->level() + 1);
  if (wanted < found->level() || wanted > std::min(finest_level, found->level() + most_levels_down))
    return {};
  json::array out;
  add_children(*found, static_cast<int>(wanted), out);
  return cell(json::value(std::move(out)));
}

}  // namespace

std::span<const Native> geo_h3_natives() {
  static const Native table[] = {
      {"kql_geo_h3cell_level", "s:i", level},
      {"kql_geo_h3cell_parent", "s l?:s", parent},
      {"kql_geo_h3cell_children", "s l?:j", children},
  };
  return table;
}

}  // namespace rollcall::kql
