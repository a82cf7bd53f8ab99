// Our own API: `/api/v1/…`. Answers are JSON, errors RFC 9457 problem documents.
#pragma once
#include "doors/services.hpp"
#include "http/router.hpp"

namespace rollcall::doors {

void add_api(http::Router& router, Services& services);

}  // namespace rollcall::doors
