// JSON schemas, durations and recurrences by themselves.
#include <fmt/format.h>

#include "flow/duration.hpp"
#include "flow/json_schema.hpp"
#include "flow/recurrence.hpp"
#include "support/cases.hpp"
#include "support/golden.hpp"

namespace rollcall::test {
namespace {

Handlers make() {
  auto schema = std::make_shared<flow::JsonSchema>();
  Handlers handlers;
  handlers["schema"] = [schema](const GoldenCase& one) -> std::string {
    const auto body = parse_json(one.body);
    if (!body) return render(body.error(), one.body);
    auto compiled = flow::JsonSchema::compile(*body);
    if (!compiled) return render(compiled.error(), "");
    *schema = *std::move(compiled);
    return {};
  };
  // A value a line.
  handlers["check"] = [schema](const GoldenCase& one) {
    std::string text;
    std::string rest = one.body + "\n";
    while (!rest.empty()) {
      const auto line = rest.substr(0, rest.find('\n'));
      rest.erase(0, line.size() + 1);
      const auto value = parse_json(line);
      const auto fits =
          value ? schema->check(*value) : Result<void>(std::unexpected(value.error()));
      text += fits ? "fits\n" : render(fits.error(), "") + "\n";
    }
    return text;
  };
  handlers["duration"] = [](const GoldenCase& one) -> std::string {
    const auto span = flow::parse_duration(one.body);
    return span ? format_timespan(*span) : render(span.error(), "");
  };
  // recurrence DEPLOYED COUNT: the first times at which it fires.
  handlers["recurrence"] = [](const GoldenCase& one) -> std::string {
    const auto body = parse_json(one.body);
    if (!body) return render(body.error(), one.body);
    const auto recurrence = flow::parse_recurrence(*body);
    if (!recurrence) return render(recurrence.error(), "");
    auto time = flow::first_fire(*recurrence, *parse_iso(one.arguments.at(0)));
    std::string text;
    const auto anchor = time ? *time : Timestamp{};
    for (int i = 0; i < std::stoi(one.arguments.at(1)) && time; ++i) {
      text += format_iso_seconds(*time) + "\n";
      time = flow::next_fire(*recurrence, anchor, *time);
    }
    return time ? text : text + render(time.error(), "");
  };
  return handlers;
}

const Registration golden{[] { register_golden("FlowValues", TEST_FOLDER "/values", make); }};

}  // namespace
}  // namespace rollcall::test
