#include "app/backup_manifest.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/sha256.hpp"
#include "doors/auth/tokens.hpp"
#include "flow/run_store.hpp"
#include "lists/list_store.hpp"

namespace rollcall::app {
namespace {

constexpr std::int64_t newest_manifest = 1;

template <class Map>
json::object object_of(const Map& map) {
  json::object object;
  for (const auto& [name, number] : map) object[name] = number;
  return object;
}

std::optional<std::int64_t> number_in(const json::value& value, std::string_view name) {
  const auto* found = find(value, name);
  if (found == nullptr || !found->is_int64()) return std::nullopt;
  return found->get_int64();
}

const json::object& object_in(const json::value& value, std::string_view name) {
  static const json::object empty;
  const auto* found = find(value, name);
  return found == nullptr || !found->is_object() ? empty : found->get_object();
}

template <class Number>
std::map<std::string, Number, std::less<>> numbers_of(const json::object& object) {
  std::map<std::string, Number, std::less<>> numbers;
  for (const auto& [name, value] : object) {
    if (value.is_int64()) numbers[std::string(name)] = static_cast<Number>(value.get_int64());
  }
  return numbers;
}

// A name that leads out of the folder is none of ours.
bool is_plain(std::string_view name) {
  return !name.empty() && name.find('/') == std::string_view::npos && !name.starts_with('.');
}

std::optional<BackupManifest> parse(const json::value& value) {
  BackupManifest manifest;
  const auto made = parse_iso(text_or(value, "made"));
  const auto* files = find(value, "files");
  if (!made || files == nullptr || !files->is_array()) return std::nullopt;
  manifest.made = *made;
  for (const auto& file : files->get_array()) {
    const auto bytes = number_in(file, "bytes");
    const std::string name(text_or(file, "name"));
    if (!bytes || !is_plain(name)) return std::nullopt;
    manifest.files.push_back(
        {name, static_cast<std::uint64_t>(*bytes), std::string(text_or(file, "sha256"))});
  }
  const json::value database = object_in(value, "database");
  manifest.postgresql = text_or(database, "kind") == "postgresql";
  manifest.schema = text_or(database, "schema");
  manifest.formats = numbers_of<std::int64_t>(object_in(database, "formats"));
  if (const auto* warehouse = find(value, "warehouse"); warehouse != nullptr) {
    manifest.warehouse.emplace();
    manifest.warehouse->format = number_in(*warehouse, "format").value_or(0);
    manifest.warehouse->rows = numbers_of<std::uint64_t>(object_in(*warehouse, "rows"));
  }
  return manifest;
}

// Closes itself.
class File {
 public:
  File(const std::filesystem::path& path, int flags)
      : number_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = ::write(file, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

std::unexpected<Error> cannot(std::string_view code, std::string_view what,
                              const std::filesystem::path& file) {
  return fail(std::string(code),
              fmt::format("{} cannot be {}: {}", file.string(), what, std::strerror(errno)));
}

}  // namespace

const BackupFile* BackupManifest::file(std::string_view name) const {
  for (const auto& one : files) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

json::object to_json(const BackupManifest& manifest) {
  json::array files;
  for (const auto& file : manifest.files) {
    files.push_back(
        json::object{{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  json::object database{{"kind", manifest.postgresql ? "postgresql" : "sqlite"}};
  if (manifest.postgresql) database["schema"] = manifest.schema;
  database["formats"] = object_of(manifest.formats);
  json::object object{{"manifest", newest_manifest},
                      {"made", format_iso_seconds(manifest.made)},
                      {"files", std::move(files)},
                      {"database", std::move(database)}};
  if (manifest.warehouse) {
    object["warehouse"] = json::object{{"format", manifest.warehouse->format},
                                       {"rows", object_of(manifest.warehouse->rows)}};
  }
  return object;
}

Result<BackupManifest> parse_manifest(const json::value& value) {
  const auto version = number_in(value, "manifest");
  if (version && *version > newest_manifest)
    return fail("BACKUP0105", "the backup was made by a newer Rollcall: restore it with that one");
  auto manifest = version ? parse(value) : std::nullopt;
  if (!manifest) return fail("BACKUP0103", "this is no manifest of a backup");
  return *std::move(manifest);
}

Result<BackupManifest> read_manifest(const std::filesystem::path& folder) {
  const auto file = folder / manifest_name;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return fail("BACKUP0103", fmt::format("there is no backup in {}: {} is missing",
                                          folder.string(), manifest_name));
  }
  std::ostringstream text;
  text << stream.rdbuf();
  const auto value = parse_json(text.str());
  auto manifest = value ? parse_manifest(*value) : std::unexpected(value.error());
  if (!manifest && manifest.error().code != "BACKUP0105")
    return fail("BACKUP0103", fmt::format("{} is damaged: use another backup", file.string()));
  return manifest;
}

Result<void> check_formats(const BackupManifest& manifest) {
  const auto newer = [](std::string_view what, std::int64_t there, std::int64_t known) {
    return fail("BACKUP0105",
                fmt::format("the backup was made by a newer Rollcall ({} format {}, this one knows "
                            "{}): restore it with that one",
                            what, there, known));
  };
  const store::Formats known{{"flow", flow::RunStore::newest_format()},
                             {"lists", lists::ListStore::newest_format()},
                             {"tokens", doors::Tokens::newest_format()}};
  for (const auto& [module, format] : manifest.formats) {
    const auto found = known.find(module);
    const auto newest = found == known.end() ? 0 : found->second;
    if (format > newest) return newer(module, format, newest);
  }
  if (manifest.warehouse && manifest.warehouse->format > warehouse::newest_format())
    return newer("warehouse", manifest.warehouse->format, warehouse::newest_format());
  return {};
}

Result<BackupFile> look_over(const std::filesystem::path& path, const std::filesystem::path& copy) {
  const File from(path, O_RDONLY);
  if (from.number() < 0) return cannot("BACKUP0104", "read", path);
  std::optional<File> to;
  if (!copy.empty()) {
    to.emplace(copy, O_WRONLY | O_CREAT | O_EXCL);
    if (to->number() < 0) return cannot("BACKUP0101", "written", copy);
  }
  BackupFile file{path.filename().string(), 0, {}};
  Sha256 checksum;
  std::string chunk(1U << 20U, '\0');
  for (;;) {
    const auto size = ::read(from.number(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return cannot("BACKUP0104", "read", path);
    if (size == 0) break;
    const auto bytes = std::string_view(chunk).substr(0, static_cast<std::size_t>(size));
    checksum.add(bytes);
    file.bytes += bytes.size();
    if (to && !write_all(to->number(), bytes)) return cannot("BACKUP0101", "written", copy);
  }
  if (to && ::fsync(to->number()) != 0) return cannot("BACKUP0101", "synced to disk", copy);
  file.sha256 = checksum.hex();
  return file;
}

Result<void> sync(const std::filesystem::path& path) {
  const File file(path, O_RDONLY);
  if (file.number() < 0 || ::fsync(file.number()) != 0)
    return cannot("BACKUP0101", "synced to disk", path);
  return {};
}

}  // namespace rollcall::app
