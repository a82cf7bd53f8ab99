// Compiles JSON into a tree: constant parts stay whole, strings go through the parser.
#include "expr/template.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "expr/decimal.hpp"
#include "expr/evaluator.hpp"
#include "expr/functions.hpp"
#include "expr/limits.hpp"
#include "expr/parser.hpp"
#include "expr/text.hpp"
#include "expr/tree.hpp"

namespace rollcall::expr {
namespace detail {

struct Compiled {
  json::value source;
  Node root;
};

}  // namespace detail

namespace {

std::unexpected<Error> placed(Error error, std::string_view path) {
  if (!path.empty()) error.message += fmt::format(" (at {})", path);
  return std::unexpected(std::move(error));
}

bool is_literal(const Node& node) { return std::holds_alternative<Literal>(node.what); }

class Compiler {
 public:
  // Forgiving: what does not parse becomes a Broken node where it stands.
  explicit Compiler(bool forgiving) : forgiving_(forgiving) {}

  Result<Node> value(const json::value& source, const std::string& path, std::size_t depth) {
    if (depth > max_json_depth)
      return placed({"EXPR0501", fmt::format("more than {} levels of JSON", max_json_depth)}, path);
    if (const json::string* text = source.if_string()) return string(view(*text), path);
    if (const json::array* array = source.if_array()) return this->array(*array, path, depth);
    if (const json::object* object = source.if_object()) return this->object(*object, path, depth);
    return Node{Literal{source}};
  }

  // {"and":[…]}, {"not":{…}}, {"equals":["@x",1]}: calls written as objects. Where a truth value is
  // wanted the object must be one, known or not; elsewhere it may be a plain object.
  Result<Node> condition(const json::value& source, const std::string& path, std::size_t depth,
                         bool truth) {
    if (depth > max_json_depth)
      return placed({"EXPR0501", fmt::format("more than {} levels of JSON", max_json_depth)}, path);
    const json::object* object = source.if_object();
    if (!object || object->size() != 1 || (!truth && !find_function(object->begin()->key())))
      return value(source, path, depth);
    const auto& [name, arguments] = *object->begin();
    Call call{std::string(name), find_function(name), {}, {}};
    const std::string inner = path + pointer_step(name);
    const std::string lower = to_lower(name);
    const bool of_truths = lower == "and" || lower == "or" || lower == "not";
    if (const json::array* array = arguments.if_array()) {
      for (std::size_t i = 0; i < array->size(); ++i) {
        TRY(Node argument,
            condition((*array)[i], fmt::format("{}/{}", inner, i), depth + 1, of_truths));
        call.arguments.push_back(std::move(argument));
      }
    } else {
      TRY(Node argument, condition(arguments, inner, depth + 1, of_truths));
      call.arguments.push_back(std::move(argument));
    }
    return Node{std::move(call)};
  }

 private:
  Result<Node> string(std::string_view text, const std::string& path) {
    auto node = parse_string(text);
    if (node) return node;
    if (forgiving_) return Node{Broken{std::move(node).error()}};
    return placed(std::move(node).error(), path);
  }

  Result<Node> array(const json::array& source, const std::string& path, std::size_t depth) {
    MakeArray result;
    bool constant = true;
    for (std::size_t i = 0; i < source.size(); ++i) {
      TRY(Node element, value(source[i], fmt::format("{}/{}", path, i), depth + 1));
      constant = constant && is_literal(element);
      result.elements.push_back(std::move(element));
    }
    if (!constant) return Node{std::move(result)};
    json::array values;
    for (Node& element : result.elements)
      values.push_back(std::move(std::get<Literal>(element.what).value));
    return Node{Literal{std::move(values)}};
  }

  Result<Node> object(const json::object& source, const std::string& path, std::size_t depth) {
    MakeObject result;
    bool constant = true;
    for (const auto& member : source) {
      const std::string inner = path + pointer_step(member.key());
      TRY(Node name, string(member.key(), inner));
      TRY(Node node, value(member.value(), inner, depth + 1));
      constant = constant && is_literal(name) && is_literal(node);
      result.members.push_back({std::move(name), std::move(node)});
    }
    if (!constant) return Node{std::move(result)};
    json::object values;
    for (auto& [name, node] : result.members) {
      std::string key;
      // A name may be a literal of any kind: "@1".
      if (auto appended = append_text(key, std::get<Literal>(name.what).value); !appended)
        return placed(std::move(appended).error(), path);
      values.insert_or_assign(key, std::move(std::get<Literal>(node.what).value));
    }
    return Node{Literal{std::move(values)}};
  }

  bool forgiving_;
};

// Visits every call and every broken string of a tree, with the place of the string.
class Walk {
 public:
  using Visit = std::function<void(const Call&, const std::string& path)>;
  using VisitBroken = std::function<void(const Error&, const std::string& path)>;
  explicit Walk(Visit visit, VisitBroken broken = {})
      : visit_(std::move(visit)), broken_(std::move(broken)) {}

