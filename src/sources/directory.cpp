// A folder of NDJSON files that grow. The position names each file by its inode and says how far it was read, with a hash of
// how it begins: so a file that was renamed goes on where it was, and one that was cut or written anew is read from its start.
// Only whole lines are taken.
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/hash.hpp"
#include "sources/kinds.hpp"
#include "telemetry/reader.hpp"

namespace rollcall::sources {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t chunk_bytes = 4U << 20U;
constexpr std::size_t pull_bytes = 16U << 20U;
constexpr std::size_t head_bytes = 256;

struct FileState {
  std::uint64_t offset = 0;
  std::uint64_t head_size = 0, head_hash = 0;  // of the first bytes, at most head_bytes of what was read
};
using States = std::map<std::string, FileState>;  // by device and inode

States read_position(std::string_view position) {
  States states;
  const auto document = parse_json(position);
  if (!document || !document->is_object()) return states;
  for (const auto& member : document->get_object()) {
    if (!member.value().is_array() || member.value().get_array().size() != 3) continue;
    const auto number = [&](std::size_t i) {
      const auto& value = member.value().get_array()[i];
      return value.is_int64() ? static_cast<std::uint64_t>(value.get_int64()) : value.is_uint64() ? value.get_uint64() : 0;
    };
    states[std::string(member.key())] = {number(0), number(1), number(2)};
  }
  return states;
}
std::string write_position(const States& states) {
  json::object document;
  for (const auto& [id, state] : states) document[id] = json::array{state.offset, state.head_size, state.head_hash};
  return json::serialize(document);
}

std::string bytes_of(std::ifstream& file, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

class Directory final : public Source {
 public:
  explicit Directory(SourceOptions options) : options_(std::move(options)) {}

  Result<Pulled> pull(Timestamp now, std::string_view position) override {
    const auto before = read_position(position);
    States after;
    Pulled pulled;
    pulled.watermark = now;
    std::error_code error;
    std::vector<fs::path> files;
    for (fs::directory_iterator entries(options_.folder, error), end; !error && entries != end; entries.increment(error)) files.push_back(entries->path());
    if (error) return fail("SOURCE0105", fmt::format("the folder {} cannot be read: {}", options_.folder, error.message()));
    std::sort(files.begin(), files.end());
    std::size_t left = pull_bytes;
    for (const auto& file : files) {
      struct stat status {};
      if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
      const auto id = fmt::format("{}:{}", status.st_dev, status.st_ino);
      const auto known = before.find(id);
      if (known == before.end() && telemetry::format_of_name(file.string()) != telemetry::Format::ndjson) continue;
      if (file.extension() == ".gz" || file.extension() == ".zst") continue;
      auto state = known == before.end() ? FileState{} : known->second;
      TRY_DO(read_on(file, static_cast<std::uint64_t>(status.st_size), state, left, pulled));
      after[id] = state;
    }
    pulled.position = write_position(after);
    if (*pulled.position == position) pulled.position.reset();
    return pulled;
  }

 private:
  Result<void> read_on(const fs::path& path, std::uint64_t size, FileState& state, std::size_t& left, Pulled& pulled) const {
    std::ifstream file(path, std::ios::binary);
    if (!file) return {};  // it went away; what was not read of it is gone
    const bool same = size >= state.offset && xxhash64(bytes_of(file, 0, state.head_size)) == state.head_hash;
    if (state.offset > 0 && !same) state = {};
    while (state.offset < size) {
      if (left == 0) {
        pulled.more = true;
        return {};
      }
      auto chunk = bytes_of(file, state.offset, chunk_bytes);
      const auto whole = chunk.rfind('\n');
      // A line without an end is not yet written; unless it is longer than any line may be, and then it is passed over.
      if (whole == std::string::npos && chunk.size() < chunk_bytes) return {};
      if (whole != std::string::npos) chunk.resize(whole + 1);
      TRY_DO(take(chunk, pulled));
      state.offset += chunk.size();
      left -= std::min(left, chunk.size());
      if (state.head_size < head_bytes) {
        state.head_size = std::min<std::uint64_t>(state.offset, head_bytes);
        state.head_hash = xxhash64(bytes_of(file, 0, state.head_size));
      }
    }
    return {};
  }

  Result<void> take(std::string_view lines, Pulled& pulled) const {
    telemetry::ReaderOptions reading;
    reading.compression = telemetry::Compression::none;
    telemetry::LogReader reader(reading, [&](telemetry::LogBatch& batch) -> Result<void> {
      for (std::size_t i = 0; i < batch.size(); ++i) {
        auto row = batch.row(i);
        for (const auto& [text, fixed] : {std::pair{&row.environment, &options_.names.environment}, {&row.role, &options_.names.role},
                                          {&row.region, &options_.names.region}, {&row.instance, &options_.names.instance}}) {
          if (text->empty()) *text = *fixed;
        }
        pulled.rows.append(row);
      }
      return {};
    });
    TRY_DO(reader.feed(lines));
    TRY(const auto report, reader.finish());
    pulled.bad += report.bad;
    return {};
  }

  SourceOptions options_;
};

}  // namespace

std::unique_ptr<Source> make_directory(const SourceOptions& options) { return std::make_unique<Directory>(options); }

}  // namespace rollcall::sources
