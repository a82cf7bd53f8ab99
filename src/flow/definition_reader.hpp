// Reads one bare definition into a Definition. Only for definition*.cpp: the pieces that its files
// share.
#pragma once
#include <string>
#include <string_view>

#include "expr/text.hpp"
#include "flow/definition.hpp"

namespace rollcall::flow {

using expr::pointer_step;

class DefinitionReader {
 public:
  explicit DefinitionReader(Definition& definition) : definition_(definition) {}

  // The connections must be there before the actions are read.
  void connections(
      const json::value& references);  // properties.connectionReferences, or $connections' value
  void definition(const json::object& source);

 private:
  void parameters(const json::object& source);
  void triggers(const json::object& source);
  void static_results(const json::value* given);
  Trigger trigger(std::string_view name, const json::object& source, const std::string& path);
  Block block(const json::value* actions, ActionIndex parent, const std::string& path, int depth);
  void action(ActionIndex self, std::string_view name, const json::object& source,
              const std::string& path, int depth);
  ActionKind kind(ActionIndex self, const json::object& source, const std::string& path, int depth);
  ActionKind container(std::string_view type, ActionIndex self, const json::object& source,
                       const std::string& path, int depth);
  Switch switch_of(ActionIndex self, const json::object& source, const std::string& path,
                   int depth);
  void settings(Action& action, const json::object& source, const std::string& path);
  void run_after(Action& action, const json::object& source, const std::string& path);
  RetryPolicy retry(const json::value* policy, const std::string& path);
  ConnectorCall call(ConnectorCall::Style style, bool webhook, const json::value& inputs);
  InitializeVariable initialize(const json::value& inputs, const std::string& path);
  void resolve(Block& block);

  Template compile(const json::value* source);
  Template condition(const json::value* source);
  void problem(std::string code, std::string path, std::string message);

  Definition& definition_;
};

// The member of an object, whatever the letter case of its name; nullptr: there is none.
const json::value* member(const json::object& object, std::string_view name);
const json::value* member(const json::value& value, std::string_view name);
const json::value* member(const json::value* value, std::string_view name);
// Its text, or "" when it is none.
std::string text_of(const json::value* value);
// `inputs`, `outputs`: what runtimeConfiguration.secureData names, in lower case.
std::vector<std::string> secured(const json::value* runtime_configuration);
// `[concat('a', parameters('b'))]`: an expression of an ARM template, which Azure evaluates and nothing here does.
bool is_arm_expression(std::string_view text);
// A whole number, also one written as text; nullopt: an expression, or nothing.
std::optional<int> number_of(const json::value* value);

}  // namespace rollcall::flow
