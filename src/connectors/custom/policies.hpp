// The policies of apiProperties: what they change in a request before it is sent, and in an answer
// before the flow sees it. In the order in which they stand. Pure.
//   dynamichosturl          another host and base path
//   routerequesttoendpoint  another path and method
//   setheader, setqueryparameter, setproperty, convertobjecttoarray, convertarraytoobject
//   pollingtrigger          what the next poll asks for (polling.hpp)
//   updatenextlink          the next page goes the way of the first: which it does here anyway
// Operations that any other policy is made for are refused.
// https://learn.microsoft.com/connectors/custom-connectors/policy-templates
#pragma once
#include "connectors/custom/policy_text.hpp"
#include "connectors/custom/request.hpp"

namespace rollcall::connectors {

// CONNECTOR0522: a policy that is not known; the message names it.
Result<void> check_policies(const ApiDefinition& definition, const ApiOperation& operation);

// CONNECTOR0521, CONNECTOR0523: a policy's parameters do not make sense.
Result<void> change_request(const ApiDefinition& definition, const ApiOperation& operation,
                            const ConnectionValues& connection, Draft& draft);
// Headers and queries only: of a request to an address that the other side gave.
Result<void> change_follow_up(const ApiDefinition& definition, const ApiOperation& operation,
                              const ConnectionValues& connection, Draft& draft);
Result<void> change_answer(const ApiDefinition& definition, const ApiOperation& operation,
                           const ConnectionValues& connection, const Draft& draft,
                           http::Response& response, json::value& body);

// The first policy of that template for the operation; null: there is none.
const Policy* find_policy(const ApiDefinition& definition, const ApiOperation& operation,
                          std::string_view template_id);

}  // namespace rollcall::connectors
