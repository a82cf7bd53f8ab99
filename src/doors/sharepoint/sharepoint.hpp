// SharePoint's REST protocol over our lists, as its clients speak it: `/_api/web/lists…`,
// `/_api/contextinfo`,
// `/_api/$batch`, also below `/sites/NAME`, which every site of ours is.
// https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest
#pragma once
#include "doors/services.hpp"
#include "http/router.hpp"

namespace rollcall::doors {

void add_sharepoint(http::Router& router, Services& services);

}  // namespace rollcall::doors
