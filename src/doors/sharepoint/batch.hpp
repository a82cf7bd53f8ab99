// The bodies of $batch: multipart texts in which requests stand, and answers to them.
// https://learn.microsoft.com/sharepoint/dev/sp-add-ins/make-batch-requests-with-the-rest-apis
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "http/message.hpp"

namespace rollcall::doors::sharepoint {

inline constexpr std::size_t max_batch_requests = 1000;

// The requests in their order, those of change sets too. SP0106: it is no batch, or of too many.
Result<std::vector<http::Request>> read_batch(std::string_view content_type, std::string_view body);
// A flat list of answers, whatever change sets there were.
http::Response write_batch(const std::vector<http::Response>& answers,
                           std::string_view content_type);

}  // namespace rollcall::doors::sharepoint
