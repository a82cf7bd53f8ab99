#include "kql/geo_shape.hpp"

#include <s2/s2latlng.h>

#include <cmath>

// GeoJSON to S2 and back.

namespace rollcall::kql {
namespace {

std::optional<Chain> chain_of(const json::value& value) {
  if (!value.is_array()) return std::nullopt;
  Chain chain;
  for (const auto& place : value.get_array()) {
    if (!place.is_array() || place.get_array().size() < 2) return std::nullopt;
    const auto& x = place.get_array()[0];
    const auto& y = place.get_array()[1];
    if (!x.is_number() || !y.is_number()) return std::nullopt;
    chain.emplace_back(x.to_number<double>(), y.to_number<double>());
  }
  return chain;
}

std::optional<std::vector<S2Point>> points_of(const Chain& chain) {
  std::vector<S2Point> points;
  for (const auto& [longitude, latitude] : chain) {
    const auto point = place_of(longitude, latitude);
    if (!point) return std::nullopt;
    points.push_back(*point);
  }
  return points;
}

std::unique_ptr<Shape> lines_shape(const std::vector<Chain>& chains) {
  auto shape = std::make_unique<Shape>();
  for (const auto& chain : chains) {
    const auto points = points_of(chain);
    if (!points || points->size() < 2) return nullptr;
    auto line = std::make_unique<S2Polyline>(*points, S2Debug::DISABLE);
    if (!line->IsValid()) return nullptr;
    shape->line_index.Add(std::make_unique<S2Polyline::Shape>(line.get()));
    shape->lines.push_back(std::move(line));
  }
  return shape->lines.empty() ? nullptr : std::move(shape);
}

// The rings of one polygon or of several, by polygon.
std::vector<std::vector<Chain>> rings_of(const json::value& shape) {
  const auto* coordinates = find(shape, "coordinates");
  if (coordinates == nullptr || !coordinates->is_array()) return {};
  const json::value single = json::array(1, *coordinates);
  const auto& polygons =
      text_or(shape, "type") == "MultiPolygon" ? coordinates->get_array() : single.get_array();
  std::vector<std::vector<Chain>> result;
  for (const auto& polygon : polygons) {
    if (!polygon.is_array() || polygon.get_array().empty()) return {};
    std::vector<Chain> rings;
    for (const auto& ring : polygon.get_array()) {
      auto chain = chain_of(ring);
      if (!chain || chain->size() < 4 || chain->front() != chain->back()) return {};
      chain->pop_back();
      rings.push_back(*std::move(chain));
    }
    result.push_back(std::move(rings));
  }
  return result;
}

std::unique_ptr<S2Polygon> polygon_of_rings(const std::vector<Chain>& rings) {
  std::vector<std::vector<S2Point>> loops;
  for (const auto& ring : rings) {
    auto points = points_of(ring);
    if (!points) return nullptr;
    loops.push_back(*std::move(points));
  }
  return polygon_of_loops(std::move(loops));
}

std::unique_ptr<Shape> polygon_shape(const json::value& value) {
  const auto polygons = rings_of(value);
  if (polygons.empty()) return nullptr;
  auto shape = std::make_unique<Shape>();
  std::vector<Chain> all;
  for (const auto& rings : polygons) all.insert(all.end(), rings.begin(), rings.end());
  shape->polygon = polygon_of_rings(all);
  if (shape->polygon || polygons.size() == 1) return shape->polygon ? std::move(shape) : nullptr;
  // Polygons that overlap are taken as their union.
  std::vector<std::unique_ptr<S2Polygon>> parts;
  for (const auto& rings : polygons) {
    parts.push_back(polygon_of_rings(rings));
    if (!parts.back()) return nullptr;
  }
  shape->polygon = S2Polygon::DestructiveUnion(std::move(parts));
  return shape;
}

struct Kept {
  std::string text;
  std::unique_ptr<Shape> shape;
};
struct KeptShapes {
  std::vector<Kept> shapes;
  std::size_t next = 0, last = SIZE_MAX;
};

const Shape* shape_of(const Argument& geojson, Scratch& scratch) {
  const std::string_view source = text(geojson);
  if (source.empty()) return nullptr;
  auto& kept = keepsake<KeptShapes>(scratch);
  for (std::size_t i = 0; i < kept.shapes.size(); ++i) {
    if (kept.shapes[i].text != source) continue;
    kept.last = i;
    return kept.shapes[i].shape.get();
  }
  if (kept.shapes.size() < 16) kept.shapes.emplace_back();
  if (kept.next % kept.shapes.size() == kept.last)
    ++kept.next;  // a function of two shapes holds that one
  kept.last = kept.next++ % kept.shapes.size();
  auto& slot = kept.shapes[kept.last];
  slot.text = source;
  slot.shape = read_shape(parsed(geojson, scratch));
  return slot.shape.get();
}

}  // namespace

std::optional<S2Point> place_of(double longitude, double latitude) {
  if (!(std::abs(longitude) <= 180 && std::abs(latitude) <= 90)) return std::nullopt;
  return S2LatLng::FromDegrees(latitude, longitude).ToPoint();
}

std::vector<Chain> chains_of(const json::value& value, std::string_view kind) {
  std::vector<Chain> chains;
  if (kind == "Polygon") {
    for (auto& rings : rings_of(value)) {
      for (auto& ring : rings) {
        ring.push_back(ring.front());
        chains.push_back(std::move(ring));
      }
    }
    return chains;
  }
  const auto* coordinates = find(value, "coordinates");
  if (coordinates == nullptr || !coordinates->is_array()) return {};
  const bool several = text_or(value, "type").starts_with("Multi");
  const json::value single = json::array(1, *coordinates);
  for (const auto& line : several ? coordinates->get_array() : single.get_array()) {
    auto chain = chain_of(line);
    if (!chain || chain->size() < 2) return {};
    chains.push_back(*std::move(chain));
  }
  return chains;
}

std::unique_ptr<S2Polygon> polygon_of_loops(std::vector<std::vector<S2Point>> loops) {
  std::vector<std::unique_ptr<S2Loop>> made;
  S2Error error;
  for (const auto& points : loops) {
    auto loop = std::make_unique<S2Loop>(points, S2Debug::DISABLE);
    if (points.size() < 3 || loop->FindValidationError(&error)) return nullptr;
    loop->Normalize();  // the smaller side is inside
    made.push_back(std::move(loop));
  }
  auto polygon = std::make_unique<S2Polygon>();
  polygon->set_s2debug_override(S2Debug::DISABLE);
  polygon->InitNested(std::move(made));
  if (polygon->FindValidationError(&error)) return nullptr;
  return polygon;
}

std::unique_ptr<Shape> read_shape(const json::value& geojson) {
  const auto type = text_or(geojson, "type");
  if (type == "LineString" || type == "MultiLineString")
    return lines_shape(chains_of(geojson, "LineString"));
  if (type == "Polygon" || type == "MultiPolygon") return polygon_shape(geojson);
  return nullptr;
}

const Shape* lines_of(const Argument& geojson, Scratch& scratch) {
  const Shape* shape = shape_of(geojson, scratch);
  return shape != nullptr && !shape->polygon ? shape : nullptr;
}

const Shape* polygon_of(const Argument& geojson, Scratch& scratch) {
  const Shape* shape = shape_of(geojson, scratch);
  return shape != nullptr && shape->polygon ? shape : nullptr;
}

json::value geojson(std::string_view type, json::array coordinates) {
  return json::object{{"type", type}, {"coordinates", std::move(coordinates)}};
}

json::array coordinates_of(const S2Point& point) {
  const S2LatLng place(point);
  return {place.lng().degrees(), place.lat().degrees()};
}

json::value geojson_of(const S2Point& point) { return geojson("Point", coordinates_of(point)); }

json::value geojson_of(const Lines& lines) {
  json::array all;
  for (const auto& line : lines) {
    json::array points;
    for (int i = 0; i < line->num_vertices(); ++i)
      points.emplace_back(coordinates_of(line->vertex(i)));
    all.emplace_back(std::move(points));
  }
  if (all.size() == 1) return geojson("LineString", all[0].get_array());
  return all.empty() ? collection_of({}) : geojson("MultiLineString", std::move(all));
}

json::value geojson_of(const S2Polygon& polygon) {
  json::array all;
  for (int i = 0; i < polygon.num_loops(); ++i) {
    const auto& loop = *polygon.loop(i);
    json::array ring;
    for (int k = 0; k <= loop.num_vertices(); ++k)
      ring.emplace_back(coordinates_of(loop.oriented_vertex(k % loop.num_vertices())));
    if (loop.is_hole())
      all.back().get_array().emplace_back(std::move(ring));
    else
      all.emplace_back(json::array(1, std::move(ring)));
  }
  if (all.size() == 1) return geojson("Polygon", all[0].get_array());
  return all.empty() ? collection_of({}) : geojson("MultiPolygon", std::move(all));
}

json::value collection_of(json::array geometries) {
  return json::object{{"type", "GeometryCollection"}, {"geometries", std::move(geometries)}};
}

}  // namespace rollcall::kql