  void node(const Node& node, const std::string& path) {
    if (const auto* call = std::get_if<Call>(&node.what)) {
      visit_(*call, path);
      const bool condition = call->span.length == 0;  // written as an object
      for (std::size_t i = 0; i < call->arguments.size(); ++i)
        this->node(call->arguments[i],
                   condition ? fmt::format("{}{}/{}", path, pointer_step(call->name), i) : path);
    } else if (const auto* broken = std::get_if<Broken>(&node.what)) {
      if (broken_) broken_(broken->error, path);
    } else if (const auto* access = std::get_if<Access>(&node.what)) {
      this->node(*access->object, path);
      this->node(*access->key, path);
    } else if (const auto* text = std::get_if<Interpolation>(&node.what)) {
      for (const Node& part : text->parts) this->node(part, path);
    } else if (const auto* array = std::get_if<MakeArray>(&node.what)) {
      for (std::size_t i = 0; i < array->elements.size(); ++i)
        this->node(array->elements[i], fmt::format("{}/{}", path, i));
    } else if (const auto* object = std::get_if<MakeObject>(&node.what)) {
      for (const auto& [name, value] : object->members) {
        const json::string* written = literal_text(name);
        const std::string inner = path + pointer_step(written ? view(*written) : "*");
        this->node(name, inner);
        this->node(value, inner);
      }
    }
  }

 private:
  Visit visit_;
  VisitBroken broken_;
};

std::shared_ptr<const detail::Compiled> keep(const json::value& source, Node root) {
  return std::make_shared<const detail::Compiled>(detail::Compiled{source, std::move(root)});
}

}  // namespace

Template::Template() : compiled_(keep(nullptr, Node{Literal{nullptr}})) {}

Result<Template> Template::compile(const json::value& source) {
  TRY(Node root, Compiler(false).value(source, "", 0));
  return Template(keep(source, std::move(root)));
}

Result<Template> Template::compile_condition(const json::value& source) {
  TRY(Node root, Compiler(false).condition(source, "", 0, true));
  return Template(keep(source, std::move(root)));
}

Template Template::compile_forgiving(const json::value& source) {
  auto root = Compiler(true).value(source, "", 0);
  return Template(keep(source, root ? *std::move(root) : Node{Broken{std::move(root).error()}}));
}

Template Template::compile_condition_forgiving(const json::value& source) {
  auto root = Compiler(true).condition(source, "", 0, true);
  return Template(keep(source, root ? *std::move(root) : Node{Broken{std::move(root).error()}}));
}

Result<Value> Template::evaluate(Environment& environment) const {
  Evaluator evaluator(environment);
  auto value = evaluator.evaluate(compiled_->root);
  if (!value) return placed(std::move(value).error(), evaluator.failed_path());
  if (value->decimal()) return Value(json::value(to_double(*value->decimal())));
  return value;
}

Result<Value> Template::evaluate_member(Environment& environment, std::string_view name) const {
  if (const auto* object = std::get_if<MakeObject>(&compiled_->root.what)) {
    Evaluator evaluator(environment);
    auto value = evaluator.evaluate_member(*object, name);
    if (!value) return placed(std::move(value).error(), evaluator.failed_path());
    return value;
  }
  TRY(auto whole, evaluate(environment));
  auto* member = whole->is_object() ? whole->get_object().if_contains(name) : nullptr;
  if (member == nullptr) return Value();
  return whole.borrowed() ? Value::borrow(*member) : Value(*member);
}

Result<bool> Template::evaluate_condition(Environment& environment) const {
  TRY(const Value value, evaluate(environment));
  if (const bool* answer = value->if_bool()) return *answer;
  return fail("EXPR0301",
              fmt::format("a condition must be true or false, not {}", describe(*value)));
}

const json::value& Template::source() const { return compiled_->source; }

bool Template::constant() const { return is_literal(compiled_->root); }

std::vector<Reference> Template::references() const {
  std::vector<Reference> result;
  Walk([&](const Call& call, const std::string& path) {
    Reference reference{to_lower(call.name), std::nullopt, {path, call.span}};
    if (!call.arguments.empty())
      if (const json::string* text = literal_text(call.arguments.front()))
        reference.argument = view(*text);
    result.push_back(std::move(reference));
  }).node(compiled_->root, "");
  return result;
}

std::vector<Problem> Template::problems() const {
  std::vector<Problem> result;
  const auto calls = [&](const Call& call, const std::string& path) {
    if (auto wrong = check_call(call)) result.push_back({std::move(*wrong), {path, call.span}});
  };
  const auto broken = [&](const Error& error, const std::string& path) {
    result.push_back({error, {path, error.span.value_or(Span{})}});
  };
  Walk(calls, broken).node(compiled_->root, "");
  return result;
}

std::string to_text(const json::value& value) {
  std::string text;
  if (auto appended = append_text(text, value); !appended) return to_json(value);
  return text;
}

}  // namespace rollcall::expr
