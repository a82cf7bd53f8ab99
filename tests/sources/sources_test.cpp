// Sources, each against a client that answers from a table; a folder of files that grow, move and are cut; git, on a repository
// that the test makes; and text cases of version files and Prometheus' format.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "sources/git_history.hpp"
#include "sources/kinds.hpp"
#include "sources/process.hpp"
#include "support/cases.hpp"
#include "support/golden.hpp"

namespace rollcall::sources {
namespace {

namespace fs = std::filesystem;
const auto now = *parse_iso("2026-01-01T12:00:00Z");

std::string show(const telemetry::LogBatch& rows) {
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = rows.row(i);
    text += fmt::format("{} {}/{}/{} {} instance={} host={} {}\n",
                        format_iso_seconds(row.timestamp), row.environment, row.role, row.region,
                        row.version, row.instance, row.host, row.body);
  }
  return text;
}

// `files PATTERN PATH [--value P]… [environment=E] [role=R] [region=R]`: what the body says as that file.
std::string read_file(const test::GoldenCase& one) {
  auto pattern = Pattern::parse(one.arguments.at(0), '/');
  if (!pattern) return pattern.error().code + " " + pattern.error().message;
  FileRule rule{*pattern, {}, {}};
  for (std::size_t i = 2; i < one.arguments.size(); ++i) {
    const std::string_view word = one.arguments[i];
    if (word.starts_with("environment="))
      rule.fixed.environment = word.substr(12);
    else if (word.starts_with("role="))
      rule.fixed.role = word.substr(5);
    else if (word.starts_with("region="))
      rule.fixed.region = word.substr(7);
    else
      rule.values.push_back(*Pattern::parse(word, '.'));
  }
  std::string text;
  for (const auto& [place, version] : read_versions(rule, one.arguments.at(1), one.body)) {
    text += fmt::format("{}/{}/{} {}\n", place.environment, place.role, place.region, version);
  }
  return text.empty() ? "nothing\n" : text;
}

std::string read_prometheus(const test::GoldenCase& one) {
  std::string text;
  for (const auto& info : read_build_info(one.body)) {
    text += info.metric;
    for (const auto& [name, value] : info.labels) text += fmt::format(" {}={}", name, value);
    text += '\n';
  }
  return text;
}

std::string read_yaml(const test::GoldenCase& one) {
  std::string text;
  for (const auto& [place, value] : scalars_of_yaml(one.body))
    text += fmt::format("{} = {}\n", place, value);
  return text;
}

const test::Registration golden{[] {
  test::register_golden("Sources", TEST_FOLDER, [] {
    return test::Handlers{
        {"file", read_file}, {"prometheus", read_prometheus}, {"yaml", read_yaml}};
  });
}};

class Answers final : public http::Client {
 public:
  Result<http::Response> send(const http::ClientRequest& request) override {
    asked.push_back(request.method + " " + request.url +
                    (request.body.empty() ? "" : " " + request.body));
    if (answers.empty()) return fail("HTTP0202", "no connection");
    auto answer = answers.front();
    answers.erase(answers.begin());
    return http::Response{answer.first, {}, answer.second};
  }
  std::vector<std::pair<int, std::string>> answers;
  std::vector<std::string> asked;
};

SourceOptions options_of(const std::string& kind) {
  SourceOptions options;
  options.name = "it";
  options.kind = kind;
  options.url = "http://there";
  options.query = "{a=\"b\"}";
  options.index = "logs";
  options.database = "db";
  options.folder = "/";
  options.names = {"production", "portal", "eu", ""};
  return options;
}

std::unique_ptr<Source> source_of(const SourceOptions& options, Answers& client) {
  static const ManualClock clock{now};
  return *make_source(options, client, clock);
}

TEST(Sources, AVersionEndpoint) {
  Answers client;
  auto options = options_of("version");
  options.path = "build.version";
  client.answers = {
      {200, R"({"build":{"version":"1.2.3"}})"}, {503, "down"}, {200, R"({"other":1})"}};
  const auto source = source_of(options, client);
  EXPECT_EQ(show(source->pull(now, "")->rows),
            "2026-01-01T12:00:00Z production/portal/eu 1.2.3 instance= host= http://there\n");
  EXPECT_EQ(source->pull(now, "").error().message, "http://there answered 503: down");
  EXPECT_EQ(source->pull(now, "").error().code, "SOURCE0103");
  EXPECT_EQ(source->pull(now, "").error().code, "HTTP0202");
  options.path.clear();
  client.answers = {{200, "v7\n"}, {200, R"({"version":8})"}, {200, "<html>\n<body>"}};
  const auto plain = source_of(options, client);
  EXPECT_EQ(plain->pull(now, "")->rows.row(0).version, "v7");
  EXPECT_EQ(plain->pull(now, "")->rows.row(0).version, "8");
  EXPECT_EQ(plain->pull(now, "").error().code, "SOURCE0103");
}

TEST(Sources, Prometheus) {
  Answers client;
  client.answers = {
      {200, "# TYPE app_build_info gauge\napp_build_info{version=\"1.0\",role=\"api\"} 1\nup 1\n"}};
  EXPECT_EQ(show(source_of(options_of("prometheus"), client)->pull(now, "")->rows),
            "2026-01-01T12:00:00Z production/api/eu 1.0 instance= host= app_build_info\n");
  client.answers = {{200, R"({"status":"success","data":{"resultType":"vector","result":[
    {"metric":{"__name__":"app_build_info","version":"2.0","instance":"10.0.0.1:80","job":"api"},"value":[1767268800,"1"]},
    {"metric":{"__name__":"app_build_info","version":"1.9","job":"api"},"value":[1767268800,"0"]}]}})"}};
  auto options = options_of("prometheus_server");
  options.query.clear();
  EXPECT_EQ(
      show(source_of(options, client)->pull(now, "")->rows),
      "2026-01-01T12:00:00Z production/api/eu 2.0 instance=10.0.0.1:80 host= app_build_info\n");
  EXPECT_EQ(client.asked.back(),
            "GET http://there/api/v1/query?query=%7B__name__%3D~%22.%2B_build_info%22%7D");
}

