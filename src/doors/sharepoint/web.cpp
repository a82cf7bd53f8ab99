// /_api/web: the site, which is the same under every name, its users, and the way to the lists.
#include <fmt/format.h>

#include "base/text.hpp"
#include "doors/sharepoint/call.hpp"
#include "doors/sharepoint/people.hpp"
#include "doors/sharepoint/shape.hpp"

namespace rollcall::doors::sharepoint {
namespace {

constexpr std::string_view web_guid = "00000000-0000-4000-b000-000000000001";

// The path of http://host/sites/NAME; "/" for the root.
std::string relative_url(const Call& call) {
  const auto scheme = call.site.find("://");
  const auto slash = call.site.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  return slash == std::string::npos ? "/" : call.site.substr(slash);
}

json::object web_entity(const Call& call) {
  auto web = annotated(call, "SP.Web", "Web");
  web["Id"] = web_guid;
  web["Title"] = "Rollcall";
  web["Description"] = "";
  web["Url"] = call.site;
  web["ServerRelativeUrl"] = relative_url(call);
  web["Language"] = 1033;
  web["WebTemplate"] = "STS";
  web["Configuration"] = 3;
  web["QuickLaunchEnabled"] = true;
  web["RecycleBinEnabled"] = true;
  return web;
}

Reply entity(json::object value, std::string metadata) {
  Reply reply;
  reply.value = std::move(value);
  reply.metadata = std::move(metadata) + "/@Element";
  return reply;
}

Answer one_person(const Call& call, std::string_view principal) {
  return entity(person(call, principal), "SP.ApiData.Users");
}

Answer users(Call& call) {
  TRY(const auto names, all_people(call));
  json::array all;
  for (const auto& name : names) all.push_back(person(call, name));
  TRY_DO(shape(all, call.query));
  Reply reply;
  reply.value = std::move(all);
  reply.metadata = "SP.ApiData.Users";
  return reply;
}

Answer ensure_user(Call& call) {
  const auto name = trim(text_or(call.body, "logonName"));
  if (name.empty() || name.size() > 255)
    return fail("SP0104", "logonName: the name of a person was expected");
  TRY_DO(ensure_person(call, name));
  return one_person(call, name);
}

// web/title and the like.
Answer property(const Call& call, json::object of, std::size_t at) {
  const auto& step = call.steps[at];
  for (auto& member : of) {
    if (!step.is(member.key()) || step.called || at + 1 != call.steps.size() || !call.reads())
      continue;
    Reply reply;
    reply.name = member.key();
    reply.value = std::move(member.value());
    reply.metadata = "Edm.String";
    return reply;
  }
  return no_resource(call, at);
}

// The list of GetList('/sites/x/Lists/Name').
Answer list_by_url(Call& call, std::size_t at) {
  const auto url = call.steps[at].argument();
  TRY(const auto list,
      call.services.lists.find_list(call.connection, url.substr(url.rfind('/') + 1)));
  return answer_list(call, list, at + 1);
}

}  // namespace

Answer answer_web(Call& call, std::size_t at) {
  if (at == call.steps.size()) {
    if (!call.reads()) return no_resource(call, at);
    auto web = web_entity(call);
    TRY_DO(shape(web, call.query));
    return entity(std::move(web), "SP.ApiData.Webs");
  }
  const auto& step = call.steps[at];
  const bool last = at + 1 == call.steps.size();
  if (step.is("lists")) return answer_lists(call, at);
  if (step.is("getlist") && step.called) return list_by_url(call, at);
  if (step.is("recyclebin")) return answer_recycle_bin(call, at);
  if (step.is("currentuser") && call.reads()) {
    if (last) return one_person(call, to_string(call.principal));
    return property(call, person(call, to_string(call.principal)), at + 1);
  }
  if (step.is("siteusers") && last && call.reads() && !step.called) return users(call);
  if ((step.is("getuserbyid") || (step.is("siteusers") && step.called)) && last && call.reads()) {
    TRY(const auto id, parse_id(step.argument()));
    TRY(const auto name, person_of(call, id));
    return one_person(call, name);
  }
  if (step.is("ensureuser") && last && call.method == "POST") {
    if (step.called && !step.arguments.empty())
      call.body = json::object{{"logonName", step.argument()}};
    return ensure_user(call);
  }
  return property(call, web_entity(call), at);
}

}  // namespace rollcall::doors::sharepoint
