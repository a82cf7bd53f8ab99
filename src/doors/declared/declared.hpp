// What pipelines and people declare comes in here: CDEvents, GitHub's webhooks, and plain JSON; and what they declared is
// compared with what the logs show. Every event may come twice and out of order.
//
//   POST /cdevents                            CDEvents 0.4 and 0.5, as CloudEvents in binary or structured mode
//   POST /webhooks/github                     deployment and deployment_status
//   POST /api/v1/deployments                  one declaration, or {"deployments": […]}
//   GET  /api/v1/deployments                  what was declared, newest first
//   GET  /api/v1/deployments/reconciliation   declared but never seen, seen but never declared, version differs
//
// The first two are let in by an HMAC of their body (X-Hub-Signature-256) when a secret is configured, and else by a token.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "doors/api/operations.hpp"
#include "doors/services.hpp"
#include "fleet/declared.hpp"
#include "http/router.hpp"

namespace rollcall::doors {

void add_declared(http::Router& router, Services& services);

// What each form says, without its writing. An event that is none of a deployment answers nothing.
// DECLARED0101: not of this form, and what is wrong.
Result<std::vector<fleet::Declaration>> read_cdevent(const json::value& event,
                                                     const WebhookOptions& options);
Result<std::vector<fleet::Declaration>> read_github(std::string_view event,
                                                    const json::value& payload,
                                                    const WebhookOptions& options);
Result<fleet::Declaration> read_plain(const json::value& body, Timestamp now,
                                      const Principal& principal);

struct Recorded {
  std::size_t declared = 0, updated = 0, known = 0;
};
// In one transaction. An older word of the same declaration changes nothing.
Result<Recorded> record(Services& services, std::span<const fleet::Declaration> declarations,
                        const Principal& principal);

// `production-westeurope` by the pattern's groups `environment` and `region`, or else by its first slash. Without either all
// of it is the environment.
std::pair<std::string, std::string> split_environment(std::string_view name,
                                                      const re2::RE2* pattern);

}  // namespace rollcall::doors
