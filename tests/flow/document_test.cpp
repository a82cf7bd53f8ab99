// Documents: what is shared, what is copied, and that a part outlives the document that it was taken from.
#include "flow/document.hpp"

#include <gtest/gtest.h>

namespace rollcall::flow {
namespace {

const std::string answer =
    R"({"statusCode":200,"body":{"value":[{"ID":7,"Title":"a longer text than fits in place"}]}})";

const json::value& item_of(const Document& document) {
  return document.value().at("body").at("value").at(0);
}

TEST(Document, APartIsSharedAndOutlivesTheWhole) {
  auto whole = Document::of_text(answer);
  const auto* item = &item_of(whole);
  auto part = Document::sharing(*item);
  EXPECT_EQ(&part.value(), item);
  EXPECT_TRUE(part.text().empty());
  whole = {};
  EXPECT_EQ(json::serialize(part.value()),
            R"({"ID":7,"Title":"a longer text than fits in place"})");
  const auto title = Document::sharing(part.value().at("Title"));
  part = {};
  EXPECT_EQ(title.value(), json::value("a longer text than fits in place"));
}

TEST(Document, AValueOfNoDocumentIsCopied) {
  Document copy;
  {
    const json::value value{{"a", "some text that is long enough to be kept elsewhere"}};
    copy = Document::sharing(value);
    EXPECT_NE(&copy.value(), &value);
  }
  EXPECT_EQ(copy.value().at("a"),
            json::value("some text that is long enough to be kept elsewhere"));
}

TEST(Document, TheBodyAloneIsShared) {
  const auto whole = Document::of_text(answer);
  const auto wrapped = Document::with_body(Document::sharing(item_of(whole)));
  EXPECT_FALSE(wrapped.is_null());
  EXPECT_EQ(wrapped.body(), &item_of(whole));
  EXPECT_EQ(json::serialize(wrapped.value()),
            R"({"body":{"ID":7,"Title":"a longer text than fits in place"}})");
  EXPECT_EQ(json::serialize(Document::with_body({}).value()), R"({"body":null})");
}

TEST(Document, TextIsKeptUntilItIsParsed) {
  const auto document = Document::of_text(answer);
  const auto copy = document;
  EXPECT_EQ(copy.text(), answer);
  EXPECT_FALSE(copy.is_null());
  EXPECT_EQ(json::serialize(document.value()), answer);
  EXPECT_TRUE(copy.text().empty());
  EXPECT_EQ(&copy.value(), &document.value());
  EXPECT_TRUE(Document().is_null());
  EXPECT_TRUE(Document(json::value()).is_null());
}

}  // namespace
}  // namespace rollcall::flow
