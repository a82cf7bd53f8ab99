// Every template of an action, whatever its kind: for those who follow what expressions refer to.
#pragma once
#include "flow/definition.hpp"

namespace rollcall::flow {

template <class Each>
struct TemplateVisitor {
  Each& each;

  void operator()(const ConnectorCall& kind) { each(kind.inputs); }
  void operator()(const Http& kind) { each(kind.inputs); }
  void operator()(const HttpWebhook& kind) { each(kind.subscribe), each(kind.unsubscribe); }
  void operator()(const Compose& kind) { each(kind.inputs); }
  void operator()(const ParseJson& kind) { each(kind.content), each(kind.schema); }
  void operator()(const InitializeVariable& kind) {
    for (const auto& variable : kind.variables) {
      if (variable.value) each(*variable.value);
    }
  }
  void operator()(const SetVariable& kind) { each(kind.value); }
  void operator()(const IncrementVariable& kind) { each(kind.by); }
  void operator()(const DecrementVariable& kind) { each(kind.by); }
  void operator()(const AppendToArrayVariable& kind) { each(kind.value); }
  void operator()(const AppendToStringVariable& kind) { each(kind.value); }
  void operator()(const FilterArray& kind) { each(kind.from), each(kind.where); }
  void operator()(const Select& kind) { each(kind.from), each(kind.select); }
  void operator()(const Table& kind) {
    each(kind.from), each(kind.format);
    for (const auto& column : kind.columns) each(column.header), each(column.value);
  }
  void operator()(const Join& kind) { each(kind.from), each(kind.with); }
  void operator()(const Response& kind) { each(kind.inputs); }
  void operator()(const Terminate& kind) { each(kind.status), each(kind.error); }
  void operator()(const Wait& kind) {
    each(kind.interval_count), each(kind.interval_unit), each(kind.until);
  }
  void operator()(const RunWorkflow& kind) { each(kind.inputs); }
  void operator()(const Calculate& kind) { each(kind.value); }
  void operator()(const Scope&) {}
  void operator()(const If& kind) { each(kind.condition); }
  void operator()(const Switch& kind) {
    each(kind.on);
    for (const auto& one : kind.cases) each(one.value);
  }
  void operator()(const Foreach& kind) { each(kind.over); }
  void operator()(const Until& kind) { each(kind.condition), each(kind.count), each(kind.timeout); }
  void operator()(const Unsupported&) {}
};

template <class Each>
void for_each_template(const Action& action, Each&& each) {
  std::visit(TemplateVisitor<Each>{each}, action.kind);
  for (const auto& [name, tracked] : action.tracked_properties) each(tracked);
}

}  // namespace rollcall::flow
