#include "flow/document.hpp"

#include <optional>

#include "base/check.hpp"

// What lies in such a memory goes with it, and needs no visit before.
template <>
struct boost::json::is_deallocate_trivial<rollcall::flow::DocumentMemory> {
  static constexpr bool value = true;
};

namespace rollcall::flow {

// Everything that was parsed from a text lies in the memory itself, so that whoever sees a part of it finds
// its way to the memory, and can keep it.
class DocumentMemory final : public json::memory_resource,
                             public std::enable_shared_from_this<DocumentMemory> {
 public:
  explicit DocumentMemory(json::value value) : root_(std::move(value)) {}
  explicit DocumentMemory(std::string text) : text_(std::move(text)) {}
  explicit DocumentMemory(Document body) : body_(std::move(body)) {}

  const json::value& root() {
    if (root_) return *root_;
    if (!text_.empty()) {
      root_.emplace(parsed());
      text_ = {};
    } else {
      root_.emplace(json::object{{"body", body_.value()}});
    }
    return *root_;
  }
  const json::value* body() const { return body_.is_null() ? nullptr : &body_.value(); }
  std::string_view text() const { return text_; }

 private:
  json::value parsed() {
    pool_.emplace(2 * text_.size());
    json::parse_options options;
    options.max_depth = 1'000;
    std::array<unsigned char, 4096> working_memory;
    json::parser parser(json::storage_ptr(), options, working_memory.data(), working_memory.size());
    parser.reset(this);
    boost::system::error_code error;
    parser.write(text_.data(), text_.size(), error);
    CHECK(!error);
    return parser.release();
  }

  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    return pool_->allocate(bytes, alignment);
  }
  void do_deallocate(void*, std::size_t, std::size_t) override {}
  bool do_is_equal(const json::memory_resource& other) const noexcept override {
    return this == &other;
  }

  std::string text_;
  Document body_;
  std::optional<json::monotonic_resource> pool_;
  std::optional<json::value> root_;
};

Document::Document(json::value value) {
  if (!value.is_null()) memory_ = std::make_shared<DocumentMemory>(std::move(value));
}

Document::Document(json::object value) : Document(json::value(std::move(value))) {}

Document Document::of_text(std::string text) {
  Document document;
  document.memory_ = std::make_shared<DocumentMemory>(std::move(text));
  return document;
}

Document Document::sharing(const json::value& value) {
  auto* memory = dynamic_cast<DocumentMemory*>(value.storage().get());
  if (memory == nullptr) return json::value(value);
  Document document;
  document.memory_ = memory->shared_from_this();
  document.part_ = &value;
  return document;
}

Document Document::with_body(Document body) {
  if (body.is_null()) return json::object{{"body", nullptr}};
  Document document;
  document.memory_ = std::make_shared<DocumentMemory>(std::move(body));
  return document;
}

const json::value& Document::value() const {
  static const json::value null;
  if (part_ != nullptr) return *part_;
  return memory_ == nullptr ? null : memory_->root();
}

const json::value* Document::body() const {
  return part_ != nullptr || memory_ == nullptr ? nullptr : memory_->body();
}

bool Document::is_null() const {
  return memory_ == nullptr || (body() == nullptr && text().empty() && value().is_null());
}

std::string_view Document::text() const {
  return part_ != nullptr || memory_ == nullptr ? std::string_view() : memory_->text();
}

}  // namespace rollcall::flow
