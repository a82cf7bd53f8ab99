#include "app/serving.hpp"

#include <fmt/format.h>

#include "app/backup.hpp"
#include "app/embedded.hpp"
#include "doors/doors.hpp"
#include "doors/health/pulse.hpp"

namespace rollcall::app {

Result<std::unique_ptr<Serving>> Serving::open(const Clock& clock, ProductOptions options,
                                               std::vector<std::string> regions,
                                               doors::WebhookOptions webhooks) {
  auto bell = std::make_shared<Bell>();
  if (!options.driver.wake) {
    options.driver.wake = [bell] {
      const std::lock_guard lock(bell->mutex);
      if (bell->call) bell->call();
    };
  }
  fleet::CellRules cells = options.cells;
  TRY(auto product, Product::open(clock, std::move(options)));
  TRY(auto tokens, doors::Tokens::open(product->database()));
  auto serving = std::unique_ptr<Serving>(
      new Serving(std::move(product), std::move(tokens), std::move(regions), std::move(webhooks)));
  serving->bell_ = std::move(bell);
  serving->services_.started = clock.now();
  serving->services_.cells = std::move(cells);
  serving->services_.backup =
      [&of = *serving->product_](const std::filesystem::path& folder) -> Result<json::object> {
    TRY(const auto manifest, make_backup(of, folder));
    return to_json(manifest);
  };
  TRY_DO(serving->runs_.open());
  return serving;
}

Serving::Serving(std::unique_ptr<Product> product, std::unique_ptr<doors::Tokens> tokens,
                 std::vector<std::string> regions, doors::WebhookOptions webhooks)
    : product_(std::move(product)),
      tokens_(std::move(tokens)),
      access_(*tokens_),
      driver_(product_->driver()),
      runs_(product_->database()),
      services_{product_->clock(),
                product_->warehouse(),
                product_->database(),
                product_->lists(),
                driver_,
                runs_,
                *tokens_,
                access_,
                metrics_,
                std::move(regions),
                std::move(webhooks)},
      router_(doors::make_router(services_, embedded_portal())),
      handler_(doors::make_handler(router_, metrics_)) {}

void Serving::on_wake(std::function<void()> call) {
  const std::lock_guard lock(bell_->mutex);
  bell_->call = std::move(call);
}

Result<void> Serving::pull(const std::vector<sources::SourceOptions>& sources) {
  if (sources.empty()) return {};
  TRY(pulling_, Pulling::start(sources, product_->warehouse(), product_->clock()));
  services_.sources = [this] { return pulling_->health(); };
  services_.deaf_cells = [this] { return pulling_->deaf_cells(); };
  return {};
}

void Serving::keep_house(std::function<void(std::string_view)> log) {
  housekeeping_ = std::make_unique<Repeating>(
      minutes(1), [this, log = std::move(log), said = std::string()]() mutable {
        const auto more = product_->warehouse().apply_retention(product_->clock().now());
        const auto wrong = more ? std::string() : more.error().code + " " + more.error().message;
        if (!wrong.empty() && wrong != said) log(fmt::format("retention: {}\n", wrong));
        said = wrong;
        return more.value_or(false);
      });
}

void Serving::beat(const HeartbeatOptions& options, std::function<void(std::string_view)> log) {
  services_.patience = options.patience;
  if (options.url.empty()) return;
  client_ = http::make_client();
  heartbeat_ = std::make_unique<Repeating>(
      options.every, [this, url = options.url, log = std::move(log), failing = false]() mutable {
        if (!doors::take_pulse(services_).problems.empty()) return false;
        http::ClientRequest request;
        request.url = url;
        request.timeout = seconds(5);
        const auto answer = client_->send(request);
        const bool failed = !answer || answer->status >= 400;
        if (failed && !failing) {
          log(fmt::format("the heartbeat's URL {}\n",
                          answer ? fmt::format("answers {}", answer->status)
                                 : "cannot be reached: " + answer.error().message));
        }
        failing = failed;
        return false;
      });
}

void Serving::run_due_flows(const std::function<void(std::string_view)>& log) {
  constexpr std::size_t steps_at_once = 1'000;  // then whoever waits for the driver has his turn
  for (bool more = true; more;) {
    more = driver_.with([&](flow::Driver& driver) {
      for (std::size_t i = 0; i < steps_at_once; ++i) {
        const auto stepped = driver.step();
        if (!stepped) {
          metrics_.flow_errors.fetch_add(1, std::memory_order_relaxed);
          log(fmt::format("flows: {} {}; trying again\n", stepped.error().code,
                          stepped.error().message));
          return false;
        }
        if (!*stepped) return false;
        metrics_.flow_steps.fetch_add(1, std::memory_order_relaxed);
      }
      return true;
    });
  }
}

}  // namespace rollcall::app
