// The shape of Power Automate's SharePoint connector over our lists:
// `/datasets/{site}/tables/{list}/items…`, for exported flows and custom connectors that are told
// another host. Also below `/apim/sharepointonline/{connection}`. The site is any name; the list is
// named by its name or guid. Both come encoded twice.
// https://learn.microsoft.com/connectors/sharepointonline/
#pragma once
#include "doors/services.hpp"
#include "http/router.hpp"

namespace rollcall::doors {

void add_datasets(http::Router& router, Services& services);

}  // namespace rollcall::doors
