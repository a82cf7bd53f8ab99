// The golden runner: text cases, read at run time from the folder of the test binary.
// A case is a directive line, a body, `----`, the expected text, a blank line. `#` starts a comment line
// between cases. ROLLCALL_UPDATE=1 writes what was answered over what was expected.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::test {

struct GoldenCase {
  std::string directive;               // the first word
  std::vector<std::string> arguments;  // the other words of its line
  std::string body;                    // without the last line feed
};

// Answers what stands below `----`; a directive without an expectation (setup) answers "".
using Handler = std::function<std::string(const GoldenCase&)>;
using Handlers = std::map<std::string, Handler>;

// Registers one GoogleTest test for each file of `folder` that ends in `.test` (also in folders below it).
// `make` is called once a file, so that each file starts from a fresh state.
void register_golden(const std::string& suite, const std::string& folder,
                     std::function<Handlers()> make);

// A typed table as the format shows it: `name:type` heads, columns aligned by two spaces at least.
std::string align(const std::vector<std::vector<std::string>>& rows);

}  // namespace rollcall::test
