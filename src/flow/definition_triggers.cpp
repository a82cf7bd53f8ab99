// Reads what stands around the actions: parameters, connections, triggers, recurrences, outputs.
#include <fmt/format.h>

#include "base/text.hpp"
#include "flow/definition_reader.hpp"

namespace rollcall::flow {
namespace {

// The connector behind an API's id. Logic Apps' managed connectors have the names of Power
// Automate's without their prefix.
std::string connector_of(const std::string& id) {
  const std::string name = id.substr(id.rfind('/') + 1);
  const bool managed = to_lower(id).find("/managedapis/") != std::string::npos;
  return managed && !name.starts_with("shared_") ? "shared_" + name : name;
}

}  // namespace

void DefinitionReader::connections(const json::value& references) {
  if (!references.is_object()) return;
  for (const auto& [name, source] : references.get_object()) {
    if (definition_.find_connection(name)) continue;
    Connection connection;
    connection.name = name;
    const json::value* api = member(source, "api");
    std::string id = text_of(member(source, "id"));
    if (id.empty()) id = text_of(member(api, "id"));
    if (id.empty()) id = text_of(member(api, "name"));
    connection.connector = connector_of(id);
    connection.display_name = text_of(member(source, "displayName"));
    definition_.connections.push_back(std::move(connection));
  }
}

void DefinitionReader::definition(const json::object& source) {
  if (const json::value* given = member(source, "parameters"); given && given->is_object())
    parameters(given->get_object());
  triggers(source);
  static_results(member(source, "staticResults"));
  definition_.root = block(member(source, "actions"), no_action, "/actions", 1);
  if (const json::value* outputs = member(source, "outputs"); outputs && outputs->is_object())
    for (const auto& [name, output] : outputs->get_object())
      definition_.outputs.emplace_back(std::string(name), compile(member(output, "value")));
}

void DefinitionReader::parameters(const json::object& source) {
  for (const auto& [name, given] : source) {
    Parameter parameter;
    parameter.name = name;
    parameter.type = to_lower(text_of(member(given, "type")));
    if (const json::value* value = member(given, "defaultValue")) {
      if (name == "$connections") connections(*value);
      parameter.default_value = compile(value);
    }
    definition_.parameters.push_back(std::move(parameter));
  }
}

void DefinitionReader::static_results(const json::value* given) {
  if (!given || !given->is_object()) return;
  for (const auto& [name, source] : given->get_object()) {
    const auto status = parse_status(text_of(member(source, "status")));
    if (!status || !finished(*status) || *status == Status::cancelled) {
      problem("FLOW0115", "/staticResults" + pointer_step(name) + "/status",
              "the status of a static result is Succeeded, Failed, Skipped or TimedOut");
      continue;
    }
    definition_.static_results.emplace(std::string(name),
                                       StaticResult{*status, compile(member(source, "outputs")),
                                                    compile(member(source, "error"))});
  }
}

void DefinitionReader::triggers(const json::object& source) {
  const json::value* given = member(source, "triggers");
  if (!given || given->is_null()) return;
  if (!given->is_object()) {
    problem("FLOW0102", "/triggers", "triggers must be an object of named triggers");
    return;
  }
  for (const auto& [name, one] : given->get_object()) {
    const std::string path = "/triggers" + pointer_step(name);
    if (one.is_object())
      definition_.triggers.push_back(trigger(name, one.get_object(), path));
    else
      problem("FLOW0102", path, "a trigger must be an object");
  }
}

namespace {

TriggerKind request(const json::value& inputs, std::string_view options) {
  RequestTrigger result;
  if (const json::value* schema = member(inputs, "schema")) result.schema = *schema;
  result.method = text_of(member(inputs, "method"));
  result.relative_path = text_of(member(inputs, "relativePath"));
  result.check_schema = options.find("EnableSchemaValidation") != std::string_view::npos;
  return result;
}

}  // namespace

Trigger DefinitionReader::trigger(std::string_view name, const json::object& source,
                                  const std::string& path) {
  using Style = ConnectorCall::Style;
  Trigger result;
  result.name = name;
  result.path = path;
  result.type = text_of(member(source, "type"));
  result.kind_name = text_of(member(source, "kind"));
  result.description = text_of(member(source, "description"));
  const json::value* given = member(source, "inputs");
  const json::value inputs = given ? *given : json::value();
  const std::string type = to_lower(result.type);
  const std::string options = text_of(member(source, "operationOptions"));
  const bool webhook = type.ends_with("webhook") || type.ends_with("notification");
  if (type == "recurrence" || type == "slidingwindow")
    result.kind = RecurrenceTrigger{type == "slidingwindow"};
  else if (type == "request")
    result.kind = request(inputs, options);
  else if (type.starts_with("openapiconnection"))
    result.kind = ConnectorTrigger{call(Style::open_api, webhook, inputs)};
  else if (type.starts_with("apiconnection"))
    result.kind = ConnectorTrigger{call(Style::classic, webhook, inputs)};
  else if (type == "serviceprovider")
    result.kind = ConnectorTrigger{call(Style::service_provider, false, inputs)};
  else if (type == "http")
    result.kind = HttpTrigger{compile(given)};
  else if (type == "httpwebhook")
    result.kind = HttpWebhookTrigger{
        {compile(member(inputs, "subscribe")), compile(member(inputs, "unsubscribe"))}};
  else
    result.kind = UnsupportedTrigger{
        type.empty() ? std::string("the trigger has no type")
                     : fmt::format("triggers of type {} are not run", result.type)};
  if (const json::value* recurrence = member(source, "recurrence"))
    result.recurrence = compile(recurrence);
  if (const json::value* split_on = member(source, "splitOn"); split_on && !split_on->is_null())
    result.split_on = compile(split_on);
  if (const json::value* conditions = member(source, "conditions");
      conditions && conditions->is_array())
    for (const json::value& one : conditions->get_array()) {
      const json::value* expression = member(one, "expression");
      result.conditions.push_back(condition(expression ? expression : &one));
    }
  for (const std::string& part : secured(member(source, "runtimeConfiguration"))) {
    result.secure_inputs = result.secure_inputs || part == "inputs";
    result.secure_outputs = result.secure_outputs || part == "outputs";
  }
  const json::value* concurrency = member(member(source, "runtimeConfiguration"), "concurrency");
  result.concurrent_runs = number_of(member(concurrency, "runs"));
  result.waiting_runs = number_of(member(concurrency, "maximumWaitingRuns"));
  if (options.find("SingleInstance") != std::string::npos) result.concurrent_runs = 1;
  if (const json::value* id = member(member(source, "correlation"), "clientTrackingId"))
    result.tracking_id = compile(id);
  return result;
}

namespace {

std::unexpected<Error> wrong(std::string message) { return fail("FLOW0150", std::move(message)); }

// An array of whole numbers, also ones written as text, within bounds.
Result<std::vector<int>> numbers(const json::value* source, std::string_view name, int least,
                                 int most) {
  std::vector<int> result;
  if (!source || source->is_null()) return result;
  if (!source->is_array()) return wrong(fmt::format("schedule.{} must be an array", name));
  for (const json::value& one : source->get_array()) {
    const auto number = number_of(&one);
    if (!number || *number < least || *number > most || (*number == 0 && least < 0))
      return wrong(fmt::format("schedule.{} holds {}; it goes from {} to {}", name,
                               json::serialize(one), least, most));
    result.push_back(*number);
  }
  std::ranges::sort(result);
  result.erase(std::ranges::unique(result).begin(), result.end());
  return result;
}

Result<std::vector<int>> week_days(const json::value* source) {
  constexpr std::string_view days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
  std::vector<int> result;
  if (!source || source->is_null()) return result;
  if (!source->is_array()) return wrong("schedule.weekDays must be an array");
  for (const json::value& one : source->get_array()) {
    const std::string name = text_of(&one);
    const auto* day = std::ranges::find_if(
        days, [&](std::string_view known) { return equals_ignoring_case(known, name); });
    if (day == std::end(days))
      return wrong(
          fmt::format("schedule.weekDays holds {}, which is no day", json::serialize(one)));
    result.push_back(static_cast<int>(day - std::begin(days)));
  }
  std::ranges::sort(result);
  result.erase(std::ranges::unique(result).begin(), result.end());
  return result;
}

}  // namespace

Result<Recurrence> parse_recurrence(const json::value& evaluated) {
  using Frequency = Recurrence::Frequency;
  constexpr std::string_view frequencies[] = {"Second", "Minute", "Hour", "Day",
                                              "Week",   "Month",  "Year"};
  Recurrence result;
  const std::string name = text_of(member(evaluated, "frequency"));
  const auto* known = std::ranges::find_if(
      frequencies, [&](std::string_view one) { return equals_ignoring_case(one, name); });
  if (known == std::end(frequencies))
    return wrong(fmt::format(
        "'{}' is no frequency; Second, Minute, Hour, Day, Week, Month and Year are", name));
  result.frequency = static_cast<Frequency>(known - std::begin(frequencies));
  if (const json::value* interval = member(evaluated, "interval");
      interval && !interval->is_null()) {
    const auto number = number_of(interval);
    if (!number || *number < 1)
      return wrong(
          fmt::format("the interval must be at least 1, not {}", json::serialize(*interval)));
    result.interval = *number;
  }
  constexpr int most_days = 500;  // as Logic Apps has it: 16 months
  constexpr int most[] = {
      most_days * 86'400, most_days * 1'440, most_days * 24, most_days, 71, 16, 1};
  if (result.interval > most[static_cast<std::size_t>(result.frequency)])
    return wrong(fmt::format("an interval of {} {}s is too long; 16 months are the most",
                             result.interval, to_lower(name)));
  result.start_time = text_of(member(evaluated, "startTime"));
  result.time_zone = text_of(member(evaluated, "timeZone"));
  const json::value* schedule = member(evaluated, "schedule");
  TRY(result.hours, numbers(member(schedule, "hours"), "hours", 0, 23));
  TRY(result.minutes, numbers(member(schedule, "minutes"), "minutes", 0, 59));
  TRY(result.month_days, numbers(member(schedule, "monthDays"), "monthDays", -31, 31));
  TRY(result.week_days, week_days(member(schedule, "weekDays")));
  const bool by_day = result.frequency == Frequency::day || result.frequency == Frequency::week ||
                      result.frequency == Frequency::month;
  if ((!result.hours.empty() || !result.minutes.empty()) && !by_day)
    return wrong("schedule.hours and schedule.minutes go with a frequency of Day, Week or Month");
  if (!result.week_days.empty() && result.frequency != Frequency::week)
    return wrong("schedule.weekDays goes with the frequency Week");
  if (!result.month_days.empty() && result.frequency != Frequency::month)
    return wrong("schedule.monthDays goes with the frequency Month");
  return result;
}

}  // namespace rollcall::flow
