// connectors/definitions: real OpenAPI 2.0 documents with their apiProperties, one in each folder.
// Loads: it becomes a typed definition, from which every operation can be told apart; what a script
// does is refused by its name.
#include <algorithm>

#include "conformance/conformance.hpp"
#include "connectors/custom/definition.hpp"

namespace rollcall::conformance {
namespace {

namespace fs = std::filesystem;

const Suite definitions{
    "connectors/definitions", [](Run& run) {
      for (const auto& file : run.files("connectors/definitions", "apiDefinition.swagger.json")) {
        const auto folder = file.parent_path();
        const auto text = read_text(file), properties = read_text(folder / "apiProperties.json");
        const bool script = fs::exists(folder / "script.csx") || fs::exists(folder / "has_script");
        const auto definition = connectors::read_api_definition({text, properties, script});
        run.check(definition.has_value(), folder.filename().string(),
                  definition ? "" : definition.error().code + " " + definition.error().message);
      }
    }};

}  // namespace
}  // namespace rollcall::conformance
