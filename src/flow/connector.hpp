// The seam to everything a flow calls: a Connector has operations, an operation turns JSON inputs into JSON
// outputs. Where an operation runs (Place) decides what a crash may do to it: a store operation happens
// exactly once, in the transaction of its turn; a read may be repeated until its answer is recorded; an
// outside call may be repeated too, with the same idempotency key, so that the other side can tell.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/principal.hpp"
#include "base/time.hpp"
#include "flow/document.hpp"

namespace rollcall::store {
class Connection;
class Transaction;
}  // namespace rollcall::store

namespace rollcall::flow {

enum class Place {
  store,    // reads and writes our own lists, inside the turn's transaction
  read,     // reads something else of ours (the warehouse); runs while no transaction is open
  outside,  // leaves the process; runs after the commit that says it was asked for
};

struct Operation {
  std::string id;  // the operationId of OpenApiConnection: "GetItems"
  Place place;
  std::string summary;  // "Get items"
  // For classic ApiConnection, which names operations by request: "get" and
  // "/datasets/{dataset}/tables/{table}/items". Empty: only reachable by id.
  std::string method;
  std::string path;
  // Its answer may be 202 with a Location, which is then asked (Call::location) until the answer is another:
  // a long operation, or a polling trigger, whose Location also says what it has seen already.
  bool asynchronous = false;
  // Of one that is given Call::callback_url: what ends the subscription again, called with what subscribing
  // answered as its parameters. Empty: nothing needs to.
  std::string unsubscribe = {};
};

// Run, action, iterations and attempt: the same after a crash, different for each thing that is asked for.
struct IdempotencyKey {
  std::int64_t run = 0;
  std::string_view action;
  std::span<const std::uint32_t> iterations;  // of the loops around the action, outermost first
  std::uint32_t attempt = 1;
  std::string to_string() const;  // `17/Create_item/3.0/1`
};

struct Call {
  // The inputs: `inputs.parameters` of OpenApiConnection as they are (flat keys such as "item/Title"); of
  // ApiConnection the parts of its path, its queries and `body`; of Http its inputs.
  const json::object& parameters;
  std::string_view connection;  // the connection's name in the definition; may be empty
  const Principal& principal;   // of kind flow_run
  IdempotencyKey key;
  Timestamp now;
  store::Transaction* transaction;  // present exactly for Place::store
  // The pagination policy: pages are followed until there are so many items. Absent: one page.
  std::optional<int> most_items = std::nullopt;
  // Of an asynchronous operation that answered with a Location: that one is asked now, in place of the operation.
  std::string_view location = {};
  // Of a webhook: the signed address at which this call wants to be answered.
  std::string_view callback_url = {};
  bool chunked = false;  // large contents go in pieces (runtimeConfiguration.contentTransfer)
};

// What an operation answered. A failed one still has outputs, for the branches that catch it.
struct Outcome {
  Document outputs;  // {"statusCode": 200, "headers": {…}, "body": …}
  std::string code;  // empty: succeeded. Otherwise the error's code, e.g. "NotFound"
  std::string message;
  bool may_retry = false;  // the retry policy applies: 408, 429, 5xx, no connection
  std::optional<Timespan> retry_after = std::nullopt;

  bool succeeded() const { return code.empty(); }
};

// {"statusCode": status, "body": body}
Outcome answered(int status, json::value body);
// Failed for good: a request that would fail again.
Outcome refused(int status, std::string code, std::string message);
// A refusal that carries one of our own errors: 404 for an unknown list or item, 412 for an ETag, 409 for a
// value that is there already, else 400.
Outcome refused(const Error& error);

class Connector {
 public:
  virtual ~Connector() = default;
  // The last part of the apiId: "shared_sharepointonline".
  virtual std::string_view id() const = 0;
  // Stable while the connector lives; `call` names an operation by its place in it.
  virtual std::span<const Operation> operations() const = 0;
  // The place of the operation of that id, letter case ignored.
  virtual std::optional<std::size_t> find(std::string_view operation) const;
  // An Error means that nothing can be known or done now (the store is gone, the disk is full): the turn is
  // rolled back and tried again. What the caller did wrong is an Outcome that failed.
  virtual Result<Outcome> call(std::size_t operation, const Call& call) = 0;
  // Of a polling trigger of Place::store: what is announced (store::Transaction) when it may have something to tell, so
  // that it need not wait for its next time. "": nothing is.
  virtual Result<std::string> announcement(std::size_t operation, const json::object& parameters,
                                           store::Connection& connection);
};

// The connectors a driver knows, by id; letter case is ignored. A connection that was configured has a connector of
// its own: so who calls, and where to, is decided when a flow is deployed.
class Connectors {
 public:
  // Id and connection together must be new. "": for connections that nobody configured.
  void add(std::unique_ptr<Connector> connector, std::string connection = {});
  // That of the connection; else the one for connections that nobody configured; else the only one. An id that is no
  // connector's may be a configured connection's name. Null: none of them.
  Connector* find(std::string_view id, std::string_view connection = {}) const;
  std::vector<std::string> ids() const;
  // The configured connections of a connector.
  std::vector<std::string> connections(std::string_view id) const;

 private:
  struct Known {
    std::unique_ptr<Connector> connector;
    std::string connection;
  };
  std::vector<Known> all_;
};

// An operation found at deployment, so that a call needs no look-up.
struct BoundOperation {
  Connector* connector = nullptr;
  std::size_t index = 0;
  const Operation& operation() const { return connector->operations()[index]; }
};
// FLOW0301 unknown connector, or one of several connections must be named; FLOW0302 unknown operation: both say what
// there is instead.
Result<BoundOperation> bind_operation(const Connectors& connectors, std::string_view connector,
                                      std::string_view operation, std::string_view connection = {});

}  // namespace rollcall::flow
