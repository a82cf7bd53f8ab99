// gzip for request bodies and answers, zstd for request bodies.
#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace rollcall::http {

std::string gzip(std::string_view plain);
// HTTP0304 the data is no gzip, or stops early; HTTP0305 it unpacks to more than max_bytes.
Result<std::string> gunzip(std::string_view packed, std::size_t max_bytes);
Result<std::string> unzstd(std::string_view packed, std::size_t max_bytes);  // the same errors

}  // namespace rollcall::http
