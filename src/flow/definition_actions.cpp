// Reads actions: the graph, the settings that all of them share, and one small piece for each type.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.hpp"
#include "flow/definition_reader.hpp"
#include "flow/duration.hpp"

namespace rollcall::flow {
namespace {

constexpr int max_nesting = 50;
constexpr std::size_t max_actions = 10'000;

const json::value nothing;
const json::value& or_nothing(const json::value* value) { return value ? *value : nothing; }

// The types of Logic Apps that Rollcall knows and does not run.
constexpr std::pair<std::string_view, std::string_view> not_run[] = {
    {"agent", "an agent needs a language model"},
    {"agenthandoff", "an agent needs a language model"},
    {"apimanagement", "call the API by an Http action"},
    {"batch", "batches need their own trigger"},
    {"chunktext", "text is not chunked for language models"},
    {"chunktextwithmetadata", "text is not chunked for language models"},
    {"csharpscriptcode", "code is not run"},
    {"flatfiledecoding", "flat files are not decoded"},
    {"flatfileencoding", "flat files are not encoded"},
    {"function", "call the function by an Http action"},
    {"integrationaccountartifactlookup", "there is no integration account"},
    {"invokefunction", "code is not run"},
    {"javascriptcode", "code is not run"},
    {"liquid", "Liquid templates are not rendered"},
    {"parsedocument", "documents are not parsed"},
    {"parsedocumentwithmetadata", "documents are not parsed"},
    {"powershellcode", "code is not run"},
    {"rosettanetdecode", "RosettaNet is not spoken"},
    {"rosettanetencode", "RosettaNet is not spoken"},
    {"rosettanetwaitforresponse", "RosettaNet is not spoken"},
    {"sendtobatch", "batches need their own trigger"},
    {"swiftmtdecode", "SWIFT is not spoken"},
    {"swiftmtencode", "SWIFT is not spoken"},
    {"xmlcompose", "use the function xml"},
    {"xmlparse", "use the functions xml, json and xpath"},
    {"xmlvalidation", "XML is not validated"},
    {"xslt", "XSLT is not run"},
};

}  // namespace

void DefinitionReader::problem(std::string code, std::string path, std::string message) {
  definition_.problems.push_back(
      {Finding::Severity::error, std::move(code), std::move(path), std::move(message)});
}

namespace {

bool holds_arm(const json::value& source) {
  if (const auto* text = source.if_string())
    return is_arm_expression(*text) && text->find("@") != json::string::npos;
  if (const auto* array = source.if_array()) return std::ranges::any_of(*array, holds_arm);
  if (const auto* object = source.if_object())
    return std::ranges::any_of(*object, [](const auto& one) { return holds_arm(one.value()); });
  return false;
}

// What stands in an ARM expression becomes one of ours only when Azure has evaluated it: until then it is text.
json::value with_arm_as_text(const json::value& source) {
  if (const auto* text = source.if_string()) {
    if (!is_arm_expression(*text)) return source;
    std::string escaped;
    for (std::size_t i = 0; i < text->size(); ++i) {
      if ((*text)[i] == '@' && i + 1 < text->size() && (*text)[i + 1] == '{') escaped += '@';
      escaped += (*text)[i];
    }
    return json::value(escaped);
  }
  if (const auto* array = source.if_array()) {
    json::array made;
    for (const auto& one : *array) made.push_back(with_arm_as_text(one));
    return made;
  }
  const auto* object = source.if_object();
  if (object == nullptr) return source;
  json::object made;
  for (const auto& [name, value] : *object) made.emplace(name, with_arm_as_text(value));
  return made;
}

}  // namespace

Template DefinitionReader::compile(const json::value* source) {
  if (source == nullptr) return {};
  return Template::compile_forgiving(holds_arm(*source) ? with_arm_as_text(*source) : *source);
}

Template DefinitionReader::condition(const json::value* source) {
  if (source == nullptr) return {};
  return Template::compile_condition_forgiving(holds_arm(*source) ? with_arm_as_text(*source)
                                                                  : *source);
}

Block DefinitionReader::block(const json::value* actions, ActionIndex parent,
                              const std::string& path, int depth) {
  Block result;
  if (!actions || actions->is_null()) return result;
  if (!actions->is_object()) {
    problem("FLOW0102", path, "actions must be an object of named actions");
    return result;
  }
  if (depth > max_nesting) {
    problem("FLOW0105", path, fmt::format("more than {} actions within one another", max_nesting));
    return result;
  }
  for (const auto& [name, source] : actions->get_object()) {
    const std::string inner = path + pointer_step(name);
    if (!source.is_object()) {
      problem("FLOW0102", inner, "an action must be an object");
      continue;
    }
    if (definition_.actions.size() >= max_actions) {
      problem("FLOW0105", inner, fmt::format("more than {} actions", max_actions));
      return result;
    }
    const auto self = static_cast<ActionIndex>(definition_.actions.size());
    definition_.actions.emplace_back().parent = parent;
    result.actions.push_back(self);
    action(self, name, source.get_object(), inner, depth);
  }
  resolve(result);
  return result;
}

void DefinitionReader::action(ActionIndex self, std::string_view name, const json::object& source,
                              const std::string& path, int depth) {
  {
    Action& action = definition_.actions[self];
    action.name = name;
    action.path = path;
    action.type = text_of(member(source, "type"));
    action.description = text_of(member(source, "description"));
    settings(action, source, path);
    run_after(action, source, path);
    const auto [other, fresh] = definition_.names.emplace(to_lower(name), self);
    if (!fresh)
      problem("FLOW0106", path,
              fmt::format("'{}' is the name of {} too; names must differ in the whole flow, by "
                          "more than letter case",
                          name, definition_.actions[other->second].path));
  }
  // Reading the inside adds actions, so the kind is put in its place afterwards.
  ActionKind read = kind(self, source, path, depth);
  definition_.actions[self].kind = std::move(read);
}

void DefinitionReader::run_after(Action& action, const json::object& source,
                                 const std::string& path) {
  const json::value* after = member(source, "runAfter");
  if (!after || after->is_null()) return;
  if (!after->is_object()) {
    problem("FLOW0102", path + "/runAfter",
            "runAfter must be an object: {\"Other_action\": [\"Succeeded\"]}");
    return;
  }
  for (const auto& [name, statuses] : after->get_object()) {
    RunAfter entry{std::string(name), no_action, {}};
    const std::string place = path + "/runAfter" + pointer_step(name);
    if (!statuses.is_array())
      problem("FLOW0102", place, "the statuses must be an array: [\"Succeeded\"]");
    for (const json::value& written : statuses.is_array() ? statuses.get_array() : json::array()) {
      const auto status = parse_status(text_of(&written));
      if (status && finished(*status) && *status != Status::cancelled)
        entry.statuses.insert(*status);
      else
        problem(
            "FLOW0107", place,
            fmt::format("{} is no status to wait for; Succeeded, Failed, Skipped and TimedOut are",
                        json::serialize(written)));
    }
    if (entry.statuses.empty()) entry.statuses.insert(Status::succeeded);
    action.run_after.push_back(std::move(entry));
  }
}

// Finds what runAfter names, and puts each action behind those it runs after.
void DefinitionReader::resolve(Block& block) {
  std::map<std::string, ActionIndex, std::less<>> here;
  for (const ActionIndex i : block.actions) here.emplace(to_lower(definition_.actions[i].name), i);
  for (const ActionIndex i : block.actions)
    for (RunAfter& after : definition_.actions[i].run_after)
      if (const auto found = here.find(to_lower(after.name)); found != here.end())
        after.action = found->second;
  std::vector<ActionIndex> ordered;
  std::vector<bool> placed(definition_.actions.size());
  while (ordered.size() < block.actions.size()) {
    const std::size_t before = ordered.size();
    for (const ActionIndex i : block.actions) {
      if (placed[i]) continue;
      const auto& after = definition_.actions[i].run_after;
      const bool ready = std::ranges::all_of(after, [&](const RunAfter& one) {
        return one.action == no_action || placed[one.action];
      });
      if (!ready) continue;
      placed[i] = true;
      ordered.push_back(i);
    }
    if (ordered.size() == before) return;  // a circle; validate() names it
  }
  block.actions = std::move(ordered);
}

void DefinitionReader::settings(Action& action, const json::object& source,
                                const std::string& path) {
  const json::value* runtime = member(source, "runtimeConfiguration");
  if (const auto repetitions = number_of(member(member(runtime, "concurrency"), "repetitions")))
    action.repetitions = *repetitions;
  if (const auto items = number_of(member(member(runtime, "paginationPolicy"), "minimumItemCount")))
    action.most_items = *items;
  action.chunked = equals_ignoring_case(
      text_of(member(member(runtime, "contentTransfer"), "transferMode")), "Chunked");
  for (const std::string& part : secured(runtime)) {
    action.secure_inputs = action.secure_inputs || part == "inputs";
    action.secure_outputs = action.secure_outputs || part == "outputs";
  }
  const json::value* fixed = member(runtime, "staticResult");
  if (equals_ignoring_case(text_of(member(fixed, "staticResultOptions")), "Enabled")) {
    action.static_result = text_of(member(fixed, "name"));
    if (!definition_.static_results.contains(action.static_result))
      problem("FLOW0115", path + "/runtimeConfiguration/staticResult/name",
              fmt::format("there is no static result '{}'; staticResults at the top of the "
                          "definition has none of "
                          "that name",
                          action.static_result));
  }
  for (const std::string_view option : split(text_of(member(source, "operationOptions")), ',')) {
    if (equals_ignoring_case(trim(option), "Sequential")) action.repetitions = 1;
    if (equals_ignoring_case(trim(option), "DisableAsyncPattern")) action.no_async_pattern = true;
  }
  if (const std::string timeout = text_of(member(member(source, "limit"), "timeout"));
      !timeout.empty() && !equals_ignoring_case(action.type, "Until")) {
    if (const auto span = parse_duration(timeout))
      action.timeout = *span;
    else
      problem("FLOW0108", path + "/limit/timeout", span.error().message);
  }
  const json::value* policy = member(source, "retryPolicy");
  const bool outside = policy != nullptr;
  if (!policy) policy = member(member(source, "inputs"), "retryPolicy");
  action.retry = retry(policy, path + (outside ? "/retryPolicy" : "/inputs/retryPolicy"));
  if (const json::value* tracked = member(source, "trackedProperties");
      tracked && tracked->is_object())
    for (const auto& [name, value] : tracked->get_object())
      action.tracked_properties.emplace_back(std::string(name), compile(&value));
}

RetryPolicy DefinitionReader::retry(const json::value* policy, const std::string& path) {
  RetryPolicy result;
  if (!policy || policy->is_null()) return result;
  const std::string type = to_lower(text_of(member(policy, "type")));
  if (type == "none")
    result.kind = RetryPolicy::Kind::none;
  else if (type == "fixed")
    result.kind = RetryPolicy::Kind::fixed;
  else if (type == "exponential")
    result.kind = RetryPolicy::Kind::exponential;
  else if (!type.empty() && type != "default")
    problem("FLOW0109", path,
            fmt::format("'{}' is no retry policy; none, fixed, exponential and default are", type));
  if (const auto count = number_of(member(policy, "count")))
    result.count = std::clamp(*count, 0, 90);
  const auto span = [&](std::string_view name, Timespan& to) {
    const json::value* value = member(policy, name);
    if (!value || value->is_null()) return;
    if (const auto read = parse_duration(text_of(value)))
      to = *read;
    else
      problem("FLOW0108", path + pointer_step(name), read.error().message);
  };
  span("interval", result.interval);
  span("minimumInterval", result.minimum);
  span("maximumInterval", result.maximum);
  return result;
}

InitializeVariable DefinitionReader::initialize(const json::value& inputs,
                                                const std::string& path) {
  using Type = VariableDeclaration::Type;
  constexpr std::pair<std::string_view, Type> types[] = {
      {"string", Type::string},   {"integer", Type::integer}, {"float", Type::floating},
      {"boolean", Type::boolean}, {"array", Type::array},     {"object", Type::object}};
  InitializeVariable result;
  const json::value* variables = member(inputs, "variables");
  if (!variables || !variables->is_array()) {
    problem("FLOW0102", path + "/inputs", "InitializeVariable needs inputs.variables, an array");
    return result;
  }
  std::size_t at = 0;
  for (const json::value& source : variables->get_array()) {
    const std::string place = fmt::format("{}/inputs/variables/{}", path, at++);
    VariableDeclaration variable;
    variable.name = text_of(member(source, "name"));
    if (variable.name.empty()) problem("FLOW0102", place, "the variable needs a name");
    const std::string type = to_lower(text_of(member(source, "type")));
    const auto* known =
        std::ranges::find(types, std::string_view(type), &std::pair<std::string_view, Type>::first);
    if (known != std::end(types))
      variable.type = known->second;
    else
      problem("FLOW0110", place,
              fmt::format("'{}' is no type of a variable; String, Integer, Float, Boolean, Array "
                          "and Object are",
                          type));
    if (const json::value* value = member(source, "value")) variable.value = compile(value);
    result.variables.push_back(std::move(variable));
  }
  return result;
}

namespace {

// The key of `@parameters('$connections')['KEY']['connectionId']`.
std::string connection_key(std::string_view expression) {
  const std::size_t start = expression.find("$connections");
  const std::size_t open = start == std::string_view::npos ? start : expression.find("['", start);
  if (open == std::string_view::npos) return std::string(expression);
  const std::size_t close = expression.find('\'', open + 2);
  return std::string(expression.substr(open + 2, close - open - 2));
}

std::string last_segment(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path.substr(path.rfind('/') + 1));
}

}  // namespace

