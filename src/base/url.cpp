#include "base/url.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace rollcall {

std::string origin_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const auto name = to_lower(url.substr(0, scheme));
  if (name != "https" && name != "http") return {};
  const auto rest = url.substr(scheme + 3);
  auto host = to_lower(rest.substr(0, rest.find_first_of("/?#")));
  if (host.empty() || host.find_first_of("@\\ \t\r\n") != std::string::npos) return {};
  const std::string_view usual = name == "https" ? ":443" : ":80";
  if (host.ends_with(usual)) host.resize(host.size() - usual.size());
  return name + "://" + host;
}

bool same_origin(std::string_view one, std::string_view other) {
  const auto origin = origin_of(one);
  return !origin.empty() && origin == origin_of(other);
}

std::string absolute_url(std::string_view base, std::string_view link) {
  if (link.find("://") != std::string_view::npos && link.find("://") < link.find_first_of("/?#"))
    return std::string(link);
  const auto authority = base.find("://");
  if (authority == std::string_view::npos) return std::string(link);
  if (link.starts_with("//")) return fmt::format("{}:{}", base.substr(0, authority), link);
  const auto path = std::min(base.find_first_of("/?#", authority + 3), base.size());
  if (link.starts_with('/')) return fmt::format("{}{}", base.substr(0, path), link);
  const auto query = std::min(base.find_first_of("?#"), base.size());
  if (link.starts_with('?')) return fmt::format("{}{}", base.substr(0, query), link);
  const auto folder = base.substr(0, query).rfind('/');
  return fmt::format("{}/{}", base.substr(0, folder < path ? path : folder), link);
}

}  // namespace rollcall
