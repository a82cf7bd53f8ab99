// A custom connector's documents: whatever they hold, reading them ends, and what was read can be
// called. The first byte that is 0 parts the definition from the apiProperties.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "connectors/custom/policies.hpp"

namespace {

using namespace rollcall;

void call_all(const connectors::ApiDefinition& definition) {
  const connectors::ConnectionValues values{{"api_key", "k"}, {"region", "eu"}};
  for (const auto& operation : definition.operations) {
    json::object inputs;
    for (const auto& parameter : operation.parameters) inputs[parameter.name] = "1";
    auto draft =
        connectors::draft_request(definition, operation, inputs, "https://rollcall.example.com/");
    if (!draft) continue;
    if (!connectors::change_request(definition, operation, values, *draft)) continue;
    (void)connectors::finish(*draft, "1");
    http::Response response;
    json::value body = json::object{{"rows", json::array{json::object{{"id", 1}}}}};
    (void)connectors::change_answer(definition, operation, values, *draft, response, body);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = text.find('\0');
  const auto properties = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  const auto definition = connectors::read_api_definition({text.substr(0, end), properties, false});
  if (definition && definition->operations.size() < 50) call_all(*definition);
  return 0;
}
