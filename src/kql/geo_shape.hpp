// Shapes on the sphere for the geo_ functions: GeoJSON read into S2 and written from it. What is no
// valid shape reads as nullptr, and the functions answer null. Longitude stands before latitude,
// lengths are in meters.
#pragma once
#include <s2/mutable_s2shape_index.h>
#include <s2/s2polygon.h>
#include <s2/s2polyline.h>

#include <memory>
#include <vector>

#include "kql/native_table.hpp"

namespace rollcall::kql {

inline constexpr double earth_radius_m = 6'371'010;
inline double meters_of(S1Angle angle) { return angle.radians() * earth_radius_m; }
inline S1Angle angle_of(double meters) { return S1Angle::Radians(meters / earth_radius_m); }

using Lines = std::vector<std::unique_ptr<S2Polyline>>;
struct Shape {
  Lines lines;                         // of a (Multi)LineString
  std::unique_ptr<S2Polygon> polygon;  // of a (Multi)Polygon
  MutableS2ShapeIndex line_index;

  const S2ShapeIndex& index() const { return polygon ? polygon->index() : line_index; }
};

// A place of two reals; nullopt when it is not on Earth.
std::optional<S2Point> place_of(double longitude, double latitude);
inline std::optional<S2Point> place_of(const Argument& longitude, const Argument& latitude) {
  return place_of(real(longitude, 999), real(latitude, 999));
}
// The shapes of calls in a row are kept in the scratch, with their indexes.
const Shape* lines_of(const Argument& geojson, Scratch& scratch);
const Shape* polygon_of(const Argument& geojson, Scratch& scratch);
std::unique_ptr<Shape> read_shape(const json::value& geojson);
// Lines are left as they are written: `coordinates` of a (Multi)LineString or a (Multi)Polygon,
// each a chain of numbers; empty when it is no such thing.
using Chain = std::vector<std::pair<double, double>>;
std::vector<Chain> chains_of(const json::value& geojson, std::string_view kind);
std::unique_ptr<S2Polygon> polygon_of_loops(std::vector<std::vector<S2Point>> loops);

json::value geojson(std::string_view type, json::array coordinates);
json::array coordinates_of(const S2Point& point);
json::value geojson_of(const S2Point& point);
json::value geojson_of(const Lines& lines);
// Each shell with its holes; a collection of nothing when it is empty.
json::value geojson_of(const S2Polygon& polygon);
json::value collection_of(json::array geometries);

}  // namespace rollcall::kql
