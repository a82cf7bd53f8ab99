#include "app/zip.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "http/gzip.hpp"

namespace rollcall::app {
namespace {

constexpr std::size_t most_bytes = std::size_t{64} << 20;
constexpr std::size_t most_entries = 10'000;
constexpr std::string_view end_mark("PK\x05\x06", 4), entry_mark("PK\x01\x02", 4),
    local_mark("PK\x03\x04", 4);

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size && at + i < bytes.size(); ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

std::unexpected<Error> damaged(std::string_view why) {
  return fail("APP0301", fmt::format("the archive cannot be read: {}", why));
}

// One entry of the central directory (4.3.12).
struct Listed {
  std::string name;
  std::uint32_t flags = 0, method = 0, crc = 0, packed = 0, size = 0, offset = 0;
};

// A deflated entry is what stands in a gzip file (RFC 1952), which checks its CRC and size.
Result<std::string> inflated(std::string_view packed, const Listed& about) {
  std::string file("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  file += packed;
  for (const auto value : {about.crc, about.size}) {
    for (unsigned i = 0; i < 4; ++i) file += static_cast<char>(value >> (8 * i) & 0xff);
  }
  auto content = http::gunzip(file, most_bytes);
  if (!content) return damaged(fmt::format("{}: {}", about.name, content.error().message));
  return content;
}

Result<std::string> content_of(std::string_view bytes, const Listed& about) {
  if ((about.flags & 1U) != 0) return damaged(about.name + " is encrypted");
  if (bytes.substr(std::min<std::size_t>(about.offset, bytes.size()), 4) != local_mark)
    return damaged(about.name + " is not where it should be");
  const auto begin = std::size_t{about.offset} + 30 + number(bytes, about.offset + 26, 2) +
                     number(bytes, about.offset + 28, 2);
  if (begin > bytes.size() || about.packed > bytes.size() - begin)
    return damaged(about.name + " stops early");
  const auto packed = bytes.substr(begin, about.packed);
  if (about.method == 0) {
    if (about.packed != about.size) return damaged(about.name + " has two sizes");
    return std::string(packed);
  }
  if (about.method == 8) return inflated(packed, about);
  return damaged(fmt::format("{} is packed by method {}; stored and deflated entries are read",
                             about.name, about.method));
}

}  // namespace

bool is_zip(std::string_view bytes) {
  return bytes.starts_with(local_mark) || bytes.starts_with(end_mark);
}

Result<std::vector<ZipEntry>> read_zip(std::string_view bytes,
                                       const std::vector<std::string>& endings) {
  const auto end = bytes.rfind(end_mark);
  if (end == std::string_view::npos || bytes.size() - end < 22)
    return damaged("it has no directory");
  const auto count = number(bytes, end + 10, 2);
  std::size_t at = number(bytes, end + 16, 4);
  if (count > most_entries) return damaged("it has too many entries");
  std::vector<ZipEntry> entries;
  std::size_t all = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (at > bytes.size() || bytes.substr(at, 4) != entry_mark || bytes.size() - at < 46)
      return damaged("its directory is broken");
    Listed about{{},
                 number(bytes, at + 8, 2),
                 number(bytes, at + 10, 2),
                 number(bytes, at + 16, 4),
                 number(bytes, at + 20, 4),
                 number(bytes, at + 24, 4),
                 number(bytes, at + 42, 4)};
    const auto name = number(bytes, at + 28, 2);
    about.name = std::string(bytes.substr(at + 46, name));
    std::replace(about.name.begin(), about.name.end(), '\\', '/');
    at += 46 + name + number(bytes, at + 30, 2) + number(bytes, at + 32, 2);
    if (std::ranges::none_of(endings,
                             [&](const auto& ending) { return about.name.ends_with(ending); }))
      continue;
    if (about.size > most_bytes - all) return damaged("it unpacks to more than 64 MB");
    TRY(auto content, content_of(bytes, about));
    if (content.size() > most_bytes - all)
      return damaged("it unpacks to more than 64 MB");  // whatever its directory says
    all += content.size();
    entries.push_back({std::move(about.name), std::move(content)});
  }
  return entries;
}

}  // namespace rollcall::app
