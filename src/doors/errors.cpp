#include "doors/errors.hpp"

#include <array>

namespace rollcall::doors {
namespace {

struct Rule {
  std::string_view prefix;  // of the code; the longest that fits counts
  int status;
};
constexpr std::array rules{
    Rule{"LIST", 400},          Rule{"LIST0101", 404},      Rule{"LIST0102", 404},
    Rule{"LIST0103", 412},      Rule{"LIST0105", 409},      Rule{"LIST0108", 403},
    Rule{"LIST0110", 409},      Rule{"LIST0111", 413},      Rule{"ODATA", 400},
    Rule{"KQL", 400},           Rule{"KUSTO", 400},         Rule{"JSON", 400},
    Rule{"INGEST", 400},        Rule{"INGEST0105", 413},    Rule{"INGEST0401", 429},
    Rule{"WAREHOUSE0106", 503}, Rule{"DECLARED", 400},      Rule{"FLOW", 400},
    Rule{"FLOW0506", 404},      Rule{"FLOW0511", 429},      Rule{"FLOW0512", 404},
    Rule{"FLOW0513", 409},      Rule{"FLOW0515", 409},      Rule{"TOKEN", 400},
    Rule{"TOKEN0102", 409},     Rule{"TOKEN0103", 404},     Rule{"API", 400},
    Rule{"API0101", 404},       Rule{"WAREHOUSE0101", 413}, Rule{"WAREHOUSE0102", 413},
    Rule{"WAREHOUSE0103", 504}, Rule{"WAREHOUSE0104", 503}, Rule{"WAREHOUSE0108", 400},
    Rule{"WAREHOUSE0110", 400}, Rule{"AUTH", 401},          Rule{"AUTH0103", 403},
    Rule{"KUSTO0202", 502},     Rule{"KUSTO0203", 502},     Rule{"WAREHOUSE03", 400},
    Rule{"BACKUP0101", 400},    Rule{"BACKUP0102", 503},    Rule{"WAREHOUSE04", 400},
    Rule{"FLOW0501", 404},      Rule{"FLOW0504", 404},
};

}  // namespace

int status_of(const Error& error) {
  const Rule* best = nullptr;
  for (const auto& rule : rules) {
    if (error.code.starts_with(rule.prefix) &&
        (best == nullptr || rule.prefix.size() > best->prefix.size()))
      best = &rule;
  }
  return best == nullptr ? 500 : best->status;
}

http::Response refuse(const Error& error, std::string_view source) {
  if (source.empty()) return http::problem(status_of(error), error.code, error.message);
  return http::problem(status_of(error), error.code,
                       render(error, source).substr(error.code.size() + 1));
}

}  // namespace rollcall::doors
