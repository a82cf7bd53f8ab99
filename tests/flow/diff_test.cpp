// What diff calls a difference, and what it does not.
#include <gtest/gtest.h>

#include "flow/diff.hpp"

namespace rollcall::flow {
namespace {

std::string differences(std::string_view before, std::string_view after) {
  const auto a = read_definition(before), b = read_definition(after);
  EXPECT_TRUE(a && b);
  std::string text;
  for (const auto& one : diff(*a, *b)) text += to_string(one) + "\n";
  return text;
}

TEST(FlowDiff, order_case_and_metadata_do_not_count) {
  EXPECT_EQ(
      differences(
          R"json({"triggers": {"T": {"type": "Request"}}, "actions": {
      "A": {"type": "Compose", "inputs": {"x": 1, "y": 2}, "metadata": {"operationMetadataId": "1"}},
      "B": {"type": "http", "inputs": {"uri": "u", "method": "GET"}, "runAfter": {"A": ["SUCCEEDED"]}}}})json",
          R"json({"actions": {"B": {"runAfter": {"A": ["Succeeded"]}, "type": "Http", "inputs": {"method": "GET", "uri": "u"}},
      "A": {"inputs": {"y": 2, "x": 1}, "type": "compose", "runAfter": {}}}, "triggers": {"T": {"type": "Request"}}})json"),
      "");
}

TEST(FlowDiff, a_definition_with_a_name_twice_does_not_differ_from_itself) {
  const auto text =
      R"json({"triggers": {"T": {"type": "Request"}}, "connectionReferences": {"c": {"api": {"name": "shared_a"}}, "C": {"api": {"name": "shared_b"}}},
      "actions": {"If": {"type": "If", "expression": true, "actions": {"A": {"type": "Compose", "inputs": 1}},
      "else": {"actions": {"A": {"type": "Compose", "inputs": 2}, "B": {"type": "Compose", "inputs": "@outputs('A')", "runAfter": {"A": ["Succeeded"]}}}}}}})json";
  EXPECT_EQ(differences(text, text), "");
}

TEST(FlowDiff, what_changed_is_named_with_its_place) {
  EXPECT_EQ(
      differences(
          R"json({"parameters": {"P": {"type": "String", "defaultValue": "a"}}, "triggers": {"T": {"type": "Request"}}, "actions": {
      "A": {"type": "Compose", "inputs": 1}, "Gone": {"type": "Compose", "inputs": "only here"}, "Old": {"type": "Http", "inputs": {"uri": "u"}},
      "S": {"type": "Scope", "actions": {"In": {"type": "Compose", "inputs": 5}}}, "B": {"type": "Compose", "inputs": 2, "runAfter": {"A": ["Succeeded"]}}}})json",
          R"json({"parameters": {"P": {"type": "String", "defaultValue": "b"}}, "triggers": {"T": {"type": "Request", "inputs": {"method": "GET"}}}, "actions": {
      "A": {"type": "Compose", "inputs": 3}, "New": {"type": "Http", "inputs": {"uri": "u"}}, "In": {"type": "Compose", "inputs": 5},
      "S": {"type": "Scope", "actions": {"More": {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Day"}}}}},
      "B": {"type": "Compose", "inputs": 2, "runAfter": {"A": ["Succeeded", "Failed"]}}}})json"),
      "~ parameter P: /defaultValue: \"a\" → \"b\"\n"
      "~ trigger T: /inputs: nothing → {\"method\":\"GET\"}\n"
      "~ action A: /inputs: 1 → 3\n"
      "~ action In moved from S to the flow\n"
      "~ action B: runs after: A Succeeded → A Succeeded/Failed\n"
      "~ action New renamed was Old\n"
      "+ action More of type Wait in S\n"
      "- action Gone of type Compose in the flow\n");
}

}  // namespace
}  // namespace rollcall::flow
