// Everything that doors stand on, in memory and on a clock that is moved by hand.
#pragma once
#include <memory>
#include <string>

#include "doors/doors.hpp"

namespace rollcall::test {

class House {
 public:
  House();
  http::Response ask(http::Request request) { return handler_(request); }
  // `GET /path`, headers, an empty line, the body; `remote` comes from elsewhere than this machine.
  std::string exchange(const std::string& text, bool remote);
  void add_item(const std::string& list, const std::string& fields);
  void create_table(const std::string& name, const std::string& columns);
  ManualClock clock{*parse_iso("2026-01-01T12:00:00Z")};

  void expect_cells(fleet::CellRules rules);

 private:
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<lists::ListStore> lists_;
  std::unique_ptr<warehouse::Warehouse> warehouse_;
  flow::Connectors connectors_;
  std::unique_ptr<flow::Driver> driver_;
  std::unique_ptr<flow::RunStore> runs_;
  std::unique_ptr<doors::Tokens> tokens_;
  std::unique_ptr<doors::Access> access_;
  std::unique_ptr<doors::SharedDriver> shared_;
  doors::Metrics metrics_;
  std::unique_ptr<doors::Services> services_;
  http::Router router_;
  http::Handler handler_;
};

// Secrets and identifiers differ at each run: `rc_…` and `GUID` stand for them.
std::string without_secrets(std::string text);

}  // namespace rollcall::test
