// Any bytes parse or are complained of, and what parses can be laid out.
#include "fuzz.hpp"
#include "kql/format.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace rollcall;
  const auto formatted = kql::format(fuzz::text_of(data, size));
  if (!formatted) return 0;
  const auto again = kql::format(*formatted);
  if (!again) fuzz::found("laid out, it no longer parses:\n" + *formatted);
  if (*again != *formatted)
    fuzz::found("laid out twice, it differs:\n" + *formatted + "---\n" + *again);
  return 0;
}
