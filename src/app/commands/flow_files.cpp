// `rollcall flow validate`, `diff` and `test`: what needs files only.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/commands/flow.hpp"
#include "app/flow_package.hpp"
#include "flow/diff.hpp"
#include "flow/flow_test.hpp"
#include "flow/validate.hpp"

namespace rollcall::app {

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("APP0201", fmt::format("{} cannot be read", path));
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

std::string number_text(const json::value& value, std::string_view key) {
  const auto* member = find(value, key);
  return member == nullptr || member->is_null() ? std::string() : json::serialize(*member);
}

int print(const FlowOptions& options, const Console& console, const json::value& answer,
          const std::string& text) {
  console.out(options.json ? json::serialize(answer) + "\n" : text);
  return done;
}

Result<json::object> pairs_of(const std::vector<std::string>& pairs) {
  json::object made;
  for (const auto& one : pairs) {
    const auto equals = one.find('=');
    if (equals == std::string::npos)
      return fail("APP0202", fmt::format("'{}' is no NAME=VALUE", one));
    const auto value = parse_json(one.substr(equals + 1));
    made[one.substr(0, equals)] = value ? *value : json::value(one.substr(equals + 1));
  }
  return made;
}

Result<int> validate_flow(const FlowOptions& options, const Console& console, const Clock&) {
  TRY(const auto bytes, read_file(options.file));
  TRY(const auto values, pairs_of(options.parameters));
  TRY(const auto flows, read_package(bytes, options.file, values));
  bool good = true;
  json::array all;
  for (const auto& packed : flows) {
    TRY(const auto definition, flow::parse_definition(packed.document));
    bool flow_is_good = true;
    for (const auto& finding : flow::validate(definition)) {
      const bool error = finding.severity == flow::Finding::Severity::error;
      flow_is_good = flow_is_good && !error;
      if (!options.json)
        console.out((flows.size() > 1 ? packed.name + ": " : "") + to_string(finding) + "\n");
      all.push_back(json::object{{"flow", packed.name},
                                 {"severity", error ? "error" : "warning"},
                                 {"code", finding.code},
                                 {"path", finding.path},
                                 {"message", finding.message}});
    }
    if (flow_is_good && !options.json) {
      console.out(fmt::format("{}: {} actions, nothing wrong\n",
                              flows.size() > 1 ? packed.name : options.file,
                              definition.actions.size()));
    }
    good = good && flow_is_good;
  }
  if (options.json)
    console.out(json::serialize(json::object{{"valid", good}, {"findings", std::move(all)}}) +
                "\n");
  return good ? done : went_wrong;
}

// Exit code 1 when they differ, as diff(1) has it.
Result<int> diff_flows(const FlowOptions& options, const Console& console, const Clock&) {
  const auto read = [](const std::string& file) -> Result<flow::Definition> {
    TRY(const auto bytes, read_file(file));
    TRY(const auto flows, read_package(bytes, file, {}));
    if (flows.size() > 1)
      return fail("APP0302", fmt::format("{} has {} flows; give files of one", file, flows.size()));
    return flow::parse_definition(flows.front().document);
  };
  TRY(const auto before, read(options.file));
  TRY(const auto after, read(options.other));
  const auto differences = flow::diff(before, after);
  json::array all;
  std::string text;
  for (const auto& one : differences) {
    text += to_string(one) + "\n";
    all.push_back(json::object{{"change", to_string(one).substr(0, 1)},
                               {"what", one.what},
                               {"name", one.name},
                               {"detail", one.detail}});
  }
  if (differences.empty()) text = "they mean the same\n";
  print(options, console, json::object{{"differences", std::move(all)}}, text);
  return differences.empty() ? done : went_wrong;
}

Result<int> test_flow(const FlowOptions& options, const Console& console, const Clock&) {
  TRY(const auto text, read_file(options.file));
  const auto folder = std::filesystem::path(options.file).parent_path();
  const auto read = [&](const std::string& name) { return read_file((folder / name).string()); };
  TRY(const auto report, flow::run_flow_test(text, read));
  if (options.update) {
    std::ofstream file(options.file, std::ios::binary);
    file << report.updated;
    if (!file) return fail("APP0201", fmt::format("{} cannot be written", options.file));
    console.out(fmt::format("{}: {} cases written\n", options.file, report.cases.size()));
    return done;
  }
  std::size_t failed = 0;
  json::array all;
  for (const auto& one : report.cases) {
    if (!one.passed()) ++failed;
    all.push_back(json::object{{"line", one.line},
                               {"case", one.title},
                               {"passed", one.passed()},
                               {"expected", one.expected},
                               {"got", one.got}});
    if (!one.passed() && !options.json) {
      console.out(fmt::format("{}:{}: {}\n--- expected\n{}\n+++ got\n{}\n\n", options.file,
                              one.line, one.title, one.expected, one.got));
    }
  }
  print(
      options, console,
      json::object{
          {"passed", report.cases.size() - failed}, {"failed", failed}, {"cases", std::move(all)}},
      fmt::format("{}: {} passed, {} failed{}\n", options.file, report.cases.size() - failed,
                  failed, failed > 0 ? "; --update takes what was got" : ""));
  return failed == 0 ? done : went_wrong;
}

}  // namespace rollcall::app