ConnectorCall DefinitionReader::call(ConnectorCall::Style style, bool webhook,
                                     const json::value& inputs) {
  ConnectorCall result;
  result.style = style;
  result.webhook = webhook;
  const json::value* host = member(inputs, style == ConnectorCall::Style::service_provider
                                               ? "serviceProviderConfiguration"
                                               : "host");
  result.operation = text_of(member(host, "operationId"));
  for (const std::string_view name : {"connectionReferenceName", "connectionName"})
    if (result.connection.empty()) result.connection = text_of(member(host, name));
  const json::value* connection = member(host, "connection");
  if (result.connection.empty()) result.connection = text_of(member(connection, "referenceName"));
  if (result.connection.empty())
    result.connection = connection_key(text_of(member(connection, "name")));
  if (result.connection.empty()) result.connection = connection_key(text_of(connection));
  if (const Connection* known = definition_.find_connection(result.connection)) {
    result.connection = known->name;
    result.connector = known->connector;
  }
  if (const std::string api = text_of(member(host, "apiId")); !api.empty())
    result.connector = last_segment(api);
  if (const std::string id = text_of(member(host, "serviceProviderId")); !id.empty())
    result.connector = last_segment(id);
  if (const std::string url = text_of(member(member(host, "api"), "runtimeUrl"));
      result.connector.empty() && !url.empty())
    result.connector = "shared_" + last_segment(url);
  json::object rest;
  if (const json::object* object = inputs.if_object())
    for (const auto& [name, value] : *object)
      if (&value != host && !equals_ignoring_case(name, "retryPolicy") &&
          !equals_ignoring_case(name, "authentication"))
        rest.insert_or_assign(name, value);
  const json::value handed_on(std::move(rest));
  result.inputs = compile(&handed_on);
  return result;
}

