// KQL's syntax against the official parser: queries that people run must parse, damaged ones must
// be judged as it does.
#include "conformance/conformance.hpp"
#include "kql/compile.hpp"
#include "kql/format.hpp"
#include "kql/lexer.hpp"

namespace rollcall::conformance {
namespace {

std::string text_of(const json::value& one, std::string_view key) {
  return std::string(one.at(key).as_string());
}

std::string first_line(const kql::Diagnostics& diagnostics, const std::string& query) {
  return diagnostics.empty() ? "accepted" : render(to_error(diagnostics.front()), query);
}

const Suite real_queries{"kql/real_queries", [](Run& run) {
                           for (const auto& one : run.lines("kql/real_queries.jsonl.gz")) {
                             const std::string query = text_of(one, "query");
                             const auto diagnostics = kql::check_syntax(query);
                             run.check(diagnostics.empty(), text_of(one, "id"),
                                       first_line(diagnostics, query));
                           }
                         }};

std::vector<std::string> tokens_of(std::string_view text) {
  kql::Diagnostics none;
  std::vector<std::string> tokens;
  for (const auto& token : kql::tokenize(text, none)) tokens.push_back(token.text);
  return tokens;
}

// Laying out keeps every token, and changes nothing that it has laid out.
const Suite laid_out{"kql/format", [](Run& run) {
                       for (const auto& one : run.lines("kql/real_queries.jsonl.gz")) {
                         const std::string query = text_of(one, "query");
                         const auto once = kql::format(query);
                         if (!once) continue;  // of the suite above
                         const auto twice = kql::format(*once);
                         const bool same = tokens_of(query) == tokens_of(*once);
                         run.check(same && twice && *twice == *once, text_of(one, "id"),
                                   !same    ? "another query:\n" + *once
                                   : !twice ? "no longer parses:\n" + *once
                                            : "first:\n" + *once + "then:\n" + *twice);
                       }
                     }};

const Suite mutated_queries{"kql/mutated_queries", [](Run& run) {
                              for (const auto& one : run.lines("kql/mutated_queries.jsonl.gz")) {
                                const std::string query = text_of(one, "query");
                                const auto diagnostics = kql::check_syntax(query);
                                run.check(diagnostics.empty() == one.at("accepts").as_bool(),
                                          text_of(one, "id"), first_line(diagnostics, query));
                              }
                            }};

}  // namespace
}  // namespace rollcall::conformance
