#include "kql/native.hpp"

#include <re2/re2.h>

#include "kql/native_table.hpp"

// The registry of native functions, and what calls in a row share.

namespace rollcall::kql {

struct Scratch::State {
  struct Document {
    std::string text;
    json::value value;
  };
  std::array<Document, 4> documents;
  std::size_t next_document = 0;
  std::unordered_map<std::string, std::unique_ptr<re2::RE2>> patterns;
  std::any keepsake;
};

Scratch::Scratch() : state_(std::make_unique<State>()) {}
Scratch::~Scratch() = default;

std::any& keepsake(Scratch& scratch) { return scratch.state().keepsake; }

const json::value& parsed(const Argument& a, Scratch& scratch) {
  static const json::value none;
  const auto* source = std::get_if<std::string_view>(&a);
  if (source == nullptr || source->empty()) return none;
  auto& state = scratch.state();
  for (const auto& document : state.documents) {
    if (document.text == *source) return document.value;
  }
  auto& slot = state.documents[state.next_document++ % state.documents.size()];
  slot.text = *source;
  auto value = read_json(*source);
  slot.value = value ? *std::move(value) : json::value();
  return slot.value;
}

const re2::RE2* pattern(std::string_view text, Scratch& scratch) {
  auto& patterns = scratch.state().patterns;
  auto found = patterns.find(std::string(text));
  if (found == patterns.end()) {
    if (patterns.size() > 100) patterns.clear();
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(8 << 20);
    found = patterns
                .emplace(
                    std::string(text),
                    std::make_unique<re2::RE2>(re2::StringPiece(text.data(), text.size()), options))
                .first;
  }
  return found->second->ok() ? found->second.get() : nullptr;
}

namespace {

using Family = std::span<const Native> (*)();
constexpr Family families[] = {
    conversion_natives,  text_natives,     parsing_natives,    number_natives,    decimal_natives,
    time_natives,        dynamic_natives,  array_natives,      aggregate_natives, series_natives,
    anomaly_natives,     network_natives,  hash_natives,       activity_natives,  sequence_natives,
    pattern_natives,     unit_natives,     geo_natives,        geo_cell_natives,  geo_h3_natives,
    geo_combine_natives, geo_text_natives, user_agent_natives, xml_natives};

Storage storage_of_letter(char letter) {
  switch (letter) {
    case 'l':
    case 'd':
    case 't':
      return Storage::bigint;
    case 'i':
      return Storage::integer;
    case 'r':
      return Storage::real;
    case 'b':
      return Storage::boolean;
    case 'L':
      return Storage::text_list;
    default:
      return Storage::text;
  }
}

}  // namespace

const Native* find_native(std::string_view name) {
  for (const auto family : families) {
    for (const auto& native : family()) {
      if (native.name == name) return &native;
    }
  }
  return nullptr;
}

void for_each_native(void (*visit)(const Native&, void*), void* context) {
  for (const auto family : families) {
    for (const auto& native : family()) visit(native, context);
  }
}

Signature signature_of(const Native& native) {
  Signature signature;
  const std::size_t colon = native.signature.find(':');
  for (std::size_t i = 0; i < colon; ++i) {
    const char letter = native.signature[i];
    if (letter == ' ' || letter == '?') continue;
    if (letter == '*') {
      signature.repeats = true;
      continue;
    }
    if (letter == '=') {
      const auto end = native.signature.find_first_of(" :", i);
      signature.defaults.back() = *parse_long(native.signature.substr(i + 1, end - i - 1));
      i = end - 1;
      continue;
    }
    const char next = native.signature[i + 1];
    signature.letters += letter;
    signature.defaults.push_back(std::numeric_limits<std::int64_t>::min());
    if (next != '?' && next != '=') signature.least = signature.letters.size();
  }
  if (signature.repeats && signature.least == signature.letters.size()) --signature.least;
  signature.result = native.signature[colon + 1];
  return signature;
}

std::vector<NativeFunction> native_functions() {
  std::vector<NativeFunction> all;
  for_each_native(
      [](const Native& native, void* context) {
        // The names live as long as the process; `kql_` stands before them in SQL.
        NativeFunction function{native.name, {}, std::nullopt, Storage::text, native.evaluate};
        const Signature signature = signature_of(native);
        for (const char letter : signature.letters)
          function.arguments.push_back(storage_of_letter(letter));
        if (signature.repeats) {
          function.more = function.arguments.back();
          function.arguments.pop_back();
        }
        function.result = storage_of_letter(signature.result);
        static_cast<std::vector<NativeFunction>*>(context)->push_back(std::move(function));
      },
      &all);
  return all;
}

}  // namespace rollcall::kql
