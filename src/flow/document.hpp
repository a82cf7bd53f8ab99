// What an operation answered: a JSON value, or the text of one that is parsed when somebody first asks for it.
// Most answers of our own lists are only kept in the history, so they are never more than text.
#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "base/json.hpp"

namespace rollcall::flow {

class Document {
 public:
  Document() = default;  // null
  Document(json::value value) : value_(std::move(value)) {}
  Document(json::object value) : value_(std::move(value)) {}
  // The text is JSON that we wrote ourselves.
  static Document of_text(std::string text);

  // Lives as long as the document. For one thread at a time, as it may have to parse.
  const json::value& value() const;
  bool is_null() const { return text_.empty() && value_.is_null(); }
  // Empty when there is only a value.
  std::string_view text() const { return text_; }

 private:
  mutable json::value value_;
  mutable std::string text_;
};

}  // namespace rollcall::flow
