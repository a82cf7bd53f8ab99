// Any text is bound and lowered, or complained of with a place inside of it.
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace rollcall;
  const auto text = fuzz::text_of(data, size);
  kql::Options options;
  options.now = fuzz::now;
  const auto compiled = kql::compile(text, fuzz::catalog(), options);
  if (compiled) return 0;
  if (compiled.error().empty()) fuzz::found("refused without a word");
  for (const auto& one : compiled.error()) {
    if (one.message.empty()) fuzz::found("an empty complaint");
    if (std::size_t{one.span.offset} + one.span.length > size)
      fuzz::found("a complaint beyond the text: " + one.message);
  }
  return 0;
}
