// Definitions of flows: whatever a document holds, it is refused with a reason or deployed, and a run of it, with every
// call answered from what the definition expects, comes to an end. A definition does not differ from itself.
#include <cstddef>
#include <cstdint>

#include "flow/definition.hpp"
#include "flow/diff.hpp"
#include "flow/rehearsal.hpp"
#include "flow/validate.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rollcall;
  const auto document = parse_json(fuzz::text_of(data, size));
  if (!document) return 0;
  const auto definition = flow::parse_definition(*document);
  if (!definition) return 0;
  (void)flow::validate(*definition);
  if (!flow::diff(*definition, *definition).empty())
    fuzz::found("a definition differs from itself");
  (void)flow::rehearse_with_samples(*document);
  return 0;
}
