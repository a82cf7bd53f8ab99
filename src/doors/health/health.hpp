// /healthz: the process answers. /readyz: its stores answer too. /healthz/pipeline: logs come in and are polled (pulse.hpp).
// /metrics: what it counted.
#pragma once
#include "doors/services.hpp"
#include "http/router.hpp"

namespace rollcall::doors {

void add_health(http::Router& router, Services& services);

}  // namespace rollcall::doors