TEST(Sources, KubernetesPods) {
  Answers client;
  client.answers = {
      {200, R"({"metadata":{"continue":"next"},"items":[
    {"metadata":{"name":"web-1","namespace":"shop","labels":{"app.kubernetes.io/name":"web"}},"status":{"phase":"Running"},
     "spec":{"nodeName":"n1","containers":[{"name":"c","image":"reg:5000/shop/web:1.2@sha256:aa"},{"name":"p","image":"envoy"}]}},
    {"metadata":{"name":"web-2"},"status":{"phase":"Pending"},"spec":{"containers":[{"image":"web:9"}]}}]})"},
      {200,
       R"({"items":[{"metadata":{"name":"api-1","labels":{"app.kubernetes.io/version":"7.1"}},"status":{"phase":"Running"},"spec":{"containers":[{"image":"api:latest"}]}}]})"}};
  EXPECT_EQ(show(source_of(options_of("kubernetes"), client)->pull(now, "")->rows),
            "2026-01-01T12:00:00Z production/api/eu 7.1 instance=api-1 host= pod\n"
            "2026-01-01T12:00:00Z production/web/eu 1.2 instance=web-1 host=n1 pod\n"
            "2026-01-01T12:00:00Z production/envoy/eu latest instance=web-1 host=n1 pod\n");
  EXPECT_EQ(client.asked.back(),
            "GET http://there/api/v1/pods?limit=500&labelSelector=%7Ba%3D%22b%22%7D&continue=next");
}

std::string pod(std::string_view name, std::string_view image, int version,
                std::string_view phase = "Running") {
  return fmt::format(
      R"({{"metadata":{{"name":"{}","namespace":"shop","resourceVersion":"{}"}},"status":{{"phase":"{}"}},"spec":{{"containers":[{{"image":"{}"}}]}}}})",
      name, version, phase, image);
}
std::string event(std::string_view type, const std::string& object) {
  return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, object);
}

