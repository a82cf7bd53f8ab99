// A backup of everything, while everybody goes on. Only an admin asks for one: it is written to a folder of this machine.
#include "doors/api/operations.hpp"
#include "doors/errors.hpp"

namespace rollcall::doors {

Operations backup_operations(Services& services) {
  const auto make = [&services](const http::Request& request, const Principal&) {
    const auto body = parse_json(request.body);
    if (!body) return refuse(body.error());
    if (!services.backup)
      return http::problem(503, "BACKUP0102", "this server cannot make a backup of itself");
    const auto made = services.backup(std::string(text_or(*body, "folder")));
    return made ? http::json_response(201, *made) : refuse(made.error());
  };
  return {{"POST",
           "/api/v1/backup",
           Scope::admin,
           "makeBackup",
           "Writes lists, flows, runs, tokens, logs and the key of flows to a new folder of the "
           "server's machine; answers the manifest when all of it is there and verified.",
           make,
           {},
           "{\"folder\": \"/an/absolute/path\"}"}};
}

}  // namespace rollcall::doors
