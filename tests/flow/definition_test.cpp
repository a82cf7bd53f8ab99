// `definition`: what is read from a document, as an outline. `validate`: the findings, one a line.
// `recurrence`: what is read from a recurrence.
#include <fmt/format.h>

#include "flow/definition.hpp"
#include "flow/validate.hpp"
#include "support/cases.hpp"
#include "support/golden.hpp"

namespace rollcall::flow {
namespace {

std::string statuses(const StatusSet& set) {
  std::string out;
  for (const Status status :
       {Status::succeeded, Status::failed, Status::skipped, Status::timed_out})
    if (set.contains(status)) out += (out.empty() ? "" : "|") + std::string(to_string(status));
  return out;
}

std::string source(const Template& value) { return json::serialize(value.source()); }

std::string seconds_of(Timespan span) { return fmt::format("{}s", span.ticks / ticks_per_second); }

std::string retry(const RetryPolicy& policy) {
  switch (policy.kind) {
    case RetryPolicy::Kind::usual:
      return "";
    case RetryPolicy::Kind::none:
      return " retry=none";
    case RetryPolicy::Kind::fixed:
      return fmt::format(" retry=fixed,{},{}", policy.count, seconds_of(policy.interval));
    case RetryPolicy::Kind::exponential:
      break;
  }
  return fmt::format(" retry=exponential,{},{},{}..{}", policy.count, seconds_of(policy.interval),
                     seconds_of(policy.minimum), seconds_of(policy.maximum));
}

std::string call(const ConnectorCall& call) {
  return fmt::format(" connection={} connector={} operation={}{} inputs={}", call.connection,
                     call.connector, call.operation, call.webhook ? " webhook" : "",
                     source(call.inputs));
}

std::string kind(const Action& action) {
  if (const auto* connector = std::get_if<ConnectorCall>(&action.kind)) return call(*connector);
  if (const auto* variables = std::get_if<InitializeVariable>(&action.kind)) {
    std::string out;
    for (const auto& one : variables->variables)
      out += fmt::format(" {}:{}={}", one.name, static_cast<int>(one.type),
                         one.value ? source(*one.value) : "-");
    return out;
  }
  if (const auto* until = std::get_if<Until>(&action.kind))
    return fmt::format(" until={} count={} timeout={}", source(until->condition),
                       source(until->count), source(until->timeout));
  if (const auto* loop = std::get_if<Foreach>(&action.kind)) return " over=" + source(loop->over);
  if (const auto* condition = std::get_if<If>(&action.kind))
    return " if=" + source(condition->condition);
  if (const auto* calculate = std::get_if<Calculate>(&action.kind))
    return " value=" + source(calculate->value);
  if (const auto* child = std::get_if<RunWorkflow>(&action.kind)) return " flow=" + child->workflow;
  if (const auto* unsupported = std::get_if<Unsupported>(&action.kind))
    return " unsupported: " + unsupported->reason;
  if (const auto* choice = std::get_if<Switch>(&action.kind)) {
    std::string out = " on=" + source(choice->on);
    for (const auto& one : choice->cases) out += fmt::format(" {}={}", one.name, source(one.value));
    return out;
  }
  return "";
}

class Outline {
 public:
  explicit Outline(const Definition& definition) : definition_(definition) {}

  std::string text() {
    out_ += definition_.dialect == Dialect::power_automate ? "power_automate" : "logic_apps";
    out_ += definition_.name.empty() ? "\n" : fmt::format(" '{}'\n", definition_.name);
    for (const Parameter& one : definition_.parameters)
      out_ += fmt::format("parameter {}:{}\n", one.name, one.type);
    for (const Connection& one : definition_.connections)
      out_ += fmt::format("connection {} {}\n", one.name, one.connector);
    for (const Trigger& one : definition_.triggers) trigger(one);
    block(definition_.root, 0);
    for (const Finding& one : definition_.problems) out_ += to_string(one) + "\n";
    return out_;
  }

