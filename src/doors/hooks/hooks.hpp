// The door for flows that are called: triggers of kind Request and webhooks, call backs of actions that wait,
// and answers that are fetched. Who may call is who knows the signed address; there is no other identity.
//   POST /hooks/{flow}/{trigger}[/relative/path]?sig=…   starts a run; the method is the trigger's
//   POST /hooks/runs/{run}/{instance}?sig=…              calls back an action that waits
//   GET  /hooks/runs/{run}/response?sig=…                202 until the run has answered, then its answer
// A flow with a Response action is waited for: 504 when it takes longer than two minutes, 502 when it ends without
// an answer. https://learn.microsoft.com/azure/connectors/connectors-native-reqres
#pragma once
#include "doors/services.hpp"
#include "http/router.hpp"

namespace rollcall::doors {

// HOOK0101 not signed, HOOK0102 another method, HOOK0103 the path does not fit, HOOK0104 no answer in time,
// HOOK0105 the run ended without an answer, HOOK0106 the flow is disabled, HOOK0107 too many callers wait.
void add_hooks(http::Router& router, Services& services);

}  // namespace rollcall::doors
