#include <algorithm>
#include <cctype>

#include "kql/native_table.hpp"

// Well-known text (`POLYGON ((0 0, 2 0, 2 2, 0 0))`) to GeoJSON.

namespace rollcall::kql {
namespace {

struct Kind {
  std::string_view word, type;
  int depth;  // of parentheses around a place
};
constexpr Kind kinds[] = {
    {"POINT", "Point", 1},
    {"LINESTRING", "LineString", 1},
    {"POLYGON", "Polygon", 2},
    {"MULTIPOINT", "MultiPoint", 1},
    {"MULTILINESTRING", "MultiLineString", 2},
    {"MULTIPOLYGON", "MultiPolygon", 3},
};

class WktReader {
 public:
  explicit WktReader(std::string_view text) : text_(text) {}

  std::optional<json::value> document() {
    auto value = shape();
    blanks();
    return at_ == text_.size() ? value : std::nullopt;
  }

 private:
  // Shape = word '(' … ')' | 'GEOMETRYCOLLECTION' '(' Shape { ',' Shape } ')'
  std::optional<json::value> shape() {
    const std::string word = this->word();
    if (word == "GEOMETRYCOLLECTION") return collection();
    for (const auto& kind : kinds) {
      if (kind.word != word) continue;
      auto coordinates = kind.type == "Point" ? point() : list(kind.depth);
      if (!coordinates) return std::nullopt;
      return json::object{{"type", kind.type}, {"coordinates", *std::move(coordinates)}};
    }
    return std::nullopt;
  }

  std::optional<json::value> collection() {
    json::array shapes;
    if (++depth_ > 50 || !take('(')) return std::nullopt;
    do {
      auto one = shape();
      if (!one) return std::nullopt;
      shapes.push_back(*std::move(one));
    } while (take(','));
    if (!take(')')) return std::nullopt;
    return json::object{{"type", "GeometryCollection"}, {"geometries", std::move(shapes)}};
  }

  std::optional<json::array> point() {
    if (!take('(')) return std::nullopt;
    auto place = this->place();
    return take(')') ? place : std::nullopt;
  }

  // List = '(' item { ',' item } ')'; an item of the innermost list is a place, bare or in
  // parentheses
  std::optional<json::array> list(int depth) {
    json::array items;
    if (!take('(')) return std::nullopt;
    do {
      auto item = depth > 1 ? list(depth - 1) : peek('(') ? point() : place();
      if (!item) return std::nullopt;
      items.emplace_back(*std::move(item));
    } while (take(','));
    if (!take(')')) return std::nullopt;
    return items;
  }

  std::optional<json::array> place() {
    const auto x = number(), y = number();
    if (!x || !y) return std::nullopt;
    return json::array{*x, *y};
  }

  std::optional<double> number() {
    blanks();
    const auto end = std::min(text_.find_first_of(" ,()\t\r\n", at_), text_.size());
    const auto value = parse_real(text_.substr(at_, end - at_));
    at_ = end;
    return value;
  }

  std::string word() {
    blanks();
    std::string word;
    while (at_ < text_.size() && std::isalpha(static_cast<unsigned char>(text_[at_])) != 0)
      word += static_cast<char>(std::toupper(static_cast<unsigned char>(text_[at_++])));
    return word;
  }

  void blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  bool peek(char c) {
    blanks();
    return at_ < text_.size() && text_[at_] == c;
  }
  bool take(char c) {
    if (!peek(c)) return false;
    ++at_;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::span<const Native> geo_text_natives() {
  static const Native table[] = {
      {"kql_geo_from_wkt", "s:j",
       [](Arguments a, Scratch&) {
         const auto shape = WktReader(text(a[0])).document();
         return shape ? cell(*shape) : Cell{};
       }},
  };
  return table;
}

}  // namespace rollcall::kql
