// Our errors as HTTP answers: one table from codes to statuses.
#pragma once
#include <string_view>

#include "base/error.hpp"
#include "http/message.hpp"

namespace rollcall::doors {

int status_of(const Error& error);
// A problem document; with a span its detail says where in `source`, as `1:14..18 …`.
http::Response refuse(const Error& error, std::string_view source = {});

}  // namespace rollcall::doors
