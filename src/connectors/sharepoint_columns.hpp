// Between SharePoint's REST API and its connector: what to ask for so that an item has everything,
// and items in the connector's shape and back. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace rollcall::connectors {

struct SiteColumn {
  std::string name,
      type;  // InternalName and TypeAsString: Choice, MultiChoice, User, Lookup, DateTime, …
};
using SiteColumns = std::vector<SiteColumn>;

// Of the answer of …/fields.
SiteColumns read_site_columns(const json::value& answer);
// `$select=…&$expand=…`; people and look-ups beyond the 12 joins that SharePoint allows are left as
// ids.
std::string item_query(const SiteColumns& columns);
// An item of the REST API as the connector shows it.
json::object to_connector_item(const json::object& item, const SiteColumns& columns,
                               std::string_view list);

// A column to set; of a person the id is found out first.
struct SiteField {
  std::string name;  // "Stage", "OwnerId"
  json::value value;
  std::string claims;  // of a person: value is the id of whoever this is
};
// CONNECTOR0211: the list has no such column.
Result<std::vector<SiteField>> to_site_fields(const json::object& item, const SiteColumns& columns);

}  // namespace rollcall::connectors
