// A connector for tests that answers from a script. Which answer a call gets depends on its attempt alone, so
// that a call that is repeated after a crash gets the same one. Store operations leave a row in TestWrites.
#pragma once
#include <string>
#include <vector>

#include "flow/connector.hpp"
#include "store/database.hpp"

namespace rollcall::test {

class ScriptedConnector final : public flow::Connector {
 public:
  // A line: `Operation place answer | answer | …`; an answer is `echo`, or a status and JSON. After a status
  // may stand `after=SECONDS`, for Retry-After. A line that starts with METHOD /path has a classic operation.
  ScriptedConnector(std::string id, const std::string& script, store::Database& database);

  std::string_view id() const override { return id_; }
  std::span<const flow::Operation> operations() const override { return operations_; }
  Result<flow::Outcome> call(std::size_t operation, const flow::Call& call) override;

  // Calls of outside operations: a crash may repeat them, with the same key.
  const std::vector<std::string>& outside_calls() const { return outside_; }

 private:
  static flow::Outcome feed(const flow::Call& call);
  static flow::Outcome later(const flow::Call& call);
  Result<void> write(const flow::Call& call, const std::string& operation);

  std::string id_;
  std::vector<flow::Operation> operations_;
  std::vector<std::vector<std::string>> answers_;
  std::vector<std::string> outside_;
  store::Prepared insert_;
};

// Creates TestWrites when it is not there.
Result<void> prepare_writes(store::Database& database);
// What store operations wrote, a line each, in order.
Result<std::vector<std::string>> read_writes(store::Database& database);

}  // namespace rollcall::test
