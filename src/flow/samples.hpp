// Values that a definition could expect: made from JSON schemas, and from what its expressions ask of an
// answer. For trying a flow without the services that it calls.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "flow/definition.hpp"

namespace rollcall::flow {

// A small value that fits the schema, as far as types, enum, const, required, items and properties say.
json::value sample_of_schema(const json::value& schema);

// What the definition's expressions ask of its trigger and of its actions' answers.
class Samples {
 public:
  explicit Samples(const Definition& definition);
  // {"statusCode": 200, "headers": {…}, "body": …}
  json::value outputs_of(std::string_view action) const;
  json::value trigger_outputs() const;
  // By name; for those without a default.
  json::object parameters() const;

 private:
  // What is asked of a value: members, elements, or nothing, when it is used as a whole.
  struct Shape {
    std::map<std::string, Shape> members;
    bool is_array = false;
    const json::value* schema = nullptr;
  };
  struct Asked {
    std::string root;  // `action:name` or `trigger` or `items:loop`
    std::vector<std::string> path;
  };
  void follow(const json::value& source);
  void follow_text(std::string_view text);
  void follow_schemas(const Definition& definition);
  void follow_loops(const Definition& definition);
  static std::optional<Asked> asked_at(std::string_view text, std::size_t& at);
  static std::optional<Asked> asked_by(const Template& source);
  Shape& shape(const Asked& asked);
  static json::value value_of(const Shape& shape, std::string_view name);

  const Definition& definition_;
  std::map<std::string, Shape, std::less<>> roots_;  // in lower case
};

}  // namespace rollcall::flow
