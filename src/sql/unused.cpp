// Liveness over aliases: what the result and the conditions read is live, and so is what a live item
// is made of. An item waits under its alias until the alias is read.
#include "sql/unused.hpp"

#include <unordered_map>

#include "base/overload.hpp"

namespace rollcall::sql {
namespace {

// Whether leaving the item out would change how many rows there are.
bool makes_rows(const Expr& expr) {
  const auto* call = std::get_if<Call>(&expr.node);
  return call != nullptr && call->function == "unnest";
}

class Reader {
 public:
  // With `all`, the items are read by their places, or by someone outside.
  void read(const Query& query, bool all) {
    for (const auto& table : query.with) read(*table.query, false);
    std::visit(Overload{[&](const Select& select) { read_select(select, all || !select.by_name); },
                        [&](const SetQuery& set) {
                          for (const auto& input : set.inputs) read(*input, true);
                        },
                        [&](const ValuesQuery& values) {
                          for (const auto& row : values.rows) read(row);
                        }},
               query.body);
    read(query.order_by);
    read(query.limit);
    read(query.offset);
  }

  Names unused() {
    while (!live_now_.empty()) {
      const auto waiting = waiting_.extract(live_now_.back());
      live_now_.pop_back();
      if (!waiting.empty())
        for (const auto* item : waiting.mapped()) read(*item);
    }
    Names names;
    for (const auto& [name, items] : waiting_) names.insert(name);
    return names;
  }

 private:
  void read_select(const Select& select, bool all) {
    for (const auto& item : select.items) {
      if (all || item.alias.empty() || live_.contains(item.alias)) {
        read(item.expr);
      } else if (makes_rows(*item.expr)) {
        name(item.alias);
        read(item.expr);
      } else {
        waiting_[item.alias].push_back(&item.expr);
      }
    }
    if (select.from) read(*select.from);
    read(select.where);
    read(select.group_by);
    read(select.having);
    read(select.qualify);
  }

  void name(std::string_view name) {
    if (live_.insert(name).second) live_now_.push_back(name);
  }

  void read(const ExprPtr& expr) {
    if (expr) std::visit([&](const auto& node) { read(node); }, expr->node);
  }
  void read(const std::vector<ExprPtr>& exprs) {
    for (const auto& expr : exprs) read(expr);
  }
  void read(const std::vector<OrderTerm>& terms) {
    for (const auto& term : terms) read(term.expr);
  }
  void read(const Column& node) { name(node.name); }
  void read(const Star&) {}
  void read(const Parameter&) {}
  void read(const Slot&) {}
  void read(const Literal&) {}
  void read(const Unary& node) { read(node.operand); }
  void read(const Binary& node) {
    read(node.left);
    read(node.right);
  }
  void read(const Call& node) {
    read(node.arguments);
    read(node.order_by);
    read(node.filter);
    if (!node.over) return;
    read(node.over->partition_by);
    read(node.over->order_by);
  }
  void read(const Case& node) {
    for (const auto& [condition, value] : node.branches) {
      read(condition);
      read(value);
    }
    read(node.otherwise);
  }
  void read(const Cast& node) { read(node.operand); }
  void read(const InList& node) {
    read(node.operand);
    read(node.list);
  }
  void read(const InQuery& node) {
    read(node.operand);
    read(*node.query, true);
  }
  void read(const Exists& node) { read(*node.query, true); }
  void read(const ScalarQuery& node) { read(*node.query, true); }
  void read(const Lambda& node) { read(node.body); }
  void read(const StructPack& node) {
    for (const auto& [member, value] : node.members) read(value);
  }
  void read(const Member& node) { read(node.operand); }

  void read(const TableRef& table) {
    std::visit([&](const auto& node) { read(node); }, table.node);
  }
  void read(const NamedTable&) {}
  void read(const DerivedTable& node) { read(*node.query, !node.column_aliases.empty()); }
  void read(const FunctionTable& node) { read(node.arguments); }
  void read(const Join& node) {
    read(*node.left);
    read(*node.right);
    read(node.on);
  }

  Names live_;
  std::vector<std::string_view> live_now_;  // whose items still wait to be read
  std::unordered_map<std::string_view, std::vector<const ExprPtr*>> waiting_;
};

}  // namespace

Names unused_columns(const Query& query) {
  Reader reader;
  reader.read(query, true);
  return reader.unused();
}

}  // namespace rollcall::sql