namespace {

// The functions behind the actions of type Expression, and the inputs that are their arguments.
struct Calculation {
  std::string_view kind, function;
  std::vector<std::string_view> arguments;
};

std::optional<json::value> calculation(std::string_view kind, const json::value& inputs) {
  static const std::vector<Calculation> known = {
      {"currenttime", "utcNow", {}},
      {"addtotime", "addToTime", {"baseTime", "interval", "timeUnit"}},
      {"subtractfromtime", "subtractFromTime", {"baseTime", "interval", "timeUnit"}},
      {"getfuturetime", "getFutureTime", {"interval", "timeUnit"}},
      {"getpasttime", "getPastTime", {"interval", "timeUnit"}},
      {"converttimezone",
       "convertTimeZone",
       {"baseTime", "sourceTimeZone", "destinationTimeZone", "formatString"}},
      {"formatnumber", "formatNumber", {"number", "format", "locale"}},
      {"indexof", "indexOf", {"text", "searchText"}},
      {"substring", "substring", {"text", "start", "length"}},
  };
  for (const Calculation& one : known) {
    if (!equals_ignoring_case(kind, one.kind)) continue;
    json::array arguments;
    for (const std::string_view name : one.arguments)
      if (const json::value* value = member(inputs, name)) arguments.push_back(*value);
    return json::object{{one.function, std::move(arguments)}};
  }
  return std::nullopt;
}

}  // namespace

