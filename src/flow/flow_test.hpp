// Tests of flows as text, for those who write flows. A case is a directive line, a body, and, below `----`, what is
// expected; an empty line ends it. Everything runs in memory, on a clock that starts at 2026-01-01 and jumps.
//   flow FILE [as NAME]         deploys it; the body may be {"parameters": {…}, "connections": {…}}
//   connector ID                a line for each operation: what it answers, `|` before what the next attempt gets
//     GetItems 200 {"value": []}          a status and a body
//     get /items/{id} 404 {} | echo       the classic style; echo answers the parameters
//     * sample                            every other one: what the definition expects of it
//   callback ACTION             the body calls it back when it waits; of an iteration: ACTION/3
//   run [TRIGGER] [until=TIME]  starts the flow with the body as triggerBody(), and shows its history
//   outputs [TRIGGER]           the same, the body being all of the trigger's outputs
// What is run without a connector's line for it fails and says so.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace rollcall::flow {

struct TestCase {
  std::size_t line = 0;  // counted from 1
  std::string title;     // its directive line
  std::string expected, got;
  bool passed() const { return expected == got; }
};
struct TestReport {
  std::vector<TestCase> cases;  // those that expect something, or went wrong
  std::string updated;          // the text with what was answered in place of what was expected
};

// `read`: the text of a file that the test names. FLOW0601: the text is no test; says the line.
Result<TestReport> run_flow_test(
    const std::string& text, const std::function<Result<std::string>(const std::string&)>& read);

}  // namespace rollcall::flow
