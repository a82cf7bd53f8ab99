// What all handlers share, and the names that clients see.
#include "doors/sharepoint/call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.hpp"
#include "base/text.hpp"

namespace rollcall::doors::sharepoint {

std::optional<std::string> Call::parameter(std::string_view name) const {
  const auto found = std::ranges::find_if(
      query, [&](const auto& one) { return equals_ignoring_case(one.first, name); });
  return found == query.end() ? std::nullopt : std::optional(found->second);
}

Reply no_content(int status) {
  Reply reply;
  reply.status = status;
  reply.empty = true;
  return reply;
}

std::unexpected<Error> no_resource(const Call& call, std::size_t at) {
  const auto name = at < call.steps.size() ? call.steps[at].name : std::string();
  return fail("SP0101", name.empty()
                            ? fmt::format("{} cannot be sent here.", call.method)
                            : fmt::format("Cannot find resource for the request {}.", name));
}

Result<void> require_admin(const Call& call) { return Access::require(call.caller, Scope::admin); }

store::Transaction& writing(const Call& call) {
  CHECK(call.transaction != nullptr);
  return *call.transaction;
}

json::object annotated(const Call& call, std::string_view type, const std::string& uri,
                       std::string_view etag) {
  if (call.format == Format::none) return {};
  json::object entity{{"odata.type", type},
                      {"odata.id", fmt::format("{}/_api/{}", call.site, uri)}};
  if (!etag.empty()) entity["odata.etag"] = etag;
  entity["odata.editLink"] = uri;
  return entity;
}

std::string list_uri(const lists::List& list) {
  return fmt::format("Web/Lists(guid'{}')", list.guid);
}

std::string encoded_name(std::string_view title) {
  std::string name;
  for (std::size_t i = 0; i < title.size(); ++i) {
    const auto byte = static_cast<unsigned char>(title[i]);
    const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
    const bool digit = byte >= '0' && byte <= '9';
    if (letter || (digit && !name.empty())) {
      name += title[i];
      continue;
    }
    std::uint32_t code = byte;  // of UTF-8, which titles are
    if (byte >= 0x80) {
      const std::size_t more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
      code = byte & (0x3fU >> more);
      for (std::size_t n = 0; n < more && i + 1 < title.size(); ++n)
        code = (code << 6U) | (static_cast<unsigned char>(title[++i]) & 0x3fU);
    }
    if (code > 0xffff) {
      name += fmt::format("_x{:04x}_", 0xd7c0 + (code >> 10U));
      code = 0xdc00 + (code & 0x3ffU);
    }
    name += fmt::format("_x{:04x}_", code);
  }
  return name;
}

std::string item_type(const lists::List& list) {
  return fmt::format("SP.Data.{}ListItem", encoded_name(list.name));
}

std::string item_guid(const lists::List& list, std::int64_t id) {
  return fmt::format("{:08x}-0000-4000-9000-{:012x}", list.id & 0xffffffff, id & 0xffffffffffff);
}

std::string item_etag(const lists::List& list, std::int64_t id, std::int64_t version) {
  return fmt::format("\"{},{}\"", item_guid(list, id), version);
}

Result<std::optional<std::int64_t>> matched_version(const Call& call, const lists::List& list,
                                                    std::int64_t id) {
  auto tag = trim(call.if_match);
  if (tag.empty() || tag == "*") return std::nullopt;
  const auto other = [&] {
    return fail("LIST0103", fmt::format("The request ETag value '{}' does not match the object's "
                                        "ETag value: it is of no version of item {}.",
                                        call.if_match, id));
  };
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"')
    tag = tag.substr(1, tag.size() - 2);
  const auto comma = tag.rfind(',');
  if (comma != std::string_view::npos &&
      !equals_ignoring_case(tag.substr(0, comma), item_guid(list, id)))
    return other();
  const auto digits = comma == std::string_view::npos ? tag : tag.substr(comma + 1);
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (error != std::errc() || end != digits.data() + digits.size()) return other();
  return version;
}

}  // namespace rollcall::doors::sharepoint
