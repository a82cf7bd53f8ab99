#include "flow/flow_test.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <sstream>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "flow/history_text.hpp"
#include "flow/rehearsal.hpp"

namespace rollcall::flow {
namespace {

const auto beginning = *parse_iso("2026-01-01T00:00:00Z");

struct Directive {
  std::size_t line = 0;
  std::string head;
  std::vector<std::string> words;
  std::string body, expected;
  bool expects = false;
};

struct Scripted {
  std::string operation;  // in lower case; `*`: every other one
  std::vector<std::string> answers;
};

struct Script {
  std::map<std::string, std::vector<Scripted>> connectors;  // in lower case
  std::map<std::string, std::string> callbacks;             // by instance, in lower case
  struct Flow {
    std::string name;
    json::value document;
    DeployOptions options;
  };
  std::vector<Flow> flows;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string join_lines(const std::vector<std::string>& lines, std::size_t from, std::size_t to) {
  std::string text;
  for (auto i = from; i < to; ++i) text += lines[i] + (i + 1 < to ? "\n" : "");
  return text;
}

// The directive that begins at `at`, which ends behind it.
Directive read_directive(const std::vector<std::string>& lines, std::size_t& at) {
  Directive made;
  made.line = at + 1;
  made.head = lines[at++];
  std::istringstream words(made.head);
  for (std::string word; words >> word;) made.words.push_back(word);
  const auto body = at;
  while (at < lines.size() && !lines[at].empty() && lines[at] != "----") ++at;
  made.body = join_lines(lines, body, at);
  if (at == lines.size() || lines[at].empty()) return made;
  made.expects = true;
  const auto expected = ++at;
  while (at < lines.size() && !lines[at].empty()) ++at;
  made.expected = join_lines(lines, expected, at);
  return made;
}

bool operation_fits(std::string_view scripted, const AskedCall& call) {
  const auto asked = to_lower(call.operation);
  if (scripted == asked) return true;
  const auto pattern = split(scripted, '/'), path = split(asked, '/');
  if (pattern.size() < 2 || pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool any = pattern[i].starts_with('{') && pattern[i].ends_with('}');
    if (!any && trim(pattern[i]) != trim(path[i])) return false;
  }
  return true;
}

Outcome answer_as(const std::string& written, const AskedCall& call, const Script& script) {
  if (written == "echo") return answered(200, call.parameters);
  if (written == "sample") {
    for (const auto& flow : script.flows) {
      const auto definition = parse_definition(flow.document);
      if (definition && definition->find(call.action) != nullptr)
        return {Samples(*definition).outputs_of(call.action), {}, {}};
    }
    return answered(200, json::object());
  }
  int status = 0;
  const auto [end, error] =
      std::from_chars(written.data(), written.data() + written.size(), status);
  if (error != std::errc() || status < 100 || status > 599) {
    return refused(
        501, "NotScripted",
        fmt::format("'{}' is no answer: a status and a JSON body, echo and sample are", written));
  }
  const auto text =
      trim(std::string_view(end, static_cast<std::size_t>(written.data() + written.size() - end)));
  auto body = parse_json(text.empty() ? "null" : text, 1'000);
  if (!body)
    return refused(501, "NotScripted",
                   fmt::format("the body of '{}' is no JSON: {}", written, body.error().message));
  auto outcome = answered(status, *std::move(body));
  if (status < 400) return outcome;
  outcome.code = fmt::format("Status{}", status);
  outcome.message = "answered so by the test";
  outcome.may_retry = status == 408 || status == 429 || status >= 500;
  return outcome;
}

Outcome answer(const Script& script, const AskedCall& call) {
  const auto found = script.connectors.find(to_lower(call.connector));
  if (found != script.connectors.end()) {
    const Scripted* any = nullptr;
    for (const auto& one : found->second) {
      if (one.operation == "*") any = &one;
      if (!operation_fits(one.operation, call)) continue;
      any = &one;
      break;
    }
    if (any != nullptr)
      return answer_as(any->answers[std::min<std::size_t>(call.attempt, any->answers.size()) - 1],
                       call, script);
  }
  return refused(501, "NotScripted",
                 fmt::format("the test does not say what {} of connector {} answers",
                             call.operation, call.connector));
}

class Tester {
 public:
  explicit Tester(const std::function<Result<std::string>(const std::string&)>& read)
      : read_(read) {}

  // What the directive shows; an Error when it cannot be carried out.
  Result<std::string> carry_out(const Directive& one) {
    const auto& name = one.words.front();
    if (name == "flow") return flow(one);
    if (name == "connector") return connector(one);
    if (name == "callback") return callback(one);
    if (name == "run" || name == "outputs") return run(one, name == "outputs");
    return fail(
        "FLOW0601",
        fmt::format(
            "line {}: there is no directive '{}'; flow, connector, callback, run and outputs are",
            one.line, name));
  }

 private:
  Result<std::string> flow(const Directive& one) {
    if (one.words.size() < 2)
      return fail("FLOW0601", fmt::format("line {}: which file? flow FILE", one.line));
    const auto& file = one.words[1];
    auto name = file.substr(file.rfind('/') + 1);
    name = name.substr(0, name.find('.'));
    if (one.words.size() > 3 && one.words[2] == "as") name = one.words[3];
    TRY(const auto text, read_(file));
    TRY(auto document, parse_json(without_mark(text), 1'000));
    TRY(const auto options, parse_json(one.body.empty() ? "{}" : one.body));
    Script::Flow made{name, std::move(document), {}};
    if (const auto* given = find(options, "parameters"); given != nullptr && given->is_object())
      made.options.parameters = given->get_object();
    if (const auto* given = find(options, "connections"); given != nullptr && given->is_object())
      made.options.connections = given->get_object();
    made.options.enabled = false;
    std::erase_if(script_.flows, [&](const auto& known) { return known.name == name; });
    script_.flows.push_back(std::move(made));
    return std::string();
  }

  Result<std::string> connector(const Directive& one) {
    if (one.words.size() < 2)
      return fail("FLOW0601", fmt::format("line {}: which connector? connector ID", one.line));
    std::vector<Scripted> all;
    for (const auto& line : lines_of(one.body)) {
      std::istringstream words(line);
      std::string operation, rest;
      words >> operation;
      const auto lower = to_lower(operation);
      if (lower == "get" || lower == "post" || lower == "put" || lower == "patch" ||
          lower == "delete") {
        std::string path;
        words >> path;
        operation += " " + path;
      }
      std::getline(words, rest);
      Scripted scripted{to_lower(operation), {}};
      for (std::size_t from = 0;;) {
        const auto bar = rest.find(" | ", from);
        scripted.answers.emplace_back(
            trim(std::string_view(rest).substr(from, bar == std::string::npos ? bar : bar - from)));
        if (bar == std::string::npos) break;
        from = bar + 3;
      }
      all.push_back(std::move(scripted));
    }
    script_.connectors[to_lower(one.words[1])] = std::move(all);
    return std::string();
  }

  Result<std::string> callback(const Directive& one) {
    if (one.words.size() < 2)
      return fail("FLOW0601", fmt::format("line {}: which action? callback ACTION", one.line));
    script_.callbacks[to_lower(one.words[1])] = one.body;
    return std::string();
  }

  Result<std::string> run(const Directive& one, bool whole_outputs) {
    if (script_.flows.empty())
      return fail("FLOW0601", fmt::format("line {}: there is no flow yet: flow FILE", one.line));
    TRY(const auto body, parse_json(one.body.empty() ? "null" : one.body, 1'000));
    std::string trigger;
    auto until = beginning + days(366);
    for (std::size_t i = 1; i < one.words.size(); ++i) {
      if (!one.words[i].starts_with("until=")) {
        trigger = one.words[i];
        continue;
      }
      const auto time = parse_iso(one.words[i].substr(6));
      if (!time)
        return fail("FLOW0601", fmt::format("line {}: '{}' is no time", one.line, one.words[i]));
      until = *time;
    }
    TRY(const auto rehearsal,
        Rehearsal::open([this](const AskedCall& call) { return answer(script_, call); },
                        beginning));
    for (const auto& flow : script_.flows)
      TRY_DO(rehearsal->deploy(flow.name, flow.document, flow.options));
    const auto& name = script_.flows.back().name;
    auto& driver = rehearsal->driver();
    TRY(const auto id, whole_outputs ? driver.start_with_outputs(name, trigger, body, {})
                                     : driver.start(name, trigger, body, {}));
    TRY_DO(go(*rehearsal, until));
    TRY(const auto view, driver.show(id));
    return history_text(view, beginning, rehearsal->clock().now());
  }

  Result<void> go(Rehearsal& rehearsal, Timestamp until) const {
    for (std::size_t answered_so_far = 0;;) {
      TRY_DO(rehearsal.go(std::min(until, rehearsal.clock().now() + minutes(1))));
      const auto waiting = rehearsal.waiting();
      bool called = false;
      for (; answered_so_far < waiting.size(); ++answered_so_far) {
        const auto& [run, instance] = waiting[answered_so_far];
        auto script = script_.callbacks.find(to_lower(instance));
        if (script == script_.callbacks.end())
          script = script_.callbacks.find(to_lower(instance.substr(0, instance.rfind('/'))));
        if (script == script_.callbacks.end()) continue;
        TRY(auto body, parse_json(script->second.empty() ? "null" : script->second, 1'000));
        json::object outputs{{"headers", json::object()}};
        outputs.emplace("body", std::move(body));
        called =
            rehearsal.driver().call_back(run, instance, std::move(outputs)).has_value() || called;
      }
      if (called) continue;
      TRY_DO(rehearsal.go(until));
      if (rehearsal.waiting().size() == answered_so_far) return {};
    }
  }

  const std::function<Result<std::string>(const std::string&)>& read_;
  Script script_;
};

std::string without_last_feed(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

Result<TestReport> run_flow_test(
    const std::string& text, const std::function<Result<std::string>(const std::string&)>& read) {
  const auto lines = lines_of(text);
  Tester tester(read);
  TestReport report;
  for (std::size_t at = 0; at < lines.size();) {
    if (lines[at].empty() || lines[at].starts_with('#')) {
      report.updated += lines[at++] + "\n";
      continue;
    }
    const auto one = read_directive(lines, at);
    auto got = tester.carry_out(one);
    if (!got && got.error().code == "FLOW0601") return std::unexpected(got.error());
    const auto shown = without_last_feed(got ? *got : got.error().code + " " + got.error().message);
    report.updated += one.head + "\n" + (one.body.empty() ? "" : one.body + "\n");
    if (one.expects || !shown.empty()) {
      report.updated += "----\n" + shown + "\n";
      report.cases.push_back({one.line, one.head, one.expected, shown});
    }
  }
  return report;
}

}  // namespace rollcall::flow
