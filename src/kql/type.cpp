#include "kql/type.hpp"

#include <array>
#include <utility>

// KQL's scalar types: names, aliases, storage.

namespace rollcall::kql {
namespace {

struct Names {
  std::string_view kql, clr;
  sql::Type storage;
};

// In the order of enum Type.
constexpr std::array<Names, 11> all_names{{
    {"bool", "System.SByte", sql::Type::boolean},
    {"int", "System.Int32", sql::Type::integer},
    {"long", "System.Int64", sql::Type::bigint},
    {"real", "System.Double", sql::Type::real},
    {"decimal", "System.Data.SqlTypes.SqlDecimal", sql::Type::text},
    {"string", "System.String", sql::Type::text},
    {"datetime", "System.DateTime", sql::Type::bigint},
    {"timespan", "System.TimeSpan", sql::Type::bigint},
    {"dynamic", "System.Object", sql::Type::text},
    {"guid", "System.Guid", sql::Type::text},
    {"unknown", "System.Object", sql::Type::text},
}};

constexpr std::array<std::pair<std::string_view, Type>, 24> aliases{{
    {"bool", Type::boolean},       {"boolean", Type::boolean},    {"int", Type::integer},
    {"int32", Type::integer},      {"uint", Type::integer},       {"uint32", Type::integer},
    {"int16", Type::integer},      {"uint8", Type::integer},      {"int8", Type::integer},
    {"long", Type::long_integer},  {"int64", Type::long_integer}, {"uint64", Type::long_integer},
    {"ulong", Type::long_integer}, {"real", Type::real},          {"double", Type::real},
    {"decimal", Type::decimal},    {"string", Type::string},      {"datetime", Type::datetime},
    {"date", Type::datetime},      {"timespan", Type::timespan},  {"time", Type::timespan},
    {"dynamic", Type::dynamic},    {"guid", Type::guid},          {"uuid", Type::guid},
}};

const Names& names_of(Type type) { return all_names.at(static_cast<std::size_t>(type)); }

}  // namespace

std::string_view name_of(Type type) { return names_of(type).kql; }
std::string_view clr_name_of(Type type) { return names_of(type).clr; }
sql::Type storage_of(Type type) { return names_of(type).storage; }

std::optional<Type> type_named(std::string_view name) {
  for (const auto& [alias, type] : aliases) {
    if (alias == name) return type;
  }
  return std::nullopt;
}

}  // namespace rollcall::kql
