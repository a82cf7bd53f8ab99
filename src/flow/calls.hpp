// What the files of actions/ that call others share.
#pragma once
#include <string>

#include "flow/execution.hpp"

namespace rollcall::flow {

// Asks for the first time.
void call(Execution&, Frame&, ActionIndex, const BoundOperation& operation, json::object inputs);
// FLOW0328: they are no object.
Result<json::object> evaluated(Execution&, Frame&, ActionIndex, const Template& inputs);
// Letter case ignored; "" when there is none.
std::string header_of(const json::value& outputs, std::string_view name);

// ---- callbacks.cpp
bool waits_for_call_back(const ActionKind& kind);
std::string callback_url(Execution&, Frame&, ActionIndex);
void subscribed(Execution&, Frame&, ActionIndex, Outcome outcome);
// Ends the subscription, then the action.
void unsubscribe(Execution&, Frame&, ActionIndex, bool timed_out);
void unsubscribed(Execution&, Frame&, ActionIndex);

}  // namespace rollcall::flow
