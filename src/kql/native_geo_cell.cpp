#include <s2/s2cell.h>
#include <s2/s2latlng.h>
#include <s2/s2shape_index_buffered_region.h>
#include <s2/s2shape_index_region.h>

#include <cmath>

#include "kql/geo_shape.hpp"

// Cells that cover the Earth: geohashes and S2 tokens, and which of them cover a shape.

namespace rollcall::kql {
namespace {

// --- geohash: five bits a character, longitude and latitude in turn, at most 18 characters
constexpr std::string_view geohash_letters = "0123456789bcdefghjkmnpqrstuvwxyz";

struct Box {
  double west = -180, south = -90, width = 360, height = 180;
};

std::string geohash_of(double longitude, double latitude, std::int64_t length) {
  Box box;
  std::string hash;
  bool across = true;
  for (std::int64_t i = 0; i < length; ++i) {
    std::size_t letter = 0;
    for (int bit = 0; bit < 5; ++bit, across = !across) {
      double& low = across ? box.west : box.south;
      double& size = across ? box.width : box.height;
      size /= 2;
      const bool upper = (across ? longitude : latitude) >= low + size;
      if (upper) low += size;
      letter = letter << 1 | static_cast<std::size_t>(upper);
    }
    hash += geohash_letters[letter];
  }
  return hash;
}

std::optional<Box> box_of(std::string_view hash) {
  if (hash.empty() || hash.size() > 18) return std::nullopt;
  Box box;
  bool across = true;
  for (const char c : hash) {
    const auto letter = geohash_letters.find(c);
    if (letter == std::string_view::npos) return std::nullopt;
    for (int bit = 4; bit >= 0; --bit, across = !across) {
      double& low = across ? box.west : box.south;
      double& size = across ? box.width : box.height;
      size /= 2;
      if ((letter >> bit & 1) != 0) low += size;
    }
  }
  return box;
}

Cell point_to_geohash(Arguments a, Scratch&) {
  const std::int64_t length = whole(a[2]);
  if (!place_of(a[0], a[1]) || length < 1 || length > 18) return cell("");
  return cell(geohash_of(real(a[0]), real(a[1]), length));
}

Cell geohash_center(Arguments a, Scratch&) {
  const auto box = box_of(text(a[0]));
  if (!box) return {};
  return cell(geojson("Point", {box->west + box->width / 2, box->south + box->height / 2}));
}

Cell geohash_polygon(Arguments a, Scratch&) {
  const auto box = box_of(text(a[0]));
  if (!box) return {};
  const double west = box->west, south = box->south, east = west + box->width,
               north = south + box->height;
  json::array ring{json::array{west, south}, json::array{east, south}, json::array{east, north},
                   json::array{west, north}, json::array{west, south}};
  return cell(geojson("Polygon", json::array(1, std::move(ring))));
}

Cell geohash_neighbors(Arguments a, Scratch&) {
  const auto box = box_of(text(a[0]));
  if (!box) return {};
  json::array found;
  // From the west round by the south, as Kusto lists them.
  constexpr std::pair<int, int> around[] = {{-1, 0}, {-1, -1}, {0, -1}, {1, -1},
                                            {1, 1},  {1, 0},   {0, 1},  {-1, 1}};
  for (const auto& [across, up] : around) {
    const double latitude = box->south + box->height * (up + 0.5);
    const double longitude =
        std::remainder(box->west + box->width * (across + 0.5), 360);  // over the date line
    if (std::abs(latitude) > 90) continue;
    found.emplace_back(
        geohash_of(longitude, latitude, static_cast<std::int64_t>(text(a[0]).size())));
  }
  return cell(json::value(std::move(found)));
}

// --- S2
std::optional<S2CellId> s2cell_of(const Argument& token) {
  const std::string_view t = text(token);
  const S2CellId id = S2CellId::FromToken(absl::string_view(t.data(), t.size()));
  if (!id.is_valid()) return std::nullopt;
  return id;
}

Cell point_to_s2cell(Arguments a, Scratch&) {
  const auto place = place_of(a[0], a[1]);
  const std::int64_t level = whole(a[2], -1);
  if (!place || level < 0 || level > S2CellId::kMaxLevel) return cell("");
  return cell(S2CellId(*place).parent(static_cast<int>(level)).ToToken());
}

Cell s2cell_center(Arguments a, Scratch&) {
  const auto id = s2cell_of(a[0]);
  return id ? cell(geojson_of(id->ToPoint())) : Cell{};
}

Cell s2cell_polygon(Arguments a, Scratch&) {
  const auto id = s2cell_of(a[0]);
  if (!id) return {};
  const S2Cell square(*id);
  json::array ring;
  for (int k = 0; k <= 4; ++k) ring.emplace_back(coordinates_of(square.GetVertex(k)));
  return cell(geojson("Polygon", json::array(1, std::move(ring))));
}

Cell s2cell_neighbors(Arguments a, Scratch&) {
  const auto id = s2cell_of(a[0]);
  if (!id) return {};
  std::vector<S2CellId> around;
  id->AppendAllNeighbors(id->level(), &around);
  json::array found;
  for (const auto& neighbor : around) found.emplace_back(neighbor.ToToken());
  return cell(json::value(std::move(found)));
}

// --- coverings
constexpr std::size_t most_cells = 65'536;

// The cells of one level that a region may touch, in their order; false beyond the limit.
bool cover(const S2Region& region, const S2CellId& id, int level, json::array& found) {
  if (!region.MayIntersect(S2Cell(id))) return true;
  if (id.level() == level) {
    if (found.size() == most_cells) return false;
    found.emplace_back(id.ToToken());
    return true;
  }
  for (S2CellId child = id.child_begin(); child != id.child_end(); child = child.next()) {
    if (!cover(region, child, level, found)) return false;
  }
  return true;
}

Cell covering(const Shape* shape, Arguments a) {
  const std::int64_t level = whole(a[1], -1);
  const double radius = real(a[2], -1);
  if (shape == nullptr || level < 0 || level > S2CellId::kMaxLevel || !(radius >= 0)) return {};
  std::unique_ptr<S2Region> region;
  if (radius > 0)
    region = std::make_unique<S2ShapeIndexBufferedRegion>(&shape->index(),
                                                          S1ChordAngle(angle_of(radius)));
  else
    region = std::make_unique<S2ShapeIndexRegion<S2ShapeIndex>>(&shape->index());
  json::array found;
  for (int face = 0; face < 6; ++face) {
    if (!cover(*region, S2CellId::FromFace(face), static_cast<int>(level), found)) return {};
  }
  return cell(json::value(std::move(found)));
}

}  // namespace

std::span<const Native> geo_cell_natives() {
  static const Native table[] = {
      {"kql_geo_point_to_geohash", "r r l=5:s", point_to_geohash},
      {"kql_geo_geohash_to_central_point", "s:j", geohash_center},
      {"kql_geo_geohash_to_polygon", "s:j", geohash_polygon},
      {"kql_geo_geohash_neighbors", "s:j", geohash_neighbors},
      {"kql_geo_point_to_s2cell", "r r l=11:s", point_to_s2cell},
      {"kql_geo_s2cell_to_central_point", "s:j", s2cell_center},
      {"kql_geo_s2cell_to_polygon", "s:j", s2cell_polygon},
      {"kql_geo_s2cell_neighbors", "s:j", s2cell_neighbors},
      {"kql_geo_line_to_s2cells", "j l=11 r=0:j",
       [](Arguments a, Scratch& s) { return covering(lines_of(a[0], s), a); }},
      {"kql_geo_polygon_to_s2cells", "j l=11 r=0:j",
       [](Arguments a, Scratch& s) { return covering(polygon_of(a[0], s), a); }},
  };
  return table;
}

}  // namespace rollcall::kql