ActionKind DefinitionReader::container(std::string_view type, ActionIndex self,
                                       const json::object& source, const std::string& path,
                                       int depth) {
  const auto inside = [&](const json::value* actions, std::string_view below) {
    return block(actions, self, path + std::string(below), depth + 1);
  };
  const json::value* expression = member(source, "expression");
  if (type == "scope") return Scope{inside(member(source, "actions"), "/actions")};
  if (type == "foreach")
    return Foreach{compile(member(source, "foreach")),
                   inside(member(source, "actions"), "/actions")};
  if (type == "until") {
    const json::value* limit = member(source, "limit");
    const json::value usual_count(60), usual_timeout("PT1H");
    const json::value *count = member(limit, "count"), *timeout = member(limit, "timeout");
    Until until{inside(member(source, "actions"), "/actions"), condition(expression),
                compile(count ? count : &usual_count), compile(timeout ? timeout : &usual_timeout)};
    if (!expression) problem("FLOW0102", path, "Until needs an expression that ends it");
    return until;
  }
  if (type == "switch") return switch_of(self, source, path, depth);
  If choice{condition(expression), inside(member(source, "actions"), "/actions"),
            inside(member(member(source, "else"), "actions"), "/else/actions")};
  if (!expression) problem("FLOW0102", path, "If needs an expression");
  return choice;
}

