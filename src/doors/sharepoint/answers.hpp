// Replies and errors as HTTP answers, in the forms that SharePoint's clients ask for by Accept.
#pragma once
#include <string_view>

#include "doors/sharepoint/call.hpp"

namespace rollcall::doors::sharepoint {

// By `odata=verbose`, `odata=nometadata`, `odata=minimalmetadata` in Accept or $format; minimal
// otherwise.
Format format_of(std::string_view accept);
http::Response respond(const Call& call, Reply reply);
// {"odata.error":{"code":"-1, Type","message":{"lang":"en-US","value":…}}}; {"error":…} in the
// verbose form.
http::Response refuse(const Error& error, Format format);

}  // namespace rollcall::doors::sharepoint
