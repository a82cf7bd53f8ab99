#include <s2/s2edge_distances.h>
#include <s2/s2measures.h>
#include <s2/s2polyline_measures.h>
#include <s2/s2predicates.h>

#include <cmath>
#include <numbers>

#include "kql/geo_shape.hpp"

// Measures on the sphere: distances, directions, nearest points, lengths, areas.

namespace rollcall::kql {
namespace {

bool is_line_between(const S2Point& a, const S2Point& b) { return a != b && a != -b; }

Cell distance_2points(Arguments a, Scratch&) {
  const auto from = place_of(a[0], a[1]), to = place_of(a[2], a[3]);
  if (!from || !to) return {};
  return meters_of(S1Angle(*from, *to));
}

// Clockwise from the line (second, first) to the line (second, third).
std::optional<double> clockwise(const S2Point& first, const S2Point& second, const S2Point& third) {
  if (!is_line_between(first, second) || !is_line_between(second, third)) return std::nullopt;
  const double angle = S2::Angle(first, second, third);
  return s2pred::Sign(first, second, third) < 0 ? 2 * std::numbers::pi - angle : angle;
}

Cell angle(Arguments a, Scratch&) {
  const auto first = place_of(a[0], a[1]), second = place_of(a[2], a[3]),
             third = place_of(a[4], a[5]);
  if (!first || !second || !third) return {};
  return cell(clockwise(*first, *second, *third));
}

Cell azimuth(Arguments a, Scratch&) {
  const auto from = place_of(a[0], a[1]), to = place_of(a[2], a[3]);
  if (!from || !to) return {};
  return cell(clockwise(S2Point(0, 0, 1), *from, *to));
}

Cell in_circle(Arguments a, Scratch&) {
  const auto place = place_of(a[0], a[1]), center = place_of(a[2], a[3]);
  const double radius = real(a[4], -1);
  if (!place || !center || !(radius >= 0)) return {};
  return meters_of(S1Angle(*place, *center)) <= radius;
}

Cell in_polygon(Arguments a, Scratch& scratch) {
  const auto place = place_of(a[0], a[1]);
  const Shape* shape = polygon_of(a[2], scratch);
  if (!place || shape == nullptr) return {};
  return shape->polygon->Contains(*place);
}

S2Point nearest(const Lines& lines, const S2Point& place) {
  S2Point best;
  S1Angle least = S1Angle::Infinity();
  for (const auto& line : lines) {
    int next = 0;
    const S2Point candidate = line->Project(place, &next);
    if (const S1Angle distance(candidate, place); distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

Cell closest_on_line(Arguments a, Scratch& scratch) {
  const auto place = place_of(a[0], a[1]);
  const Shape* shape = lines_of(a[2], scratch);
  if (!place || shape == nullptr) return {};
  return cell(geojson_of(nearest(shape->lines, *place)));
}

Cell closest_on_polygon(Arguments a, Scratch& scratch) {
  const auto place = place_of(a[0], a[1]);
  const Shape* shape = polygon_of(a[2], scratch);
  if (!place || shape == nullptr) return {};
  return cell(geojson_of(shape->polygon->Project(*place)));
}

Cell distance_to_line(Arguments a, Scratch& scratch) {
  const auto place = place_of(a[0], a[1]);
  const Shape* shape = lines_of(a[2], scratch);
  if (!place || shape == nullptr) return {};
  return meters_of(S1Angle(nearest(shape->lines, *place), *place));
}

Cell distance_to_polygon(Arguments a, Scratch& scratch) {
  const auto place = place_of(a[0], a[1]);
  const Shape* shape = polygon_of(a[2], scratch);
  if (!place || shape == nullptr) return {};
  return meters_of(shape->polygon->GetDistance(*place));
}

Cell line_length(Arguments a, Scratch& scratch) {
  const Shape* shape = lines_of(a[0], scratch);
  if (shape == nullptr) return {};
  double sum = 0;
  for (const auto& line : shape->lines) sum += meters_of(line->GetLength());
  return sum;
}

Cell line_centroid(Arguments a, Scratch& scratch) {
  const Shape* shape = lines_of(a[0], scratch);
  if (shape == nullptr) return {};
  S2Point sum;
  for (const auto& line : shape->lines) sum += line->GetCentroid();
  return cell(geojson_of(sum.Normalize()));
}

// One line only: a fraction of several has no meaning.
const S2Polyline* line_of(const Argument& geojson, Scratch& scratch) {
  const Shape* shape = lines_of(geojson, scratch);
  return shape != nullptr && shape->lines.size() == 1 ? shape->lines[0].get() : nullptr;
}

Cell line_interpolate(Arguments a, Scratch& scratch) {
  const S2Polyline* line = line_of(a[0], scratch);
  const double fraction = real(a[1], -1);
  if (line == nullptr || !(fraction >= 0 && fraction <= 1)) return {};
  return cell(geojson_of(line->Interpolate(fraction)));
}

Cell line_locate(Arguments a, Scratch& scratch) {
  const S2Polyline* line = line_of(a[0], scratch);
  const auto place = place_of(a[1], a[2]);
  if (line == nullptr || !place) return {};
  int next = 0;
  const S2Point projected = line->Project(*place, &next);
  return line->UnInterpolate(projected, next);
}

Cell polygon_area(Arguments a, Scratch& scratch) {
  const Shape* shape = polygon_of(a[0], scratch);
  if (shape == nullptr) return {};
  return shape->polygon->GetArea() * earth_radius_m * earth_radius_m;
}

Cell polygon_perimeter(Arguments a, Scratch& scratch) {
  const Shape* shape = polygon_of(a[0], scratch);
  if (shape == nullptr) return {};
  double sum = 0;
  for (int i = 0; i < shape->polygon->num_loops(); ++i)
    sum += meters_of(S2::GetPerimeter(shape->polygon->loop(i)->vertices_span()));
  return sum;
}

Cell polygon_centroid(Arguments a, Scratch& scratch) {
  const Shape* shape = polygon_of(a[0], scratch);
  if (shape == nullptr) return {};
  return cell(geojson_of(shape->polygon->GetCentroid().Normalize()));
}

}  // namespace

std::span<const Native> geo_natives() {
  static const Native table[] = {
      {"kql_geo_distance_2points", "r r r r:r", distance_2points},
      {"kql_geo_angle", "r r r r r r:r", angle},
      {"kql_geo_azimuth", "r r r r:r", azimuth},
      {"kql_geo_point_in_circle", "r r r r r:b", in_circle},
      {"kql_geo_point_in_polygon", "r r j:b", in_polygon},
      {"kql_geo_closest_point_on_line", "r r j:j", closest_on_line},
      {"kql_geo_closest_point_on_polygon", "r r j:j", closest_on_polygon},
      {"kql_geo_distance_point_to_line", "r r j:r", distance_to_line},
      {"kql_geo_distance_point_to_polygon", "r r j:r", distance_to_polygon},
      {"kql_geo_line_length", "j:r", line_length},
      {"kql_geo_line_centroid", "j:j", line_centroid},
      {"kql_geo_line_interpolate_point", "j r:j", line_interpolate},
      {"kql_geo_line_locate_point", "j r r:r", line_locate},
      {"kql_geo_polygon_area", "j:r", polygon_area},
      {"kql_geo_polygon_perimeter", "j:r", polygon_perimeter},
      {"kql_geo_polygon_centroid", "j:j", polygon_centroid},
  };
  return table;
}

}  // namespace rollcall::kql
