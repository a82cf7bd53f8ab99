// A custom connector, as a flow calls it: definition and connection, over HTTP.
//   an action        request; pages are followed when the flow asks for them; a 202 with a Location
//   is asked again a polling trigger   the same; with the policy pollingtrigger, 202 while there is
//   nothing new a webhook trigger   the request subscribes; its Location, asked with DELETE, ends
//   that (operation "ID/unsubscribe")
// Credentials go to the host that the operation itself goes to, and to no other that an answer may
// name.
#pragma once
#include <memory>

#include "connectors/custom/definition.hpp"
#include "connectors/custom/security.hpp"
#include "flow/connector.hpp"

namespace rollcall::connectors {

// `id` as flows name it: "shared_contoso". The client must outlive it.
std::unique_ptr<flow::Connector> make_custom(std::string id,
                                             std::shared_ptr<const ApiDefinition> definition,
                                             CustomConnection connection, http::Client& client);

}  // namespace rollcall::connectors
