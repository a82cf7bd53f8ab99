// The SharePoint connector of Power Automate over our own lists: `dataset` (the site) is any name, `table` a
// list's name or guid. It takes and answers what the real one does (flat "item/Field" parameters, items with
// "{Identifier}", "@odata.etag", choices as {"Value": …}), so that exported flows run unmodified.
// https://learn.microsoft.com/connectors/sharepointonline/
#pragma once
#include <memory>

#include "flow/connector.hpp"
#include "lists/list_store.hpp"

namespace rollcall::connectors {

// The store must outlive the connector.
std::unique_ptr<flow::Connector> make_sharepointonline(lists::ListStore& lists);

}  // namespace rollcall::connectors
