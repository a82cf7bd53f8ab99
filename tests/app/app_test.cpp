// `run`: a command line → what it prints. `file NAME`, `gzip NAME [CUT]` (without its last CUT bytes) and `clock TIME` set
// up, `poll DATA` lets the flows do what is due, `serve DATA` starts a server, `stop` stops it;
// `newer DATA` makes a data folder as a later Rollcall might.
#include <gtest/gtest.h>
#include <zlib.h>

#include "app/configuration.hpp"
#include "app/stage.hpp"
#include "app/text_table.hpp"
#include "support/cases.hpp"
#include "support/golden.hpp"

namespace rollcall::test {
namespace {

std::string gzip(const std::string& text) {
  std::string packed(text.size() + 1024, '\0');
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

Handlers make() {
  auto stage = std::make_shared<Stage>();
  Handlers handlers;
  handlers["run"] = [stage](const GoldenCase& one) { return stage->run(one.body); };
  handlers["file"] = [stage](const GoldenCase& one) {
    stage->write(one.arguments.at(0), one.body + "\n");
    return std::string();
  };
  handlers["gzip"] = [stage](const GoldenCase& one) {
    auto packed = gzip(one.body + "\n");
    if (one.arguments.size() > 1) packed.resize(packed.size() - std::stoul(one.arguments[1]));
    stage->write(one.arguments.at(0), packed);
    return std::string();
  };
  handlers["clock"] = [stage](const GoldenCase& one) {
    stage->clock.set(*parse_iso(one.arguments.at(0)));
    return std::string();
  };
  handlers["poll"] = [stage](const GoldenCase& one) { return stage->poll(one.arguments.at(0)); };
  handlers["serve"] = [stage](const GoldenCase& one) {
    return stage->serve(one.arguments.at(0),
                        one.arguments.size() > 1 ? one.arguments[1] : "127.0.0.1");
  };
  handlers["newer"] = [stage](const GoldenCase& one) {
    std::filesystem::create_directories(stage->path(one.arguments.at(0)));
    const auto database = store::open_sqlite(
        (stage->path(one.arguments.at(0)) / "rollcall.db").string(), store::Durability::process);
    const std::vector<store::Migration> many(50);
    return database && store::migrate(**database, "tokens", many)
               ? ""
               : "the database could not be made";
  };
  handlers["stop"] = [stage](const GoldenCase&) { return stage->serve("", ""); };
  handlers["configuration"] = [](const GoldenCase& one) {
    const auto read = app::parse_configuration(one.body, "rollcall.toml");
    if (!read) return render(read.error(), "");
    return fmt::format("data {} address {} port {} durability {} regions {}", read->data.string(),
                       read->address, read->port,
                       read->durability == app::Durability::power ? "power" : "process",
                       read->regions.size());
  };
  return handlers;
}

const Registration golden{[] { register_golden("App", TEST_FOLDER, make); }};

TEST(TextTable, FitsTheScreenAndCutsTheWidestColumns) {
  const std::string text =
      app::text_table({{"name", "text"}, {"a", std::string(100, 'x')}, {"ü", "y\nz"}});
  EXPECT_EQ(text, "name  text\na     " + std::string(73, 'x') + "…\nü     y z\n");
}

}  // namespace
}  // namespace rollcall::test
