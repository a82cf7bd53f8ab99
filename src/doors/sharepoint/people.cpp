#include "doors/sharepoint/people.hpp"

#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "doors/api/items.hpp"

namespace rollcall::doors::sharepoint {
namespace {

constexpr std::string_view people_list = "User Information List";

std::string_view title_of(std::string_view principal) {
  return principal.substr(principal.find(':') + 1);
}
std::string_view email_of(std::string_view principal) {
  const auto title = title_of(principal.substr(principal.rfind('|') + 1));
  return title.contains('@') ? title : std::string_view();
}

// nullptr: nobody was named yet.
Result<lists::ListPtr> people(Call& call) {
  auto list = call.services.lists.find_list(call.connection, people_list);
  if (!list && list.error().code == "LIST0101") return nullptr;
  return list;
}

}  // namespace

std::int64_t person_id(std::string_view principal) {
  if (principal == "local") return 1;
  return 2 + static_cast<std::int64_t>(xxhash64(principal) % 1'000'000'000U);
}

json::object person_parts(std::string_view principal) {
  return {{"Id", person_id(principal)},
          {"ID", person_id(principal)},
          {"Title", title_of(principal)},
          {"Name", principal},
          {"EMail", email_of(principal)}};
}

json::object person(const Call& call, std::string_view principal) {
  auto entity =
      annotated(call, "SP.User", fmt::format("Web/GetUserById({})", person_id(principal)));
  entity["Id"] = person_id(principal);
  entity["IsHiddenInUI"] = false;
  entity["LoginName"] = principal;
  entity["Title"] = title_of(principal);
  entity["PrincipalType"] = 1;
  entity["Email"] = email_of(principal);
  entity["IsSiteAdmin"] = principal == "local";
  return entity;
}

Result<std::vector<std::string>> all_people(Call& call) {
  std::vector<std::string> names{"local"};
  TRY(const auto list, people(call));
  if (list == nullptr) return names;
  odata::Options options;
  options.top = lists::max_page_size;
  do {
    TRY(auto page, call.services.lists.query(call.connection, *list, options, call.now));
    for (const auto& item : page.items) names.emplace_back(text_or(item.fields, "Name"));
    options.skiptoken = std::move(page.skiptoken);
  } while (options.skiptoken);
  return names;
}

Result<std::string> person_of(Call& call, std::int64_t id) {
  if (person_id(to_string(call.principal)) == id) return to_string(call.principal);
  TRY(const auto names, all_people(call));
  for (const auto& name : names) {
    if (person_id(name) == id) return name;
  }
  return fail("LIST0104",
              fmt::format("there is no user {}; POST /_api/web/ensureuser makes one", id));
}

Result<void> ensure_person(Call& call, std::string_view principal) {
  if (principal == "local") return {};
  const lists::ListDefinition definition{
      .name = std::string(people_list),
      .description = "Who is named in columns of people.",
      .columns = {{.name = "Title"}, {.name = "Name", .required = true}},
      .unique_keys = {{"Name"}}};
  TRY(const auto list, call.services.lists.ensure_list(writing(call), definition, call.write()));
  odata::Options options;
  options.filter = exact_filter({{"Name", std::string(principal)}});
  options.top = 1;
  TRY(const auto page, call.services.lists.query(call.connection, *list, options, call.now));
  if (!page.items.empty()) return {};
  TRY_DO(call.services.lists.create_item(
      writing(call), *list, {{"Title", title_of(principal)}, {"Name", principal}}, call.write()));
  return {};
}

}  // namespace rollcall::doors::sharepoint
