#include "connectors/custom/polling.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/answer.hpp"

namespace rollcall::connectors {

Result<Polled> read_poll(const Policy& policy, const ConnectionValues& connection,
                         const json::value& body) {
  const PolicyScope scope{&connection, nullptr, nullptr, &body, nullptr, "GET"};
  const auto data_path = text_or(policy.parameters, "triggerDataPath");
  if (data_path.empty())
    return fail("CONNECTOR0523", "policy 'pollingtrigger': triggerDataPath is missing");
  TRY(const auto data, evaluate_policy(data_path, scope));
  Polled polled;
  if (const auto* array = data.if_array())
    polled.news = !array->empty();
  else
    polled.news = !data.is_null() && !(data.is_string() && data.get_string().empty());
  const auto* config = policy.parameters.if_contains("triggerConfig");
  if (config == nullptr || !config->is_object()) return polled;
  for (const auto& [name, expression] : config->get_object()) {
    if (!expression.is_string()) continue;
    TRY(const auto value, evaluate_policy(expression.get_string(), scope));
    auto text = plain_text(value);
    if (!text.empty())
      polled.next.emplace_back(name, std::move(text));  // an answer without news changes nothing
  }
  return polled;
}

std::string with_queries(std::string_view url, const http::Parameters& queries) {
  const auto question = url.find('?');
  auto all = question == std::string_view::npos ? http::Parameters()
                                                : http::parse_query(url.substr(question + 1));
  for (const auto& [name, text] : queries) {
    const auto found = std::ranges::find(all, name, &std::pair<std::string, std::string>::first);
    if (found == all.end())
      all.emplace_back(name, text);
    else
      found->second = text;
  }
  std::string out(url.substr(0, question));
  for (const auto& [name, text] : all) {
    out += fmt::format("{}{}={}", &name == &all.front().first ? '?' : '&',
                       http::encode_percent(name), http::encode_percent(text));
  }
  return out;
}

}  // namespace rollcall::connectors
