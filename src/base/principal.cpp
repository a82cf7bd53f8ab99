#include "base/principal.hpp"

namespace rollcall {

std::string to_string(const Principal& principal) {
  switch (principal.kind) {
    case Principal::Kind::local_admin:
      return "local";
    case Principal::Kind::person:
      return "person:" + principal.name;
    case Principal::Kind::token:
      return "token:" + principal.name;
    case Principal::Kind::flow_run:
      return "flow_run:" + principal.name;
  }
  return "local";
}

}  // namespace rollcall