Switch DefinitionReader::switch_of(ActionIndex self, const json::object& source,
                                   const std::string& path, int depth) {
  Switch result;
  result.on = compile(member(source, "expression"));
  if (!member(source, "expression")) problem("FLOW0102", path, "Switch needs an expression");
  if (const json::value* cases = member(source, "cases"); cases && cases->is_object())
    for (const auto& [name, one] : cases->get_object()) {
      const std::string inner = path + "/cases" + pointer_step(name);
      if (!member(one, "case"))
        problem("FLOW0102", inner, "a case needs the value it is for: \"case\"");
      result.cases.push_back({std::string(name), compile(member(one, "case")),
                              block(member(one, "actions"), self, inner + "/actions", depth + 1)});
    }
  result.otherwise = block(member(member(source, "default"), "actions"), self,
                           path + "/default/actions", depth + 1);
  return result;
}

namespace {

// Why an action of this type cannot be run, and what was probably meant.
std::string unknown_type(const std::string& type) {
  static const std::vector<std::string> types{"AppendToArrayVariable",
                                              "AppendToStringVariable",
                                              "ApiConnection",
                                              "ApiConnectionWebhook",
                                              "Compose",
                                              "DecrementVariable",
                                              "Expression",
                                              "Foreach",
                                              "Http",
                                              "HttpWebhook",
                                              "If",
                                              "IncrementVariable",
                                              "InitializeVariable",
                                              "Join",
                                              "OpenApiConnection",
                                              "OpenApiConnectionWebhook",
                                              "ParseJson",
                                              "Query",
                                              "Response",
                                              "Scope",
                                              "Select",
                                              "ServiceProvider",
                                              "SetVariable",
                                              "Switch",
                                              "Table",
                                              "Terminate",
                                              "Until",
                                              "Wait",
                                              "Workflow"};
  const auto all = [] { return fmt::format("give it one of: {}", fmt::join(types, ", ")); };
  if (type.empty()) return "the action has no type; " + all();
  const auto near = nearest_name(type, types);
  return fmt::format("there is no type of action '{}'; {}", type,
                     near.empty() ? all() : fmt::format("did you mean '{}'?", near));
}

}  // namespace

