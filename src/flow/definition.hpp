// A flow's definition, typed: triggers, actions, and the graph between them, from the JSON that
// Power Automate and Logic Apps export. Every expression is compiled once, here. Reading is
// forgiving, so that validate.hpp can name all problems at once: an expression that does not parse
// is a problem of its template, an action type that is not known is Unsupported, a runAfter that
// names nothing is kept by name. A definition that validates has none of these.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/time.hpp"
#include "expr/template.hpp"
#include "flow/status.hpp"

namespace rollcall::flow {

using expr::Template;
using ActionIndex = std::uint32_t;  // into Definition::actions
inline constexpr ActionIndex no_action = 0xffff'ffff;

class StatusSet {
 public:
  void insert(Status status) { bits_ |= 1U << static_cast<unsigned>(status); }
  bool contains(Status status) const { return (bits_ >> static_cast<unsigned>(status) & 1U) != 0; }
  bool empty() const { return bits_ == 0; }
  bool operator==(const StatusSet&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

// One entry of runAfter: the action runs when every predecessor finished with a status it lists.
struct RunAfter {
  std::string name;                // as written
  ActionIndex action = no_action;  // in the same block; no_action: there is none of that name
  StatusSet statuses;
};

// The actions of one level, in an order in which each comes after those that it runs after. When
// they run in a circle, in the order they are written.
struct Block {
  std::vector<ActionIndex> actions;
};

struct RetryPolicy {
  enum class Kind { usual, none, fixed, exponential };  // `usual`: exponential, 4 times, PT7S
  Kind kind = Kind::usual;
  int count = 4;
  Timespan interval = seconds(7);
  Timespan minimum = seconds(5);
  Timespan maximum = hours(1);
};

// A connection that the flow names, and the connector behind it.
struct Connection {
  std::string name;       // the key in connectionReferences or $connections
  std::string connector;  // the last part of its API's id, `shared_kusto`; "" when the definition
                          // does not say
  std::string display_name;
};

// OpenApiConnection, ApiConnection, ServiceProvider and their webhooks, as actions and as triggers.
struct ConnectorCall {
  enum class Style { open_api, classic, service_provider };
  Style style = Style::open_api;
  bool webhook = false;    // waits for the other side to call back
  std::string connection;  // a name in Definition::connections, or as written when it is none
  std::string connector;   // `shared_kusto`; "" when the definition does not say
  std::string operation;   // operationId; "" in the classic style: it has a method and a path
  // The inputs without host, retryPolicy and authentication: {"parameters": …}, or
  // {"method","path", "queries","headers","body"}.
  Template inputs;
};

// The inputs, as a template, of the actions that only hand them on. Here: method, uri, headers,
// queries, body, cookie, authentication.
struct Http {
  Template inputs;
};
// Each has the inputs of Http; unsubscribe may be null.
struct HttpWebhook {
  Template subscribe;
  Template unsubscribe;
};
struct Compose {
  Template inputs;
};
struct ParseJson {
  Template content;
  Template schema;
};
struct VariableDeclaration {
  enum class Type { string, integer, floating, boolean, array, object };
  std::string name;
  Type type = Type::string;
  std::optional<Template> value;
};
struct InitializeVariable {
  std::vector<VariableDeclaration> variables;
};
struct SetVariable {
  std::string name;
  Template value;
};
// `by` is 1 when it is not given; the same below.
struct IncrementVariable {
  std::string name;
  Template by;
};
struct DecrementVariable {
  std::string name;
  Template by;
};
struct AppendToArrayVariable {
  std::string name;
  Template value;
};
struct AppendToStringVariable {
  std::string name;
  Template value;
};
// Type Query; `where` is a condition over item().
struct FilterArray {
  Template from;
  Template where;
};
// `select` is evaluated over item().
struct Select {
  Template from;
  Template select;
};
struct Table {
  struct Column {
    Template header;
    Template value;  // over item()
  };
  Template from;
  Template format;              // CSV or HTML
  std::vector<Column> columns;  // empty: the members of the first item
};
struct Join {
  Template from;
  Template with;
};
// statusCode, headers, body, schema
struct Response {
  Template inputs;
  bool asynchronous = false;
};
// Ends the run: Succeeded, Failed or Cancelled, with {code, message}.
struct Terminate {
  Template status;
  Template error;
};
struct Wait {
  Template interval_count;
  Template interval_unit;
  Template until;
  bool has_until = false;
};
// Runs a child flow with headers and body.
struct RunWorkflow {
  std::string workflow;
  Template inputs;
};
// Type Expression: Current time, Add to time, Convert time zone, …
struct Calculate {
  Template value;
};
struct Scope {
  Block body;
};
struct If {
  Template condition;
  Block then;
  Block otherwise;
};
struct Switch {
  struct Case {
    std::string name;
    Template value;
    Block body;
  };
  Template on;
  std::vector<Case> cases;
  Block otherwise;
};
struct Foreach {
  Template over;
  Block body;
};
struct Until {
  Block body;
  Template condition;
  Template count;    // 60 when it is not given
  Template timeout;  // ISO 8601; PT1H when it is not given
};
// A type that Rollcall does not run. validate() names it; running it fails.
struct Unsupported {
  std::string reason;
};

using ActionKind =
    std::variant<ConnectorCall, Http, HttpWebhook, Compose, ParseJson, InitializeVariable,
                 SetVariable, IncrementVariable, DecrementVariable, AppendToArrayVariable,
                 AppendToStringVariable, FilterArray, Select, Table, Join, Response, Terminate,
                 Wait, RunWorkflow, Calculate, Scope, If, Switch, Foreach, Until, Unsupported>;

struct Action {
  std::string name;  // its key, unique in the whole definition
  std::string type;  // as written: `OpenApiConnection`
  std::string path;  // JSON pointer in the definition: /actions/For_each/actions/Compose
  std::string description;
  ActionIndex parent = no_action;  // the scope, condition or loop around it
  std::vector<RunAfter> run_after;
  ActionKind kind;
  RetryPolicy retry;
  std::optional<Timespan> timeout;  // limit.timeout
  std::optional<int> repetitions;   // runtimeConfiguration.concurrency: iterations at once
  std::optional<int> most_items;    // runtimeConfiguration.paginationPolicy.minimumItemCount
  bool secure_inputs = false, secure_outputs = false;  // runtimeConfiguration.secureData
  bool no_async_pattern = false;                       // operationOptions: DisableAsyncPattern
  bool chunked = false;  // runtimeConfiguration.contentTransfer: Chunked
  // runtimeConfiguration.staticResult, when it is enabled: a name in Definition::static_results.
  std::string static_result;
  std::vector<std::pair<std::string, Template>> tracked_properties;
};

// Recurrence, as it is after its expressions are evaluated.
struct Recurrence {
  enum class Frequency { second, minute, hour, day, week, month, year };
  Frequency frequency = Frequency::minute;
  int interval = 1;
  std::string start_time;  // as written; without Z it is local to the time zone. "" when not given
  std::string time_zone;   // a Windows name; "" is UTC
  std::vector<int> hours, minutes;
  std::vector<int> week_days;   // 0 is Sunday
  std::vector<int> month_days;  // -1 is the last
};
// FLOW0150: an unknown frequency, an interval out of range, a schedule that does not fit the
// frequency.
Result<Recurrence> parse_recurrence(const json::value& evaluated);

// Its times are Trigger::recurrence.
struct RecurrenceTrigger {
  bool sliding_window = false;
};
struct RequestTrigger {
  json::value schema;
  std::string method;
  std::string relative_path;
  bool check_schema = false;
};
// Polls at Trigger::recurrence, or is called.
struct ConnectorTrigger {
  ConnectorCall call;
};
// Polls at Trigger::recurrence.
struct HttpTrigger {
  Template inputs;
};
// Subscribes when its flow is enabled, and is called.
struct HttpWebhookTrigger {
  HttpWebhook call;
};
struct UnsupportedTrigger {
  std::string reason;
};
using TriggerKind = std::variant<RecurrenceTrigger, RequestTrigger, ConnectorTrigger, HttpTrigger,
                                 HttpWebhookTrigger, UnsupportedTrigger>;

struct Trigger {
  std::string name;
  std::string type;       // as written
  std::string kind_name;  // `Button`, `PowerAppV2`, `Http`, …; may be empty
  std::string path;
  std::string description;
  TriggerKind kind;
  std::optional<Template> recurrence;  // evaluated, it is for parse_recurrence
  std::optional<Template> split_on;    // an array: one run per item
  std::vector<Template> conditions;    // all must be true
  std::optional<int>
      concurrent_runs;              // runtimeConfiguration.concurrency.runs; 1 for SingleInstance
  std::optional<int> waiting_runs;  // …maximumWaitingRuns
  std::optional<Template> tracking_id;                 // correlation.clientTrackingId
  bool secure_inputs = false, secure_outputs = false;  // runtimeConfiguration.secureData
};

struct Parameter {
  std::string name;
  std::string
      type;  // in lower case: string, securestring, int, float, bool, array, object, secureobject
  std::optional<Template> default_value;
  // Not declared, but asked for: Logic Apps Standard keeps parameters in a file of their own. It must be given a
  // value when the flow is deployed.
  bool implied = false;
};

// What an action ends as at once, in place of doing anything.
struct StaticResult {
  Status status = Status::succeeded;
  Template outputs;
  Template error;  // {code, message}
};

// Something wrong with a definition, or (a warning) something that will surprise.
struct Finding {
  enum class Severity { error, warning };
  Severity severity = Severity::error;
  std::string code;     // FLOW01xx, or the EXPR code of an expression
  std::string path;     // JSON pointer in the definition
  std::string message;  // what it is and what to do
};

// Where they differ, as the origin of the definition has it: loops are sequential in Power Automate
// and run 20 iterations at once in Logic Apps, unless concurrency says otherwise.
enum class Dialect { power_automate, logic_apps };

struct Definition {
  Dialect dialect = Dialect::logic_apps;
  std::string name;  // properties.displayName, or the resource's name; may be empty
  std::string description;
  std::vector<Parameter> parameters;
  std::vector<Connection> connections;
  std::vector<Trigger> triggers;
  std::vector<Action> actions;  // all of them; a block names its own by index
  Block root;
  std::vector<std::pair<std::string, Template>> outputs;
  std::map<std::string, StaticResult, std::less<>> static_results;
  json::value source;  // the bare definition, as it was given

  // By name, letter case ignored, as expressions name them. nullptr: there is none.
  const Action* find(std::string_view action) const;
  std::optional<ActionIndex> find_index(std::string_view action) const;
  const Connection* find_connection(std::string_view connection) const;
  // How many iterations of the loop may run at once.
  int iterations_at_once(const Action& loop) const;

  std::map<std::string, ActionIndex, std::less<>> names;  // in lower case
  std::vector<Finding>
      problems;  // what reading already saw: wrong shapes, names that are not unique
};

// Takes an exported flow ({"properties":{"definition",…}}), an ARM resource or template with one
// workflow,
// {"definition":…}, or the bare definition. FLOW0101: it is none of these.
Result<Definition> parse_definition(const json::value& document);
// The same from text; a byte order mark is forgiven. The error says line and column.
Result<Definition> read_definition(std::string_view text);

// The blocks of an action, in order: one for loops and scopes, two for If, one per case and the
// default.
std::vector<const Block*> blocks(const Action& action);

}  // namespace rollcall::flow
