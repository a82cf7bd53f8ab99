// What a URL says about where it leads: enough to tell another host's from one's own, and to follow
// a link that is relative (RFC 3986, 5.2, without removing dot segments).
#pragma once
#include <string>
#include <string_view>

namespace rollcall {

// `https://host:port`, in lower case; "" when it is no http or https URL.
std::string origin_of(std::string_view url);
// Whether what is meant for the one may be sent to the other; no when either is no http or https
// URL.
bool same_origin(std::string_view one, std::string_view other);
// A Location or a link to the next page, which may be relative to the request's URL.
std::string absolute_url(std::string_view base, std::string_view link);

}  // namespace rollcall