 private:
  void trigger(const Trigger& one) {
    out_ += fmt::format("trigger {} {}{}", one.name, one.type,
                        one.kind_name.empty() ? "" : "/" + one.kind_name);
    if (one.recurrence) out_ += " recurrence=" + source(*one.recurrence);
    if (one.split_on) out_ += " splitOn=" + source(*one.split_on);
    for (const Template& condition : one.conditions) out_ += " when=" + source(condition);
    if (one.concurrent_runs) out_ += fmt::format(" runs={}", *one.concurrent_runs);
    if (const auto* connector = std::get_if<ConnectorTrigger>(&one.kind))
      out_ += call(connector->call);
    if (const auto* request = std::get_if<RequestTrigger>(&one.kind);
        request && request->check_schema)
      out_ += " schema=" + json::serialize(request->schema);
    out_ += '\n';
  }

  void block(const Block& block, std::size_t level) {
    for (const ActionIndex i : block.actions) {
      const Action& action = definition_.actions[i];
      out_ += fmt::format("{}{} {}", std::string(2 * level, ' '), action.name, action.type);
      for (const RunAfter& after : action.run_after)
        out_ += fmt::format(" after {}{}:{}", after.name, after.action == no_action ? "(?)" : "",
                            statuses(after.statuses));
      if (action.timeout) out_ += " timeout=" + seconds_of(*action.timeout);
      if (std::holds_alternative<Foreach>(action.kind))
        out_ += fmt::format(" at_once={}", definition_.iterations_at_once(action));
      if (action.most_items) out_ += fmt::format(" most_items={}", *action.most_items);
      if (action.secure_inputs) out_ += " secure_inputs";
      if (action.secure_outputs) out_ += " secure_outputs";
      if (action.no_async_pattern) out_ += " no_async_pattern";
      out_ += retry(action.retry) + kind(action) + "\n";
      std::size_t inner = 0;
      const auto all = blocks(action);
      for (const Block* one : all) {
        if (all.size() > 1)
          out_ += fmt::format("{}[{}]\n", std::string(2 * level + 2, ' '), inner++);
        this->block(*one, level + 1 + (all.size() > 1 ? 1 : 0));
      }
    }
  }

  const Definition& definition_;
  std::string out_;
};

std::string read(const std::string& text,
                 const std::function<std::string(const Definition&)>& show) {
  const auto definition = read_definition(text);
  if (!definition) return fmt::format("{} {}", definition.error().code, definition.error().message);
  std::string out = show(*definition);
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

std::string findings(const Definition& definition) {
  std::string out;
  for (const Finding& one : validate(definition)) out += to_string(one) + "\n";
  return out.empty() ? "nothing" : out;
}

std::string recurrence(const test::GoldenCase& test) {
  const auto parsed = parse_json(test.body);
  if (!parsed) return parsed.error().message;
  const auto read = parse_recurrence(*parsed);
  if (!read) return fmt::format("{} {}", read.error().code, read.error().message);
  return fmt::format(
      "frequency={} interval={} start='{}' zone='{}' hours={} minutes={} week_days={} "
      "month_days={}",
      static_cast<int>(read->frequency), read->interval, read->start_time, read->time_zone,
      fmt::join(read->hours, ","), fmt::join(read->minutes, ","), fmt::join(read->week_days, ","),
      fmt::join(read->month_days, ","));
}

test::Handlers make() {
  test::Handlers handlers;
  handlers["definition"] = [](const test::GoldenCase& test) {
    return read(test.body, [](const Definition& definition) { return Outline(definition).text(); });
  };
  handlers["validate"] = [](const test::GoldenCase& test) { return read(test.body, findings); };
  handlers["recurrence"] = recurrence;
  return handlers;
}

const test::Registration golden{
    [] { test::register_golden("Definition", TEST_FOLDER "/definition", make); }};

}  // namespace
}  // namespace rollcall::flow
