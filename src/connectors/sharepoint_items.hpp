// Items in the forms of SharePoint's connector: choices as {"Value": …}, people with "#Claims",
// "{Identifier}" and the like. For the connector itself and for the door that serves its shape.
// https://learn.microsoft.com/connectors/sharepointonline/
#pragma once
#include <string>

#include "base/json.hpp"
#include "lists/list_store.hpp"

namespace rollcall::connectors {

// Appends the item as a JSON object.
void append_sharepoint_item(std::string& out, const lists::List& list, const lists::ItemView& item);
// So that what look-ups show is read with the items; nothing when the query expands something
// itself.
void expand_lookups(const lists::List& list, odata::Options& options);
// The columns to set, out of "item/Title", "item/Status/Value", "item/Owner/Claims", `item` or
// `body`. CONNECTOR0201: a parameter that is none.
Result<json::object> sharepoint_fields(const lists::List& list, const json::object& parameters);

}  // namespace rollcall::connectors
