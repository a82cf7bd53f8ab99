// All doors on one router, and the counting of what they answer.
#pragma once
#include <span>

#include "doors/portal/files.hpp"
#include "doors/services.hpp"
#include "http/router.hpp"

namespace rollcall::doors {

// `services` and the files' contents must outlive the router.
http::Router make_router(Services& services, std::span<const File> portal);
// Dispatches and counts.
http::Handler make_handler(const http::Router& router, Metrics& metrics);

}  // namespace rollcall::doors
