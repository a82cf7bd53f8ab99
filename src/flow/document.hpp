// What an operation answered or an action made: a JSON value, or the text of one that is parsed when somebody
// first asks for it. Most answers of our own lists are only kept in the history, so they are never more than
// text. What a document holds does not change; copies share it, and so may documents of its parts.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace rollcall::flow {

class DocumentMemory;

class Document {
 public:
  Document() = default;  // null
  Document(json::value value);
  Document(json::object value);
  // The text is JSON that we wrote ourselves.
  static Document of_text(std::string text);
  // A value that lies in a document which was parsed from its text is shared with it; any other is copied.
  static Document sharing(const json::value& value);
  // {"body": …}, put together only for those who ask for more than the body.
  static Document with_body(Document body);

  // Lives as long as a document that shares it. For one thread at a time, as it may have to parse.
  const json::value& value() const;
  // Of one that was made with_body(); else nullptr.
  const json::value* body() const;
  bool is_null() const;
  // Empty when there is only a value.
  std::string_view text() const;

 private:
  std::shared_ptr<DocumentMemory> memory_;
  const json::value* part_ = nullptr;  // inside of it; nullptr: all of it
};

}  // namespace rollcall::flow
