// Reads a management command from left to right: words, names (perhaps quoted), strings, punctuation, properties.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "warehouse/table.hpp"

namespace rollcall::warehouse {

class CommandText {
 public:
  explicit CommandText(std::string_view text) : rest_(text) {}

  // The word or punctuation, when it comes next; letter case is ignored.
  bool take(std::string_view word);
  // Whether it comes next.
  bool at(std::string_view word);
  // All errors are WAREHOUSE0402 and name what is missing.
  Result<void> expect(std::string_view word);

  // name = 1*( ALPHA / DIGIT / "_" ) / "[" string "]"
  Result<std::string> name(std::string_view what);
  // "(" name *( "," name ) ")"
  Result<std::vector<std::string>> names(std::string_view what);
  // string = [ "h" ] [ "@" ] quoted / "```" *CHAR "```"; or a bare word
  Result<std::string> text(std::string_view what);
  // "(" name ":" type *( "," name ":" type ) ")"
  Result<std::vector<Column>> columns();
  // [ "with" "(" name "=" value *( "," name "=" value ) ")" ]; the names in lower case
  using Properties = std::map<std::string, std::string, std::less<>>;
  Result<Properties> properties();

  Result<void> end();
  std::string_view rest();

 private:
  void skip_space();
  std::string_view rest_;
};

}  // namespace rollcall::warehouse
