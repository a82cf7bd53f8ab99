// A product with its doors: everything that answers requests, without a socket. The server puts a port and a
// loop around it; a command that finds no server opens one in its own process.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/product.hpp"
#include "app/pulling.hpp"
#include "app/repeating.hpp"
#include "doors/services.hpp"
#include "http/router.hpp"

namespace rollcall::app {

// What an outside monitor hears while all is well: a dead man's signal.
struct HeartbeatOptions {
  std::string url;  // "": none is called
  Timespan every = seconds(60);
  Timespan patience = minutes(15);  // how long no poll, and no log, is still well
};

class Serving {
 public:
  static Result<std::unique_ptr<Serving>> open(const Clock& clock, ProductOptions options,
                                               std::vector<std::string> regions = {},
                                               doors::WebhookOptions webhooks = {});
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  http::Response handle(const http::Request& request) const { return handler_(request); }
  Product& product() { return *product_; }
  doors::SharedDriver& driver() { return driver_; }
  doors::Tokens& tokens() { return *tokens_; }
  doors::Metrics& metrics() { return metrics_; }
  // Called, by any thread, when an answer has come for a flow.
  void on_wake(std::function<void()> call);
  // Asks these from now on; to be called before requests come. SOURCE0301, WAREHOUSE0111: one of them cannot be asked.
  Result<void> pull(const std::vector<sources::SourceOptions>& sources);
  // Carries retention out every minute from now on. What fails is said by `log`, once for each reason.
  void keep_house(std::function<void(std::string_view)> log);
  // Calls the URL while all is well (doors/health/pulse.hpp). That it cannot be reached is said by `log`, once.
  void beat(const HeartbeatOptions& options, std::function<void(std::string_view)> log);
  // Takes flows forward until nothing is due. A step that fails is said by `log`, and tried again next time.
  void run_due_flows(const std::function<void(std::string_view)>& log);

 private:
  struct Bell {
    std::mutex mutex;
    std::function<void()> call;
  };
  Serving(std::unique_ptr<Product> product, std::unique_ptr<doors::Tokens> tokens,
          std::vector<std::string> regions, doors::WebhookOptions webhooks);

  std::shared_ptr<Bell> bell_;

  std::unique_ptr<Product> product_;
  std::unique_ptr<doors::Tokens> tokens_;
  doors::Access access_;
  doors::Metrics metrics_;
  doors::SharedDriver driver_;
  flow::RunStore runs_;
  doors::Services services_;
  http::Router router_;
  http::Handler handler_;
  std::unique_ptr<Pulling> pulling_;  // ends before what it writes to
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<Repeating> housekeeping_, heartbeat_;
};

}  // namespace rollcall::app
