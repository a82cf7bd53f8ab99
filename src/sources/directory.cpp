// A folder of NDJSON files that grow. The position names each file by its inode and says how far it was read, with a hash of
// how it begins: so a file that was renamed goes on where it was, and one that was cut or written anew is read from its start.
// Only whole lines are taken.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
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
constexpr std::uint64_t most_missed = 5;  // pulls for which a file that is not there is remembered

struct FileState {
  std::uint64_t offset = 0;
  std::uint64_t head_size = 0,
                head_hash = 0;  // of the first bytes, at most head_bytes of what was read
  std::uint64_t missed = 0;     // pulls since it was there; written when it is not 0
};
using States = std::map<std::string, FileState>;  // by device and inode

States read_position(std::string_view position) {
  States states;
  const auto document = parse_json(position);
  if (!document || !document->is_object()) return states;
  for (const auto& member : document->get_object()) {
    if (!member.value().is_array()) continue;
    const auto size = member.value().get_array().size();
    if (size != 3 && size != 4) continue;
    const auto number = [&](std::size_t i) {
      const auto& value = member.value().get_array()[i];
      return value.is_int64()    ? static_cast<std::uint64_t>(value.get_int64())
             : value.is_uint64() ? value.get_uint64()
                                 : 0;
    };
    states[std::string(member.key())] = {number(0), number(1), number(2),
                                         size == 4 ? number(3) : 0};
  }
  return states;
}
std::string write_position(const States& states) {
  json::object document;
  for (const auto& [id, state] : states) {
    json::array numbers{state.offset, state.head_size, state.head_hash};
    if (state.missed > 0) numbers.push_back(state.missed);
    document[id] = std::move(numbers);
  }
  return json::serialize(document);
}

// What is open stays the same file, whatever its name comes to mean meanwhile.
class OpenFile {
 public:
  explicit OpenFile(const fs::path& path)
      : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {
    if (number_ < 0) {
      static_cast<void>(::stat(path.c_str(), &status_));
    } else {
      regular_ = ::fstat(number_, &status_) == 0 && S_ISREG(status_.st_mode);
    }
  }
  ~OpenFile() {
    if (number_ >= 0) ::close(number_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool is_regular() const { return regular_; }
  std::string id() const { return fmt::format("{}:{}", status_.st_dev, status_.st_ino); }
  std::uint64_t size() const { return static_cast<std::uint64_t>(status_.st_size); }
  // Fewer where the file ends.
  std::string read(std::uint64_t offset, std::size_t size) const {
    std::string bytes(size, '\0');
    std::size_t had = 0;
    while (had < size) {
      const auto count =
          ::pread(number_, bytes.data() + had, size - had, static_cast<off_t>(offset + had));
      if (count <= 0) break;
      had += static_cast<std::size_t>(count);
    }
    bytes.resize(had);
    return bytes;
  }

 private:
  int number_;
  struct stat status_{};
  bool regular_ = false;
};

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
    for (fs::directory_iterator entries(options_.folder, error), end; !error && entries != end;
         entries.increment(error))
      files.push_back(entries->path());
    if (error)
      return fail("SOURCE0105", fmt::format("the folder {} cannot be read: {}", options_.folder,
                                            error.message()));
    std::sort(files.begin(), files.end());
    std::size_t left = pull_bytes;
    for (const auto& path : files) {
      if (path.extension() == ".gz" || path.extension() == ".zst") continue;
      const OpenFile file(path);
      const auto id = file.id();
      if (!file.is_regular()) {  // one that may not be read just now is not gone
        if (const auto kept = before.find(id); kept != before.end()) after.insert(*kept);
        continue;
      }
      if (after.contains(id)) continue;  // by another name: a link
      const auto known = before.find(id);
      const bool is_ndjson = telemetry::format_of_name(path.string()) == telemetry::Format::ndjson;
      if (known == before.end() && !is_ndjson) continue;
      auto state = known == before.end() ? FileState{} : known->second;
      state.missed = 0;
      if (!goes_on(file, state)) {
        if (!is_ndjson) continue;  // another file, which got the inode of one that is gone
        state = {};
      }
      TRY_DO(read_on(file, state, left, pulled));
      after[id] = state;
    }
    // A file that is on its way to another name may be seen under neither.
    for (auto [id, state] : before) {
      if (state.offset > 0 && !after.contains(id) && ++state.missed <= most_missed)
        after[id] = state;
    }
    pulled.position = write_position(after);
    if (*pulled.position == position) pulled.position.reset();
    return pulled;
  }

 private:
  // Whether it is the file that was read so far.
  static bool goes_on(const OpenFile& file, const FileState& state) {
    if (state.offset == 0) return true;
    return file.size() >= state.offset &&
           xxhash64(file.read(0, std::min(state.head_size, std::uint64_t{head_bytes}))) ==
               state.head_hash;
  }

  Result<void> read_on(const OpenFile& file, FileState& state, std::size_t& left,
                       Pulled& pulled) const {
    const auto size = file.size();
    while (state.offset < size) {
      if (left == 0) {
        pulled.more = true;
        return {};
      }
      auto chunk = file.read(state.offset, chunk_bytes);
      const auto whole = chunk.rfind('\n');
      // A line without an end is not yet written; unless it is longer than any line may be, and then it is passed over.
      if (whole == std::string::npos && chunk.size() < chunk_bytes) return {};
      if (whole != std::string::npos) chunk.resize(whole + 1);
      TRY_DO(take(chunk, pulled));
      state.offset += chunk.size();
      left -= std::min(left, chunk.size());
      if (state.head_size < head_bytes) {
        state.head_size = std::min<std::uint64_t>(state.offset, head_bytes);
        state.head_hash = xxhash64(file.read(0, state.head_size));
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
        fill_names(row, options_.names);
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

std::unique_ptr<Source> make_directory(const SourceOptions& options) {
  return std::make_unique<Directory>(options);
}

}  // namespace rollcall::sources
