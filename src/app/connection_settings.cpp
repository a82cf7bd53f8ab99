#include "app/connection_settings.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <system_error>

namespace rollcall::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_secret_bytes = 64 * 1024;

}  // namespace

Result<std::string> value_of(const Setting& setting) {
  if (setting.from == Setting::From::text) return setting.text;
  if (setting.from == Setting::From::environment) {
    const char* value = std::getenv(setting.text.c_str());
    if (value != nullptr && *value != '\0') return std::string(value);
    return fail("CONNECTION0105", fmt::format("{}: the environment variable {} is not set",
                                              setting.place, setting.text));
  }
  std::ifstream stream(setting.text, std::ios::binary);
  std::string value(max_secret_bytes + 1, '\0');
  stream.read(value.data(), static_cast<std::streamsize>(value.size()));
  value.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
  if (value.size() > max_secret_bytes)
    return fail("CONNECTION0105", fmt::format("{}: {} is larger than {} bytes", setting.place,
                                              setting.text, max_secret_bytes));
  while (value.ends_with('\n') || value.ends_with('\r')) value.pop_back();
  if (value.empty())
    return fail("CONNECTION0105",
                fmt::format("{}: {} cannot be read, or is empty", setting.place, setting.text));
  return value;
}

// Beside it first: whoever is killed in between leaves the old one.
bool write_secret(const fs::path& file, std::string_view bytes) {
  auto fresh = file;
  fresh += ".new";
  std::error_code error;
  fs::remove(fresh, error);
  std::ofstream stream(fresh, std::ios::binary);
  fs::permissions(fresh, fs::perms::owner_read | fs::perms::owner_write, error);
  if (!error) stream << bytes;
  stream.close();
  if (!error && stream) fs::rename(fresh, file, error);
  return !error && stream;
}

Result<void> keep(const Setting& setting, const std::string& value) {
  if (setting.from != Setting::From::file)
    return fail("CONNECTION0107",
                fmt::format("{}: only a file can take a new value", setting.place));
  if (!write_secret(setting.text, value + "\n"))
    return fail("CONNECTION0107",
                fmt::format("{}: {} cannot be written", setting.place, setting.text));
  return {};
}

}  // namespace rollcall::app
