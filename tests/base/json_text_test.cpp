// Texts as JSON: what needs an escape is found wherever it stands among characters that are looked at together.
#include "base/json_text.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"

namespace rollcall {
namespace {

TEST(JsonText, EscapesAtEveryPlace) {
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(c);
        std::string written;
        append_json(written, text);
        EXPECT_EQ(written, json::serialize(json::value(text))) << size << ' ' << at << ' ' << c;
      }
    }
  }
}

TEST(JsonText, EscapesSideBySide) {
  const std::string text = "a\"\"\\\\ \x1f\x20\x7f\x80\xff\n\t\"!#[]^";
  std::string written;
  append_json(written, text);
  EXPECT_EQ(written, json::serialize(json::value(text)));
}

}  // namespace
}  // namespace rollcall
