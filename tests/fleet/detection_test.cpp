// The edge cases of detection, each a few lines of text: a fleet, polls, and the history that must
// come of it.
#include "scenario.hpp"
#include "support/cases.hpp"
#include "support/golden.hpp"

namespace rollcall::fleet::test {
namespace {

using rollcall::test::GoldenCase;
using rollcall::test::Handlers;

std::string argument(const GoldenCase& golden, std::size_t index) {
  return index < golden.arguments.size() ? golden.arguments[index] : "";
}

Handlers make() {
  const auto scenario = std::make_shared<std::unique_ptr<Scenario>>();
  return {
      {"fleet",
       [scenario](const GoldenCase& golden) {
         *scenario = std::make_unique<Scenario>();
         return (*scenario)->add(golden.body);
       }},
      {"more", [scenario](const GoldenCase& golden) { return (*scenario)->add(golden.body); }},
      {"poll",  // until 11:00, or until 11:00 but down 10:00..10:50
       [scenario](const GoldenCase& golden) {
         return (*scenario)->poll(argument(golden, 0), argument(golden, 2));
       }},
      {"history",
       [scenario](const GoldenCase& golden) {
         (*scenario)->poll(argument(golden, 0), argument(golden, 2));
         return (*scenario)->history() + "now " + (*scenario)->snapshot();
       }},
  };
}

const rollcall::test::Registration golden{
    [] { rollcall::test::register_golden("Detection", TEST_FOLDER, make); }};

}  // namespace
}  // namespace rollcall::fleet::test