// As an API server answered: a list, then what happened since, as lines.
TEST(Sources, KubernetesIsListedOnceAndThenWatched) {
  Answers client;
  const auto list = [](int version, const std::string& items) {
    return fmt::format(R"({{"metadata":{{"resourceVersion":"{}"}},"items":[{}]}})", version, items);
  };
  client.answers = {
      {200, list(100, pod("web-1", "web:1", 90) + "," + pod("web-2", "web:1", 91))},
      {200, event("ADDED", pod("web-3", "web:2", 101, "Pending")) +
                event("MODIFIED", pod("web-3", "web:2", 102)) +
                event("DELETED", pod("web-1", "web:1", 103)) +
                event("ADDED", pod("job-1", "job:7", 104)) +
                event("DELETED", pod("job-1", "job:7", 105)) + R"({"type":"ADDED","obj)"},
      {200, ""},
      {200, event("ERROR", R"({"kind":"Status","code":410,"reason":"Expired"})")},
      {200, list(200, pod("web-3", "web:2", 102))},
      {503, "busy"},
      {410, "gone"},
      {200, list(300, "")}};
  auto options = options_of("kubernetes");
  options.query.clear();
  const auto source = source_of(options, client);
  const auto versions = [&] {
    const auto pulled = source->pull(now, "");
    if (!pulled) return pulled.error().code;
    std::string text;
    for (std::size_t i = 0; i < pulled->rows.size(); ++i)
      text += fmt::format("{}={} ", pulled->rows.row(i).instance, pulled->rows.row(i).version);
    return text;
  };
  EXPECT_EQ(versions(), "web-1=1 web-2=1 ");
  EXPECT_EQ(versions(), "web-1=1 job-1=7 web-2=1 web-3=2 ");  // what went was there within the pull
  EXPECT_EQ(client.asked.back(),
            "GET http://there/api/v1/pods?watch=1&resourceVersion=100&timeoutSeconds=1");
  EXPECT_EQ(versions(), "web-2=1 web-3=2 ");
  EXPECT_EQ(client.asked.back(),
            "GET http://there/api/v1/pods?watch=1&resourceVersion=105&timeoutSeconds=1");
  EXPECT_EQ(versions(), "web-3=2 ");  // the past is not known there any more: listed anew
  EXPECT_EQ(versions(), "SOURCE0102");
  EXPECT_EQ(client.asked.back(),
            "GET http://there/api/v1/pods?watch=1&resourceVersion=200&timeoutSeconds=1");
  EXPECT_EQ(versions(), "");
}

TEST(Sources, LokiGoesOnWhereItEnded) {
  Answers client;
  client.answers = {
      {200,
       R"({"data":{"result":[{"stream":{"version":"1","job":"api","region":"us"},"values":[["1767268700000000000","hello"]]}]}})"},
      {200, R"({"data":{"result":[]}})"}};
  const auto source = source_of(options_of("loki"), client);
  const auto first = *source->pull(now, "");
  EXPECT_EQ(show(first.rows), "2026-01-01T11:58:20Z production/api/us 1 instance= host= hello\n");
  EXPECT_EQ(*first.position, "2026-01-01T11:59:00.0000000Z");
  EXPECT_FALSE(first.more);
  const auto second = *source->pull(now + seconds(60), *first.position);
  EXPECT_TRUE(second.rows.empty());
  EXPECT_EQ(client.asked.back(),
            "GET "
            "http://there/loki/api/v1/"
            "query_range?query=%7Ba%3D%22b%22%7D&start=1767268740000000000&end=1767268800000000000&"
            "limit=5000&direction=forward");
}

TEST(Sources, AFullPageLeavesItsLastMomentToTheNext) {
  Answers client;
  std::string hits;
  for (int i = 0; i < 5'000; ++i) {
    hits += fmt::format(
        R"({}{{"_source":{{"@timestamp":"2026-01-01T11:00:{:02}Z","message":"m{}","service":{{"name":"api","version":"3"}}}}}})",
        i == 0 ? "" : ",", i / 100, i);
  }
  client.answers = {{200, R"({"hits":{"hits":[)" + hits + "]}}"}};
  const auto pulled =
      *source_of(options_of("elasticsearch"), client)->pull(now, "2026-01-01T11:00:00Z");
  EXPECT_TRUE(pulled.more);
  EXPECT_EQ(pulled.rows.size(), 4'900U);
  EXPECT_EQ(*pulled.position, "2026-01-01T11:00:49.0000000Z");
  EXPECT_EQ(pulled.rows.row(0).version, "3");
  EXPECT_NE(client.asked.back().find(
                R"("gte":"2026-01-01T11:00:00.0000000Z","lt":"2026-01-01T11:59:00.0000000Z")"),
            std::string::npos)
      << client.asked.back();
}

TEST(Sources, WhatIsMissingIsSaid) {
  auto options = options_of("loki");
  options.query.clear();
  EXPECT_EQ(check(options).error().message, "query for source 'it' of kind loki");
  options.kind = "syslog";
  EXPECT_EQ(check(options).error().code, "SOURCE0301");
}

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "rollcall-sources-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  void append(const std::string& name, const std::string& text) const {
    std::ofstream(path / name, std::ios::app | std::ios::binary) << text;
  }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::trunc | std::ios::binary) << text;
  }
  fs::path path;
};

