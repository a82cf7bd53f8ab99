// The compiled form of a template. Parsing makes it (parser.cpp), Template keeps it, the evaluator
// walks it. A node of constant JSON is one Literal, however large, and evaluates to a borrowed
// value.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace rollcall::expr {

struct Function;  // functions.hpp
struct Node;

struct Literal {
  json::value value;
};
// name(argument, …). `function` is null when the name is not known, which is an error once it is
// evaluated.
struct Call {
  std::string name;  // as written
  const Function* function = nullptr;
  std::vector<Node> arguments;
  Span span;  // of the name
};
// object.key, object['key'], object?[key]
struct Access {
  std::unique_ptr<Node> object;
  std::unique_ptr<Node> key;
  bool optional = false;
  Span span;
};
// text @{…} text
struct Interpolation {
  std::vector<Node> parts;
};
struct MakeArray {
  std::vector<Node> elements;
};
struct Member;
struct MakeObject {
  std::vector<Member> members;
};
// JSON that did not compile: its error is the answer.
struct Broken {
  Error error;
};

struct Node {
  std::variant<Literal, Call, Access, Interpolation, MakeArray, MakeObject, Broken> what;
};
struct Member {
  Node name;
  Node value;
};

inline const json::string* literal_text(const Node& node) {
  const auto* literal = std::get_if<Literal>(&node.what);
  return literal ? literal->value.if_string() : nullptr;
}

}  // namespace rollcall::expr
