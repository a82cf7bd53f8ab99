#include "telemetry/record_splitter.hpp"

#include <fmt/format.h>

namespace rollcall::telemetry {

Result<void> RecordSplitter::feed(std::string_view bytes) {
  std::size_t begin = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    at = quotes_ ? bytes.find_first_of("\"\n", at) : bytes.find('\n', at);
    if (at == std::string_view::npos) break;
    const char c = bytes[at++];
    if (c == '"') {
      in_quotes_ = !in_quotes_;
    } else if (in_quotes_ && pending_.size() + (at - begin) <= max_bytes_) {
      ++more_lines_;
    } else {
      TRY_DO(end_record(bytes.substr(begin, at - 1 - begin)));
      begin = at;
    }
  }
  const auto rest = bytes.substr(begin);
  if (too_long_ || pending_.size() + rest.size() > max_bytes_) {
    too_long_ = true;
    pending_.clear();
  } else {
    pending_ += rest;
  }
  return {};
}

Result<void> RecordSplitter::end_record(std::string_view tail) {
  const std::uint64_t first = line_;
  const std::uint64_t lines = 1 + more_lines_;
  line_ += lines;
  more_lines_ = 0;
  const bool open = std::exchange(in_quotes_, false);
  if (std::exchange(too_long_, false) || pending_.size() + tail.size() > max_bytes_) {
    pending_.clear();
    handler_.bad(first, lines,
                 fmt::format("longer than {} bytes{}", max_bytes_,
                             open ? "; a quoted field that begins in it is not closed" : ""));
    return {};
  }
  if (open) {
    pending_.clear();
    handler_.bad(
        first, lines,
        fmt::format(
            "a quoted field that begins in it is not closed; {} lines were read as part of it",
            lines));
    return {};
  }
  std::string_view record = tail;
  if (!pending_.empty()) {
    pending_ += tail;
    record = pending_;
  }
  if (record.ends_with('\r')) record.remove_suffix(1);
  auto result = record.find_first_not_of(" \t") == std::string_view::npos
                    ? Result<void>{}
                    : handler_.record(first, record);
  pending_.clear();
  return result;
}

Result<void> RecordSplitter::finish() {
  if (pending_.empty() && !too_long_ && !in_quotes_) return {};
  return end_record({});
}

}  // namespace rollcall::telemetry
