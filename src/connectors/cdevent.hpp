// A CDEvent as a CloudEvent in structured mode. Pure. https://cdevents.dev/docs/spec,
// https://github.com/cloudevents/spec
#pragma once
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/time.hpp"

namespace rollcall::connectors {

struct CdEvent {
  std::string type;    // "service.deployed", or whole: "dev.cdevents.service.deployed.0.2.0"
  std::string id;      // equal for an event that is sent again
  std::string source;  // a URI reference
  std::string subject_id, subject_source;
  json::object content;  // of the subject: {"environment": {"id"}, "artifactId"}
  Timestamp at;
};
// CONNECTOR0701: the type is not known, or its subject lacks what the specification asks for.
Result<json::object> to_cloud_event(const CdEvent& event);

}  // namespace rollcall::connectors
