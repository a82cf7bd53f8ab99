// A product with its doors: everything that answers requests, without a socket. The server puts a port and a
// loop around it; a command that finds no server opens one in its own process.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "app/product.hpp"
#include "doors/services.hpp"
#include "http/router.hpp"

namespace rollcall::app {

class Serving {
 public:
  static Result<std::unique_ptr<Serving>> open(const Clock& clock, ProductOptions options,
                                               std::vector<std::string> regions = {});
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  http::Response handle(const http::Request& request) const { return handler_(request); }
  Product& product() { return *product_; }
  doors::SharedDriver& driver() { return driver_; }
  doors::Tokens& tokens() { return *tokens_; }
  doors::Metrics& metrics() { return metrics_; }
  // Takes flows forward until nothing is due. A step that fails is said by `log`, and tried again next time.
  void run_due_flows(const std::function<void(std::string_view)>& log);

 private:
  Serving(std::unique_ptr<Product> product, std::unique_ptr<doors::Tokens> tokens, std::vector<std::string> regions);

  std::unique_ptr<Product> product_;
  std::unique_ptr<doors::Tokens> tokens_;
  doors::Access access_;
  doors::Metrics metrics_;
  doors::SharedDriver driver_;
  flow::RunStore runs_;
  doors::Services services_;
  http::Router router_;
  http::Handler handler_;
};

}  // namespace rollcall::app
