// Packages that flows are exported in.
#include <gtest/gtest.h>
#include <zlib.h>

#include "app/flow_package.hpp"
#include "app/zip.hpp"

namespace rollcall::app {
namespace {

void put(std::string& out, std::uint32_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

// One entry, stored.
std::string zip_of(const std::string& name, const std::string& content) {
  const auto crc = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
  const auto size = static_cast<std::uint32_t>(content.size()),
             length = static_cast<std::uint32_t>(name.size());
  std::string out("PK\x03\x04", 4);
  put(out, 20, 2), put(out, 0, 2), put(out, 0, 2), put(out, 0, 4), put(out, crc, 4),
      put(out, size, 4), put(out, size, 4), put(out, length, 2), put(out, 0, 2);
  out += name + content;
  const auto directory = static_cast<std::uint32_t>(out.size());
  out += std::string("PK\x01\x02", 4);
  put(out, 20, 2), put(out, 20, 2), put(out, 0, 2), put(out, 0, 2), put(out, 0, 4),
      put(out, crc, 4), put(out, size, 4), put(out, size, 4), put(out, length, 2);
  put(out, 0, 2), put(out, 0, 2), put(out, 0, 2), put(out, 0, 2), put(out, 0, 4), put(out, 0, 4);
  out += name;
  const auto end = static_cast<std::uint32_t>(out.size());
  out += std::string("PK\x05\x06", 4);
  put(out, 0, 2), put(out, 0, 2), put(out, 1, 2), put(out, 1, 2), put(out, end - directory, 4),
      put(out, directory, 4), put(out, 0, 2);
  return out;
}

const std::string exported =
    R"json({"name": "1", "properties": {"displayName": "Order", "definition": {"triggers": {"R": {"type": "Request"}}, "actions": {}}}})json";

TEST(FlowPackage, a_flow_of_a_zip_keeps_its_text) {
  const auto flows =
      read_package(zip_of("Microsoft.Flow/flows/1/definition.json", exported), "order.zip", {});
  ASSERT_TRUE(flows.has_value()) << flows.error().message;
  ASSERT_EQ(flows->size(), 1U);
  EXPECT_EQ(flows->front().name, "Order");
  EXPECT_EQ(flows->front().text, exported);
}

TEST(FlowPackage, a_solution_names_its_flows_by_their_files) {
  const auto flows = read_package(
      zip_of(
          "Workflows/Approve-0A1B2C3D-0000-0000-0000-000000000000.json",
          R"json({"properties": {"definition": {"triggers": {"R": {"type": "Request"}}, "actions": {}}}})json"),
      "s.zip", {});
  ASSERT_TRUE(flows.has_value()) << flows.error().message;
  EXPECT_EQ(flows->front().name, "Approve");
}

TEST(FlowPackage, a_template_is_computed_as_far_as_it_can_be) {
  const auto flows = read_package(
      R"json({"parameters": {"Name": {"defaultValue": "tell"}, "Site": {"type": "string"}}, "variables": {"Url": "[concat('https://', parameters('Site'))]"},
    "resources": [{"type": "Microsoft.Logic/workflows", "name": "[parameters('Name')]", "properties": {"definition": {"triggers": {"R": {"type": "Request"}}, "actions": {
      "Get": {"type": "Http", "inputs": {"method": "GET", "uri": "[variables('Url')]", "body": "[subscription().id]"}}}}}}]})json",
      "t.json", {{"Site", "example.com"}});
  ASSERT_TRUE(flows.has_value()) << flows.error().message;
  const auto& flow = flows->front();
  EXPECT_EQ(flow.name, "tell");
  EXPECT_NE(flow.text.find("https://example.com"), std::string::npos);
}

TEST(FlowPackage, what_is_no_package_is_refused) {
  EXPECT_EQ(read_package("PK\x03\x04 broken", "x.zip", {}).error().code, "APP0301");
  EXPECT_EQ(read_package(zip_of("readme.json", "{}"), "x.zip", {}).error().code, "APP0302");
  EXPECT_EQ(read_package("{}", "x.json", {}).error().code, "FLOW0101");
  auto damaged = zip_of("Microsoft.Flow/flows/1/definition.json", exported);
  damaged.resize(damaged.size() - 30);
  EXPECT_FALSE(read_package(damaged, "x.zip", {}).has_value());
}

}  // namespace
}  // namespace rollcall::app
