#include "flow/site.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "expr/uri.hpp"

namespace rollcall::flow {
namespace {

// Names are signed in one spelling, as flows and actions are found whatever the letter case.
std::string trigger_text(std::string_view flow, std::string_view trigger) {
  return fmt::format("trigger\n{}\n{}", to_lower(flow), to_lower(trigger));
}
std::string instance_text(std::int64_t run, std::string_view instance) {
  return fmt::format("instance\n{}\n{}", run, to_lower(instance));
}
std::string response_text(std::int64_t run) { return fmt::format("response\n{}", run); }

}  // namespace

std::string Site::instance_url(std::int64_t run, std::string_view instance) const {
  return fmt::format("{}/hooks/runs/{}/{}?sig={}", url_, run, expr::encode_uri(instance),
                     seal_.sign(instance_text(run, instance)));
}
bool Site::instance_is_signed(std::int64_t run, std::string_view instance,
                              std::string_view signature) const {
  return seal_.is_signed(instance_text(run, instance), signature);
}

std::string Site::trigger_url(std::string_view flow, std::string_view trigger) const {
  return fmt::format("{}/hooks/{}/{}?sig={}", url_, expr::encode_uri(flow),
                     expr::encode_uri(trigger), seal_.sign(trigger_text(flow, trigger)));
}
bool Site::trigger_is_signed(std::string_view flow, std::string_view trigger,
                             std::string_view signature) const {
  return seal_.is_signed(trigger_text(flow, trigger), signature);
}

std::string Site::response_url(std::int64_t run) const {
  return fmt::format("{}/hooks/runs/{}/response?sig={}", url_, run, seal_.sign(response_text(run)));
}
bool Site::response_is_signed(std::int64_t run, std::string_view signature) const {
  return seal_.is_signed(response_text(run), signature);
}

}  // namespace rollcall::flow
