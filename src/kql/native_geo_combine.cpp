#include <s2/s2boolean_operation.h>
#include <s2/s2buffer_operation.h>
#include <s2/s2builder.h>
#include <s2/s2builderutil_closed_set_normalizer.h>
#include <s2/s2builderutil_lax_polygon_layer.h>
#include <s2/s2builderutil_s2point_vector_layer.h>
#include <s2/s2builderutil_s2polygon_layer.h>
#include <s2/s2builderutil_s2polyline_vector_layer.h>
#include <s2/s2builderutil_snap_functions.h>
#include <s2/s2edge_tessellator.h>
#include <s2/s2projections.h>

#include <algorithm>
#include <cmath>

#include "kql/geo_shape.hpp"

// Shapes made of shapes: intersections, unions, buffers, simpler and denser ones.

namespace rollcall::kql {
namespace {

using s2builderutil::IdentitySnapFunction;
using s2builderutil::S2PolygonLayer;
using s2builderutil::S2PolylineVectorLayer;

// --- intersections; borders belong to their shapes
S2BooleanOperation::Options closed() {
  S2BooleanOperation::Options options;
  options.set_polygon_model(S2BooleanOperation::PolygonModel::CLOSED);
  options.set_polyline_model(S2BooleanOperation::PolylineModel::CLOSED);
  return options;
}

Cell intersects(const Shape* a, const Shape* b) {
  if (a == nullptr || b == nullptr) return {};
  return S2BooleanOperation::Intersects(a->index(), b->index(), closed());
}

void append(json::array& all, json::value shape) {
  if (text_or(shape, "type") != "GeometryCollection") all.push_back(std::move(shape));
}

Cell intersection(const Shape* a, const Shape* b) {
  if (a == nullptr || b == nullptr) return {};
  std::vector<S2Point> points;
  Lines lines;
  S2Polygon polygon;
  s2builderutil::LayerVector layers(3);
  layers[0] = std::make_unique<s2builderutil::S2PointVectorLayer>(&points);
  layers[1] = std::make_unique<S2PolylineVectorLayer>(&lines);
  layers[2] = std::make_unique<S2PolygonLayer>(&polygon);
  S2BooleanOperation operation(S2BooleanOperation::OpType::INTERSECTION,
                               s2builderutil::NormalizeClosedSet(std::move(layers)), closed());
  S2Error error;
  if (!operation.Build(a->index(), b->index(), &error)) return {};
  json::array all;
  if (points.size() > 1) {
    json::array places;
    for (const auto& point : points) places.emplace_back(coordinates_of(point));
    all.push_back(geojson("MultiPoint", std::move(places)));
  } else if (!points.empty()) {
    all.push_back(geojson_of(points[0]));
  }
  append(all, geojson_of(lines));
  append(all, geojson_of(polygon));
  return cell(all.size() == 1 ? all[0] : collection_of(std::move(all)));
}

// --- unions and simpler shapes
Cell shown(const S2Polygon& polygon) {
  return polygon.is_empty() ? Cell{} : cell(geojson_of(polygon));
}

// All shapes of an array; empty when one of them is no shape of the kind.
std::vector<std::unique_ptr<Shape>> shapes_of(const json::value& array, bool polygons) {
  std::vector<std::unique_ptr<Shape>> shapes;
  if (!array.is_array()) return shapes;
  for (const auto& element : array.get_array()) {
    shapes.push_back(read_shape(element));
    if (!shapes.back() || (shapes.back()->polygon != nullptr) != polygons) return {};
  }
  return shapes;
}

Cell union_of_polygons(Arguments a, Scratch& scratch) {
  auto shapes = shapes_of(parsed(a[0], scratch), true);
  if (shapes.empty()) return {};
  std::vector<std::unique_ptr<S2Polygon>> polygons;
  for (auto& shape : shapes) polygons.push_back(std::move(shape->polygon));
  return shown(*S2Polygon::DestructiveUnion(std::move(polygons)));
}

Cell build_lines(const std::vector<const Lines*>& inputs, S1Angle tolerance) {
  S2Builder::Options options{IdentitySnapFunction(tolerance)};
  options.set_simplify_edge_chains(tolerance > S1Angle::Zero());
  S2Builder builder{options};
  S2PolylineVectorLayer::Options layer;
  layer.set_duplicate_edges(S2PolylineVectorLayer::Options::DuplicateEdges::MERGE);
  layer.set_polyline_type(S2PolylineVectorLayer::Options::PolylineType::WALK);
  Lines lines;
  builder.StartLayer(std::make_unique<S2PolylineVectorLayer>(&lines, layer));
  for (const auto* input : inputs) {
    for (const auto& line : *input) builder.AddPolyline(*line);
  }
  S2Error error;
  if (!builder.Build(&error) || lines.empty()) return {};
  return cell(geojson_of(lines));
}

Cell union_of_lines(Arguments a, Scratch& scratch) {
  const auto shapes = shapes_of(parsed(a[0], scratch), false);
  if (shapes.empty()) return {};
  std::vector<const Lines*> inputs;
  for (const auto& shape : shapes) inputs.push_back(&shape->lines);
  return build_lines(inputs, S1Angle::Zero());
}

std::optional<S1Angle> tolerance_of(const Argument& meters) {
  const S1Angle tolerance = angle_of(real(meters, -1));
  if (!(tolerance >= S1Angle::Zero() && tolerance <= S2Builder::SnapFunction::kMaxSnapRadius()))
    return std::nullopt;
  return tolerance;
}

Cell simplify_line(Arguments a, Scratch& scratch) {
  const Shape* shape = lines_of(a[0], scratch);
  const auto tolerance = tolerance_of(a[1]);
  if (shape == nullptr || !tolerance) return {};
  return build_lines({&shape->lines}, *tolerance);
}

Cell simplify_polygon(Arguments a, Scratch& scratch) {
  const Shape* shape = polygon_of(a[0], scratch);
  const auto tolerance = tolerance_of(a[1]);
  if (shape == nullptr || !tolerance) return {};
  S2Polygon simple;
  simple.InitToSimplified(*shape->polygon, IdentitySnapFunction(*tolerance));
  return shown(simple);
}

Cell simplify_polygons(Arguments a, Scratch& scratch) {
  auto shapes = shapes_of(parsed(a[0], scratch), true);
  const auto tolerance = tolerance_of(a[1]);
  if (shapes.empty() || !tolerance) return {};
  std::vector<std::unique_ptr<S2Polygon>> polygons;
  for (auto& shape : shapes) {
    auto simple = std::make_unique<S2Polygon>();
    simple->InitToSimplified(*shape->polygon, IdentitySnapFunction(*tolerance));
    polygons.push_back(std::move(simple));
  }
  return shown(*S2Polygon::DestructiveUnion(std::move(polygons)));
}

// --- buffers
Cell buffer(const Argument& radius, const Argument& tolerance, auto&& add) {
  const double meters = real(radius, -1), error_meters = real(tolerance, -1);
  const bool possible =
      meters > 0 && std::isfinite(meters) && error_meters > 0 && std::isfinite(error_meters);
  if (!possible || error_meters < meters * 1e-6) return {};
  S2BufferOperation::Options options{angle_of(meters)};
  options.set_error_fraction(std::min(error_meters / meters, 1.0));
  S2Polygon polygon;
  S2BufferOperation operation{std::make_unique<S2PolygonLayer>(&polygon), options};
  add(operation);
  S2Error error;
  if (!operation.Build(&error)) return {};
  return shown(polygon);
}

Cell buffer_point(Arguments a, Scratch&) {
  const auto place = place_of(a[0], a[1]);
  if (!place) return {};
  return buffer(a[2], a[3], [&](S2BufferOperation& operation) { operation.AddPoint(*place); });
}

Cell buffer_shape(const Shape* shape, Arguments a) {
  if (shape == nullptr) return {};
  return buffer(a[1], a[2],
                [&](S2BufferOperation& operation) { operation.AddShapeIndex(shape->index()); });
}

// --- from straight lines on a map to lines on the sphere

// A map of degrees whose edges go where they are drawn to, also over the antimeridian.
class FlatMap final : public S2::Projection {
 public:
  R2Point Project(const S2Point& p) const override { return FromLatLng(S2LatLng(p)); }
  S2Point Unproject(const R2Point& p) const override { return ToLatLng(p).ToPoint(); }
  R2Point FromLatLng(const S2LatLng& place) const override {
    return {place.lng().degrees(), place.lat().degrees()};
  }
  S2LatLng ToLatLng(const R2Point& p) const override {
    return S2LatLng::FromDegrees(p.y(), std::remainder(p.x(), 360));
  }
  R2Point wrap_distance() const override { return {0, 0}; }
};

std::optional<json::array> densified(const Chain& chain, const S2EdgeTessellator& tessellator) {
  std::vector<S2Point> points;
  for (const auto& [longitude, latitude] : chain) {
    if (!(std::abs(latitude) <= 90 && std::abs(longitude) <= 540)) return std::nullopt;
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    tessellator.AppendUnprojected({chain[i - 1].first, chain[i - 1].second},
                                  {chain[i].first, chain[i].second}, &points);
  }
  json::array places;
  for (const auto& point : points) places.emplace_back(coordinates_of(point));
  return places;
}

// Where a line steps over the antimeridian it ends and another begins.
void append_split(json::array& lines, const json::array& line) {
  json::array part;
  for (const auto& place : line) {
    const double longitude = place.get_array()[0].to_number<double>();
    if (!part.empty()) {
      const double last = part.back().get_array()[0].to_number<double>();
      if (std::abs(longitude - last) > 180) {
        const double side = last < 0 ? -180 : 180;
        const double latitude = place.get_array()[1].to_number<double>();
        part.push_back(json::array{side, latitude});
        lines.push_back(std::move(part));
        part = {json::array{-side, latitude}};
      }
    }
    part.push_back(place);
  }
  lines.push_back(std::move(part));
}

Cell densify(Arguments a, Scratch& scratch, std::string_view kind) {
  const json::value shape = parsed(a[0], scratch);
  const double tolerance = real(a[1], -1);
  const auto type = text_or(shape, "type");
  if ((type != kind && type != "Multi" + std::string(kind)) ||
      !(tolerance >= 0.1 && tolerance <= 10'000))
    return {};
  const FlatMap map;
  const S2EdgeTessellator tessellator(&map, angle_of(tolerance));
  const bool split = kind == "LineString" && !truth(a[2]);
  json::array lines;
  for (const auto& chain : chains_of(shape, kind)) {
    const auto places = densified(chain, tessellator);
    if (!places) return {};
    if (split)
      append_split(lines, *places);
    else
      lines.push_back(*places);
  }
  if (lines.empty()) return {};
  if (kind == "LineString") {
    return cell(lines.size() == 1 ? geojson("LineString", lines[0].get_array())
                                  : geojson("MultiLineString", std::move(lines)));
  }
  if (text_or(shape, "type") == "Polygon") return cell(geojson("Polygon", std::move(lines)));
  json::array polygons;  // as many rings in each as there were
  std::size_t next = 0;
  for (const auto& rings : find(shape, "coordinates")->get_array()) {
    json::array polygon;
    for (std::size_t i = 0; i < rings.get_array().size(); ++i) polygon.push_back(lines[next++]);
    polygons.emplace_back(std::move(polygon));
  }
  return cell(geojson("MultiPolygon", std::move(polygons)));
}

}  // namespace

std::span<const Native> geo_combine_natives() {
  static const Native table[] = {
      {"kql_geo_intersects_2lines", "j j:b",
       [](Arguments a, Scratch& s) { return intersects(lines_of(a[0], s), lines_of(a[1], s)); }},
      {"kql_geo_intersects_2polygons", "j j:b",
       [](Arguments a, Scratch& s) {
         return intersects(polygon_of(a[0], s), polygon_of(a[1], s));
       }},
      {"kql_geo_intersects_line_with_polygon", "j j:b",
       [](Arguments a, Scratch& s) { return intersects(lines_of(a[0], s), polygon_of(a[1], s)); }},
      {"kql_geo_intersection_2lines", "j j:j",
       [](Arguments a, Scratch& s) { return intersection(lines_of(a[0], s), lines_of(a[1], s)); }},
      {"kql_geo_intersection_2polygons", "j j:j",
       [](Arguments a, Scratch& s) {
         return intersection(polygon_of(a[0], s), polygon_of(a[1], s));
       }},
      {"kql_geo_intersection_line_with_polygon", "j j:j",
       [](Arguments a, Scratch& s) {
         return intersection(lines_of(a[0], s), polygon_of(a[1], s));
       }},
      {"kql_geo_union_polygons_array", "j:j", union_of_polygons},
      {"kql_geo_union_lines_array", "j:j", union_of_lines},
      {"kql_geo_line_simplify", "j r=10:j", simplify_line},
      {"kql_geo_polygon_simplify", "j r=10:j", simplify_polygon},
      {"kql_geo_simplify_polygons_array", "j r=10:j", simplify_polygons},
      {"kql_geo_point_buffer", "r r r r=10:j", buffer_point},
      {"kql_geo_line_buffer", "j r r=10:j",
       [](Arguments a, Scratch& s) { return buffer_shape(lines_of(a[0], s), a); }},
      {"kql_geo_polygon_buffer", "j r r=10:j",
       [](Arguments a, Scratch& s) { return buffer_shape(polygon_of(a[0], s), a); }},
      {"kql_geo_line_densify", "j r=10 b?:j",
       [](Arguments a, Scratch& s) { return densify(a, s, "LineString"); }},
      {"kql_geo_polygon_densify", "j r=10 b?:j",
       [](Arguments a, Scratch& s) { return densify(a, s, "Polygon"); }},
  };
  return table;
}

}  // namespace rollcall::kql
