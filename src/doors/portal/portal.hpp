// The portal's files: `/` is index.html, the others stand under their names.
#pragma once
#include <span>

#include "doors/portal/files.hpp"
#include "http/router.hpp"

namespace rollcall::doors {

// The contents must outlive the router. Without an index.html the page says how to build the portal.
void add_portal(http::Router& router, std::span<const File> files);

}  // namespace rollcall::doors
