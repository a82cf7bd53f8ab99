// What `rollcall flow …` does, once its command line is read (flow_commands.cpp reads it).
#pragma once
#include <string>
#include <vector>

#include "app/commands/commands.hpp"
#include "base/json.hpp"

namespace rollcall::app {

struct FlowOptions : Asking {
  std::string name;
  std::string file, other;
  std::string body;
  std::string trigger;
  std::vector<std::string> parameters;   // name=value; the value is JSON, or a text
  std::vector<std::string> connections;  // name=connector
  std::string mapping;                   // a file that says both
  std::string status, from, to, text;
  std::int64_t run = 0;
  std::int64_t keep_days = 0, keep_runs = 0;
  unsigned top = 20;
  bool wait = true, update = false, data = false, disabled = false;
};

Result<int> validate_flow(const FlowOptions&, const Console&, const Clock&);
Result<int> diff_flows(const FlowOptions&, const Console&, const Clock&);
Result<int> test_flow(const FlowOptions&, const Console&, const Clock&);
Result<int> import_flow(const FlowOptions&, const Console&, const Clock&);
Result<int> export_flow(const FlowOptions&, const Console&, const Clock&);
Result<int> flow_url(const FlowOptions&, const Console&, const Clock&);
Result<int> list_runs(const FlowOptions&, const Console&, const Clock&);
Result<int> show_run(const FlowOptions&, const Console&, const Clock&);
Result<int> run_flow(const FlowOptions&, const Console&, const Clock&);
Result<int> resubmit_run(const FlowOptions&, const Console&, const Clock&);
Result<int> resume_run(const FlowOptions&, const Console&, const Clock&);
Result<int> cancel_run(const FlowOptions&, const Console&, const Clock&);

// ---- what they share
Result<std::string> read_file(const std::string& path);
std::string number_text(const json::value& value, std::string_view key);
// The answer as JSON or as the text, as was asked.
int print(const FlowOptions& options, const Console& console, const json::value& answer,
          const std::string& text);
// NAME=VALUE; a value is JSON, or else a text.
Result<json::object> pairs_of(const std::vector<std::string>& pairs);

}  // namespace rollcall::app
