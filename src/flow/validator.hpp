// The pass over a definition that validate() makes. Only for validate*.cpp.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "flow/definition.hpp"
#include "flow/validate.hpp"
#include "flow/validate_graph.hpp"

namespace rollcall::flow {

// A template, where it stands below its action or trigger, and what its expressions may ask for.
struct PlacedTemplate {
  std::string path;
  const Template* value = nullptr;
  bool has_item = false;     // item() is the operation's own
  bool sees_inside = false;  // evaluated when the actions inside have run: the condition of Until
};
std::vector<PlacedTemplate> templates_of(const Action& action);

class Validator {
 public:
  explicit Validator(const Definition& definition);
  std::vector<Finding> run();

 private:
  struct Variable {
    ActionIndex declared_by;
    VariableDeclaration::Type type;
  };

  // validate.cpp: shapes, types and settings
  void declare_variables();
  void trigger(const Trigger& trigger);
  void block(const Block& block, const std::string& path);
  void action(ActionIndex index);
  void run_after(const Action& action);
  void kind(ActionIndex index);
  void call(const Action& action, const ConnectorCall& call);
  void terminate(ActionIndex index, const Terminate& terminate);
  void until(const Action& action, const Until& until);
  void change_variable(ActionIndex index);
  // validate_references.cpp: what expressions ask for
  void expressions(const Template& value, const std::string& path, ActionIndex at, bool has_item,
                   bool sees_inside);
  void reference(const expr::Reference& reference, const std::string& path, ActionIndex at,
                 bool has_item, bool sees_inside);
  void action_reference(const expr::Reference& reference, const std::string& path, ActionIndex at,
                        bool sees_inside);
  void loop_reference(const expr::Reference& reference, const std::string& path, ActionIndex at,
                      bool sees_inside);
  void variable_reference(std::string_view name, const std::string& path, ActionIndex at,
                          bool sees_inside);
  void undeclared_parameter(const std::string& name, const std::string& path);
  void arm_expressions(const json::value& source, const std::string& path);

  void error(std::string code, std::string path, std::string message);
  void warning(std::string code, std::string path, std::string message);
  std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) const;

  const Definition& definition_;
  Graph graph_;
  std::vector<Finding> findings_;
  std::map<std::string, Variable, std::less<>> variables_;  // by name in lower case
  std::vector<std::string> action_names_, variable_names_, parameter_names_;
  bool has_request_trigger_ = false;
};

}  // namespace rollcall::flow
