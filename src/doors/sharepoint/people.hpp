// Who writes and who is named in a column, as SharePoint's users: numbers beside names. A number
// follows from the name; which names there are beside those of tokens is kept in a list, as
// SharePoint does.
#pragma once
#include "doors/sharepoint/call.hpp"

namespace rollcall::doors::sharepoint {

std::int64_t person_id(std::string_view principal);
json::object person(const Call& call, std::string_view principal);
// {"Id", "Title", "Name", "EMail"}, for $expand.
json::object person_parts(std::string_view principal);
// The principal of that number. LIST0104: nobody.
Result<std::string> person_of(Call& call, std::int64_t id);
// Keeps the name, so that person_of finds it.
Result<void> ensure_person(Call& call, std::string_view principal);
Result<std::vector<std::string>> all_people(Call& call);

}  // namespace rollcall::doors::sharepoint