ActionKind DefinitionReader::kind(ActionIndex self, const json::object& source,
                                  const std::string& path, int depth) {
  const std::string type = to_lower(text_of(member(source, "type")));
  const json::value* given = member(source, "inputs");
  const json::value& inputs = or_nothing(given);
  const auto input = [&](std::string_view name) { return compile(member(inputs, name)); };
  const auto name = [&] { return text_of(member(inputs, "name")); };
  using Style = ConnectorCall::Style;
  for (const std::string_view one : {"scope", "foreach", "until", "switch", "if"})
    if (type == one) return container(type, self, source, path, depth);
  if (type == "openapiconnection") return call(Style::open_api, false, inputs);
  if (type == "openapiconnectionwebhook") return call(Style::open_api, true, inputs);
  if (type == "apiconnection") return call(Style::classic, false, inputs);
  if (type == "apiconnectionwebhook") return call(Style::classic, true, inputs);
  if (type == "serviceprovider") return call(Style::service_provider, false, inputs);
  if (type == "http") return Http{compile(given)};
  if (type == "httpwebhook") return HttpWebhook{input("subscribe"), input("unsubscribe")};
  if (type == "compose") return Compose{compile(given)};
  if (type == "parsejson") return ParseJson{input("content"), input("schema")};
  if (type == "initializevariable") return initialize(inputs, path);
  if (type == "setvariable") return SetVariable{name(), input("value")};
  if (type == "appendtoarrayvariable") return AppendToArrayVariable{name(), input("value")};
  if (type == "appendtostringvariable") return AppendToStringVariable{name(), input("value")};
  if (type == "incrementvariable" || type == "decrementvariable") {
    const json::value one(1);
    const json::value* by = member(inputs, "value");
    if (type == "incrementvariable") return IncrementVariable{name(), compile(by ? by : &one)};
    return DecrementVariable{name(), compile(by ? by : &one)};
  }
  if (type == "query") return FilterArray{input("from"), condition(member(inputs, "where"))};
  if (type == "select") return Select{input("from"), input("select")};
  if (type == "join") return Join{input("from"), input("joinWith")};
  if (type == "table") {
    Table table{input("from"), input("format"), {}};
    if (const json::value* columns = member(inputs, "columns"); columns && columns->is_array())
      for (const json::value& column : columns->get_array())
        table.columns.push_back(
            {compile(member(column, "header")), compile(member(column, "value"))});
    return table;
  }
  if (type == "response")
    return Response{
        compile(given),
        equals_ignoring_case(text_of(member(source, "operationOptions")), "Asynchronous")};
  if (type == "terminate") return Terminate{input("runStatus"), input("runError")};
  if (type == "wait") {
    const json::value *interval = member(inputs, "interval"),
                      *until = member(member(inputs, "until"), "timestamp");
    return Wait{compile(member(interval, "count")), compile(member(interval, "unit")),
                compile(until), until != nullptr};
  }
  if (type == "workflow") {
    const json::value* host = member(inputs, "host");
    std::string flow = text_of(member(host, "workflowReferenceName"));
    if (flow.empty()) flow = last_segment(text_of(member(member(host, "workflow"), "id")));
    return RunWorkflow{flow, compile(given)};
  }
  if (type == "expression") {
    const std::string which = text_of(member(source, "kind"));
    if (const auto calculated = calculation(which, inputs))
      return Calculate{condition(&*calculated)};
    return Unsupported{fmt::format("there is no calculation '{}'", which)};
  }
  for (const auto& [known, reason] : not_run)
    if (type == known)
      return Unsupported{fmt::format("actions of type {} are not run: {}",
                                     text_of(member(source, "type")), reason)};
  return Unsupported{unknown_type(text_of(member(source, "type")))};
}

}  // namespace rollcall::flow