std::string line(std::string_view body) {
  return fmt::format("{{\"Timestamp\":\"2026-01-01T00:00:00Z\",\"Body\":\"{}\"}}\n", body);
}

// The bodies that a pull takes, and the position for the next.
class Reader {
 public:
  explicit Reader(const Folder& folder) {
    auto options = options_of("directory");
    options.folder = folder.path.string();
    options_ = options;
  }
  std::string read() {
    Answers none;
    std::string bodies;
    for (bool more = true; more;) {
      auto pulled =
          *source_of(options_, none)->pull(now, position_);  // each time anew: as after a restart
      for (std::size_t i = 0; i < pulled.rows.size(); ++i)
        bodies += fmt::format("{} ", pulled.rows.row(i).body);
      if (pulled.position) position_ = *pulled.position;
      more = pulled.more;
      bad += pulled.bad;
    }
    return bodies;
  }
  std::uint64_t bad = 0;

 private:
  SourceOptions options_;
  std::string position_;
};

TEST(Directory, GrowsIsRotatedAndCut) {
  const Folder folder;
  Reader reader(folder);
  EXPECT_EQ(reader.read(), "");
  folder.append("a.ndjson", line("one") + line("two") + "{\"Timestamp\":\"2026-01-01");
  EXPECT_EQ(reader.read(), "one two ");
  EXPECT_EQ(reader.read(), "");
  folder.append("a.ndjson", "T00:00:00Z\",\"Body\":\"three\"}\n");
  EXPECT_EQ(reader.read(), "three ");
  // Renamed, with a last line; a new one in its place.
  folder.append("a.ndjson", line("four"));
  fs::rename(folder.path / "a.ndjson", folder.path / "a.ndjson.1");
  folder.append("a.ndjson", line("five"));
  EXPECT_EQ(reader.read(), "five four ");
  EXPECT_EQ(reader.read(), "");
  // Cut and written anew, shorter than before and then longer.
  folder.write("a.ndjson", line("6"));
  EXPECT_EQ(reader.read(), "6 ");
  folder.write("a.ndjson", line("seven") + line("eight"));
  EXPECT_EQ(reader.read(), "seven eight ");
  folder.append("a.ndjson", "no json\n" + line("nine"));
  folder.append("b.txt", line("not read"));
  EXPECT_EQ(reader.read(), "nine ");
  EXPECT_EQ(reader.bad, 1U);
}

// As Kubernetes keeps them: a name that leads to a file elsewhere, and later to another.
TEST(Directory, ALinkIsReadAsTheFileItLeadsTo) {
  const Folder folder, elsewhere;
  Reader reader(folder);
  elsewhere.append("0.ndjson", line("one"));
  fs::create_symlink(elsewhere.path / "0.ndjson", folder.path / "pod.ndjson");
  fs::create_symlink(elsewhere.path / "0.ndjson", folder.path / "same.ndjson");
  fs::create_symlink(elsewhere.path / "none.ndjson", folder.path / "broken.ndjson");
  EXPECT_EQ(reader.read(), "one ");
  elsewhere.append("0.ndjson", line("two"));
  EXPECT_EQ(reader.read(), "two ");
  elsewhere.append("1.ndjson", line("three"));
  fs::remove(folder.path / "pod.ndjson");
  fs::create_symlink(elsewhere.path / "1.ndjson", folder.path / "pod.ndjson");
  EXPECT_EQ(reader.read(), "three ");
  EXPECT_EQ(reader.read(), "");
  EXPECT_EQ(reader.bad, 0U);
}

