#include "flow/document.hpp"

#include "base/check.hpp"

namespace rollcall::flow {

Document Document::of_text(std::string text) {
  Document document;
  document.text_ = std::move(text);
  return document;
}

const json::value& Document::value() const {
  if (!text_.empty()) {
    auto parsed = parse_json(text_, 1'000);
    CHECK(parsed.has_value());
    value_ = *std::move(parsed);
    text_.clear();
  }
  return value_;
}

}  // namespace rollcall::flow
