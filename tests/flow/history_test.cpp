// A run's history as it is packed: what is taken out is what was put in, however long it is, and the same bytes
// come of the same events, whichever thread has compressed them.
#include "flow/history.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace rollcall::flow {
namespace {

Workflow workflow() {
  auto definition = read_definition(
      R"({"definition":{"triggers":{},"actions":{"Said":{"type":"Compose","inputs":1}}}})");
  EXPECT_TRUE(definition);
  auto compiled = Workflow::compile(*std::move(definition), Connectors(), Settings());
  EXPECT_TRUE(compiled);
  return *std::move(compiled);
}

Event event_of(std::uint32_t number, std::size_t bytes) {
  Completed completed{{0, {}}, number, {json::object{{"body", std::string(bytes, 'x')}}, {}, {}}};
  return {Timestamp{number}, std::move(completed)};
}

std::string packed(const Workflow& workflow, HistoryMemory& memory, std::uint32_t events,
                   std::size_t bytes) {
  HistoryWriter writer(workflow, memory);
  for (std::uint32_t i = 1; i <= events; ++i) {
    writer.add(event_of(i, bytes));
    writer.add(event_of(0, bytes));
    writer.drop_last();
  }
  EXPECT_EQ(writer.count(), events);
  EXPECT_GT(writer.bytes(), events * bytes);
  return writer.pack().value_or("");
}

TEST(History, WhatIsPackedComesOutAgainHoweverLongItIs) {
  const auto flow = workflow();
  HistoryMemory memory;
  for (const auto& [count, bytes] : std::vector<std::pair<std::uint32_t, std::size_t>>{
           {1, 10}, {3, 1'000}, {100, 5'000}, {3'000, 1'000}, {7, 300'000}}) {
    const auto row = packed(flow, memory, count, bytes);
    EXPECT_EQ(row, packed(flow, memory, count, bytes));
    const auto events = unpack_events(std::as_bytes(std::span(row)), flow);
    ASSERT_TRUE(events);
    ASSERT_EQ(events->size(), count);
    for (std::uint32_t i = 0; i < count; ++i)
      ASSERT_EQ(event_line(flow, (*events)[i]), event_line(flow, event_of(i + 1, bytes)));
  }
}

// A turn that fails leaves its writer unfinished.
TEST(History, WhatWasNotPackedIsForgotten) {
  const auto flow = workflow();
  HistoryMemory memory;
  const auto expected = packed(flow, memory, 2'000, 500);
  for (int i = 0; i < 20; ++i) {
    HistoryWriter unfinished(flow, memory);
    for (std::uint32_t event = 0; event < 1'000; ++event) unfinished.add(event_of(event, 700));
  }
  EXPECT_EQ(packed(flow, memory, 2'000, 500), expected);
}

}  // namespace
}  // namespace rollcall::flow