TEST(Directory, ManyBytesTakeManyPulls) {
  const Folder folder;
  Reader reader(folder);
  const std::string long_body(100'000, 'x');
  std::string expected;
  for (int i = 0; i < 400; ++i) {
    folder.append("big.ndjson", line(fmt::format("{}{}", i, long_body)));
    expected += fmt::format("{}{} ", i, long_body);
  }
  EXPECT_EQ(reader.read(), expected);
  EXPECT_EQ(reader.read(), "");
}

class Repository : public Folder {
 public:
  Repository() { git({"init", "--quiet", "--initial-branch=main"}); }
  void git(std::vector<std::string> arguments) const {
    std::vector<std::string> all{"git",
                                 "-C",
                                 path.string(),
                                 "-c",
                                 "user.name=Ada",
                                 "-c",
                                 "user.email=ada@example.com",
                                 "-c",
                                 "commit.gpgsign=false"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const auto ran = run_program(all, {}, [](std::string_view) {});
    EXPECT_TRUE(ran) << ran.error().message;
  }
  void commit(const std::string& subject) const {
    git({"add", "--all"});
    git({"commit", "--quiet", "--message", subject});
  }
  std::string changes(const std::string& pattern, const std::string& after = "") const {
    GitOptions options{path, "main", after, {}};
    options.rules.push_back({*Pattern::parse(pattern, '/'), {}, {}});
    const auto history = read_git_history(options);
    if (!history) return history.error().message;
    std::string text;
    for (const auto& one : history->changes) {
      const auto& commit = history->commits[one.commit];
      text +=
          fmt::format("{}: {}/{}/{} '{}' -> '{}' by {}\n", commit.subject, one.place.environment,
                      one.place.role, one.place.region, one.before, one.after, commit.author);
    }
    return text;
  }
};

TEST(Git, TheMainLineSaysWhatChanged) {
  const Repository repository;
  repository.write("tags/prod/portal", R"({"eu":"1.0","us":"1.0"})");
  repository.write("README.md", "hello");
  repository.commit("first");
  repository.write("tags/prod/portal", R"({"eu":"1.1","us":"1.0"})");
  repository.commit("eu first");
  repository.git({"checkout", "--quiet", "-b", "side"});
  repository.write("tags/prod/portal", R"({"eu":"1.1","us":"1.1-rc"})");
  repository.commit("a try on a branch");
  repository.write("tags/prod/portal", R"({"eu":"1.1","us":"1.1"})");
  repository.commit("done on the branch");
  repository.git({"checkout", "--quiet", "main"});
  repository.git({"merge", "--quiet", "--no-ff", "--message", "merge us", "side"});
  repository.write("tags/prod/cart", "registry.example/shop/cart:7\n");
  fs::remove(repository.path / "tags/prod/portal");
  repository.commit("cart comes, portal goes");
  EXPECT_EQ(repository.changes("tags/{environment}/{role}"),
            "first: prod/portal/eu '' -> '1.0' by Ada\n"
            "first: prod/portal/us '' -> '1.0' by Ada\n"
            "eu first: prod/portal/eu '1.0' -> '1.1' by Ada\n"
            "merge us: prod/portal/us '1.0' -> '1.1' by Ada\n"
            "cart comes, portal goes: prod/cart/ '' -> '7' by Ada\n"
            "cart comes, portal goes: prod/portal/eu '1.1' -> '' by Ada\n"
            "cart comes, portal goes: prod/portal/us '1.1' -> '' by Ada\n");
  EXPECT_EQ(repository.changes("tags/{environment}/{role}", "main~1"),
            "cart comes, portal goes: prod/cart/ '' -> '7' by Ada\n"
            "cart comes, portal goes: prod/portal/eu '1.1' -> '' by Ada\n"
            "cart comes, portal goes: prod/portal/us '1.1' -> '' by Ada\n");
  EXPECT_NE(repository.changes("tags/{environment}/{role}", "0123456789").find("git"),
            std::string::npos);
}

}  // namespace
}  // namespace rollcall::sources
