// The query vectors from outside: sent to /v2/rest/query of a running server, whose answers must fare as those of the warehouse
// in this process do. A vector whose answers differ from run to run is asked again on both sides before it counts.
#include "app/server.hpp"
#include "conformance/conformance.hpp"
#include "conformance/kql_vectors.hpp"
#include "http/client.hpp"
#include "warehouse/kusto_answer.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::conformance {
namespace {

constexpr int tries = 3;

class Outside {
 public:
  static Result<std::unique_ptr<Outside>> start() {
    auto outside = std::make_unique<Outside>();
    TRY(auto serving, app::Serving::open(outside->clock_, {}));
    TRY(outside->server_, app::Server::start(std::move(serving), {}, "127.0.0.1", 0,
                                             {[](std::string_view) {}, [](std::string_view) {}}));
    return outside;
  }

  Result<std::vector<warehouse::Table>> ask(std::string_view query) {
    http::ClientRequest request;
    request.method = "POST";
    request.url = server_->url() + "/v2/rest/query";
    request.headers.add("Content-Type", "application/json");
    const json::object options{{"query_now", format_iso(vectors_now)}};
    request.body = json::serialize(
        json::object{{"db", "Rollcall"}, {"csl", query}, {"properties", {{"Options", options}}}});
    TRY(const auto answer, client_->send(request));
    if (answer.status != 200)
      return std::unexpected(warehouse::read_kusto_error(answer.status, answer.body));
    return warehouse::read_kusto_frames(answer.body);
  }

 private:
  SystemClock clock_;
  std::unique_ptr<app::Server> server_;
  std::unique_ptr<http::Client> client_ = http::make_client();
};

void run_outside(Run& run, const char* file) {
  const auto inside = warehouse::open_embedded({});
  const auto outside = Outside::start();
  if (!inside || !outside) return run.missing("a warehouse, or a server");
  warehouse::QueryOptions options;
  options.now = vectors_now;
  for (const auto& vector : run.lines(std::filesystem::path("kql") / file)) {
    const auto query = text_or(vector, "query");
    std::string within, without;
    for (int i = 0; i == 0 || (i < tries && within.empty() != without.empty()); ++i) {
      within = judge((*inside)->query_all(query, options), vector);
      without = judge((*outside)->ask(query), vector);
    }
    const auto why = "outside: " + (without.empty() ? "as expected" : without) +
                     "; inside: " + (within.empty() ? "as expected" : within);
    run.check(within.empty() == without.empty(), std::string(text_or(vector, "id")),
              why.substr(0, why.find('\n')));
  }
}

const Suite emulator{"kql/emulator_vectors-outside",
                     [](Run& run) { run_outside(run, "emulator_vectors.jsonl"); }};
const Suite documentation{"kql/doc_vectors-outside",
                          [](Run& run) { run_outside(run, "doc_vectors.jsonl"); }};
const Suite loco{"kql/loco_vectors-outside",
                 [](Run& run) { run_outside(run, "loco_vectors.jsonl"); }};

}  // namespace
}  // namespace rollcall::conformance
