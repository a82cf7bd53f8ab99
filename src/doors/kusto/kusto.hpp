// Kusto's REST protocol, so that its own clients work: /v1/rest/query, /v2/rest/query, /v1/rest/mgmt, /v1/rest/ingest,
// /v1/rest/auth/metadata.
// https://learn.microsoft.com/azure/data-explorer/kusto/api/rest/
// There is one database; whatever name a client sends means it.
#pragma once
#include "doors/services.hpp"
#include "http/router.hpp"

namespace rollcall::doors {

void add_kusto(http::Router& router, Services& services);

}  // namespace rollcall::doors
