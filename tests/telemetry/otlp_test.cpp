// OTLP: every text case is read from JSON and from the protobuf that says the same, and both must agree; then bytes that are no
// OTLP at all.
#include "telemetry/otlp.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <charconv>

#include "base/json.hpp"
#include "telemetry/protobuf.hpp"
#include "telemetry/show.hpp"

namespace rollcall::telemetry {

std::string show(const LogBatch& batch) {
  std::string text;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto row = batch.row(i);
    text += format_iso(row.timestamp);
    if (row.observed_timestamp != row.timestamp)
      text += " observed=" + format_iso(row.observed_timestamp);
    if (!batch.arrival.empty()) text += " arrival=" + format_iso(batch.arrival[i]);
    if (row.severity_number != no_severity)
      text += fmt::format(" severity={}", row.severity_number);
    const std::pair<const char*, std::string_view> texts[] = {{"environment", row.environment},
                                                              {"role", row.role},
                                                              {"region", row.region},
                                                              {"version", row.version},
                                                              {"instance", row.instance},
                                                              {"host", row.host},
                                                              {"text", row.severity_text},
                                                              {"body", row.body},
                                                              {"trace", row.trace_id},
                                                              {"span", row.span_id},
                                                              {"resource", row.resource_attributes},
                                                              {"attributes", row.log_attributes}};
    for (const auto& [name, value] : texts) {
      if (!value.empty()) text += fmt::format(" {}={}", name, value);
    }
    text += '\n';
  }
  return text;
}

namespace {

const auto received = *parse_iso("2026-01-01T12:00:00Z");

// A writer of protobuf, apart from the reader that is tested.
class Message {
 public:
  Message& number(unsigned field, std::uint64_t value) {
    varint(field << 3);
    varint(value);
    return *this;
  }
  Message& fixed(unsigned field, std::uint64_t value) {
    varint(field << 3 | 1);
    for (int i = 0; i < 8; ++i) bytes_ += static_cast<char>(value >> (8 * i));
    return *this;
  }
  Message& text(unsigned field, std::string_view value) {
    varint(field << 3 | 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& add(unsigned field, const Message& message) { return text(field, message.bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(0x80 | (value & 0x7F));
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

std::uint64_t number_of(const json::value& value) {
  if (!value.is_string()) return value.to_number<std::uint64_t>();
  std::uint64_t number = 0;
  const auto& digits = value.get_string();
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

const json::array& list_of(const json::value& owner, std::string_view name) {
  static const json::array none;
  const auto* found = find(owner, name);
  return found != nullptr && found->is_array() ? found->get_array() : none;
}

Message any_value(const json::value& any);
Message key_value(const json::value& pair) {
  Message message;
  message.text(1, text_or(pair, "key"));
  if (const auto* value = find(pair, "value")) message.add(2, any_value(*value));
  return message;
}
Message values_of(const json::value& list, Message (*one)(const json::value&)) {
  Message message;
  for (const auto& value : list_of(list, "values")) message.add(1, one(value));
  return message;
}
std::int64_t signed_of(const json::value& value) {
  if (!value.is_string()) return value.to_number<std::int64_t>();
  std::int64_t number = 0;
  const auto& digits = value.get_string();
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}
Message any_value(const json::value& any) {
  Message message;
  if (const auto* value = find(any, "stringValue"))
    message.text(1, std::string_view(value->as_string()));
  if (const auto* value = find(any, "boolValue")) message.number(2, value->as_bool() ? 1 : 0);
  if (const auto* value = find(any, "intValue"))
    message.number(3, static_cast<std::uint64_t>(signed_of(*value)));
  if (const auto* value = find(any, "doubleValue")) {
    const double real =
        value->is_string() ? std::numeric_limits<double>::quiet_NaN() : value->to_number<double>();
    message.fixed(4, std::bit_cast<std::uint64_t>(real));
  }
  if (const auto* value = find(any, "arrayValue")) message.add(5, values_of(*value, any_value));
  if (const auto* value = find(any, "kvlistValue")) message.add(6, values_of(*value, key_value));
  return message;
}
std::string unhex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    bytes += static_cast<char>(byte);
  }
  return bytes;
}
void add_attributes(Message& message, unsigned field, const json::value& owner) {
  for (const auto& pair : list_of(owner, "attributes")) message.add(field, key_value(pair));
}
Message log_record(const json::value& from) {
  Message message;
  if (const auto* value = find(from, "timeUnixNano")) message.fixed(1, number_of(*value));
  if (const auto* value = find(from, "observedTimeUnixNano")) message.fixed(11, number_of(*value));
  if (const auto* value = find(from, "severityNumber")) message.number(2, number_of(*value));
  if (const auto* value = find(from, "severityText"))
    message.text(3, std::string_view(value->as_string()));
  if (const auto* value = find(from, "body")) message.add(5, any_value(*value));
  add_attributes(message, 6, from);
  if (const auto* value = find(from, "traceId")) message.text(9, unhex(value->as_string()));
  if (const auto* value = find(from, "spanId")) message.text(10, unhex(value->as_string()));
  if (const auto* value = find(from, "eventName"))
    message.text(12, std::string_view(value->as_string()));
  message.number(99, 7).text(98, "a field of tomorrow");
  return message;
}
Message metric(const json::value& from) {
  Message message;
  message.text(1, text_or(from, "name"));
  for (const auto& [name, field] : {std::pair{"gauge", 5U}, {"sum", 7U}, {"histogram", 9U}}) {
    const auto* data = find(from, name);
    if (data == nullptr) continue;
    Message points;
    for (const auto& one : list_of(*data, "dataPoints")) {
      Message point;
      if (const auto* value = find(one, "timeUnixNano")) point.fixed(3, number_of(*value));
      add_attributes(point, 7, one);
      points.add(1, point);
    }
    message.add(field, points);
  }
  return message;
}
// The scopes before the resource, which protobuf allows and nobody sends.
Message resource_of(const json::value& from, std::string_view scopes, std::string_view things,
                    Message (*one)(const json::value&)) {
  Message message;
  for (const auto& scope : list_of(from, scopes)) {
    Message inner;
    if (const auto* named = find(scope, "scope"))
      inner.add(1, Message().text(1, text_or(*named, "name")).text(2, text_or(*named, "version")));
    for (const auto& thing : list_of(scope, things)) inner.add(2, one(thing));
    message.add(2, inner);
  }
  if (const auto* resource = find(from, "resource")) {
    Message inner;
    add_attributes(inner, 1, *resource);
    message.add(1, inner);
  }
  return message;
}
std::string protobuf_of(const json::value& document, bool logs) {
  Message message;
  for (const auto& one : list_of(document, logs ? "resourceLogs" : "resourceMetrics")) {
    message.add(1, logs ? resource_of(one, "scopeLogs", "logRecords", log_record)
                        : resource_of(one, "scopeMetrics", "metrics", metric));
  }
  return message.bytes();
}

std::string read(std::string_view body, OtlpEncoding encoding, bool logs) {
  LogBatch batch;
  const auto report = (logs ? read_otlp_logs : read_otlp_metrics)(body, encoding, received, batch);
  if (!report) return report.error().code + " " + report.error().message + "\n";
  auto text = show(batch) + fmt::format("{} records, {} rows, {} rejected\n", report->records,
                                        report->rows, report->rejected);
  return report->reason.empty() ? text : text + report->reason + "\n";
}

}  // namespace

std::string read_otlp(const test::GoldenCase& one) {
  const bool logs = one.arguments.at(0) == "logs";
  const auto from_json = read(one.body, OtlpEncoding::json, logs);
  const auto document = parse_json(one.body);
  if (document && !from_json.starts_with("INGEST"))
    EXPECT_EQ(read(protobuf_of(*document, logs), OtlpEncoding::protobuf, logs), from_json);
  return from_json;
}

namespace {

const std::string sample =
    R"({"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"portal"}},
  {"key":"list","value":{"arrayValue":{"values":[{"intValue":"1"},{"kvlistValue":{"values":[{"key":"a","value":{"boolValue":true}}]}}]}}}]},
  "scopeLogs":[{"scope":{"name":"s"},"logRecords":[{"timeUnixNano":"1767268800000000000","body":{"stringValue":"one"}},{"body":{"doubleValue":1.5}}]}]}]})";

TEST(Otlp, EveryBeginningOfAMessageIsReadOrRefused) {
  const auto whole = protobuf_of(*parse_json(sample), true);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    for (const bool logs : {true, false}) {
      LogBatch batch;
      const auto report = (logs ? read_otlp_logs : read_otlp_metrics)(
          whole.substr(0, size), OtlpEncoding::protobuf, received, batch);
      if (!report) EXPECT_EQ(report.error().code, "INGEST0301");
    }
    LogBatch batch;
    EXPECT_EQ(
        read_otlp_logs(sample.substr(0, size), OtlpEncoding::json, received, batch).error().code,
        "INGEST0302");
  }
}

TEST(Otlp, AnyBytesAreReadOrRefused) {
  const auto whole = protobuf_of(*parse_json(sample), true);
  rc::check("damaged messages", [&] {
    auto damaged = whole;
    const auto times = *rc::gen::inRange(1, 6);
    for (int i = 0; i < times; ++i)
      damaged[*rc::gen::inRange<std::size_t>(0, damaged.size())] = *rc::gen::arbitrary<char>();
    LogBatch batch;
    const auto report = read_otlp_logs(damaged, OtlpEncoding::protobuf, received, batch);
    if (report) RC_ASSERT(batch.size() == report->rows);
  });
}

TEST(Otlp, ValuesWithinValuesHaveALimit) {
  Message value;
  value.text(1, "deep");
  for (int i = 0; i < 1'000; ++i) value = Message().add(5, Message().add(1, value));
  const auto record = Message().add(5, value);
  const auto body = Message().add(
      1, Message().add(
             2, Message().add(2, record).add(2, Message().add(5, Message().text(1, "kept")))));
  LogBatch batch;
  const auto report = read_otlp_logs(body.bytes(), OtlpEncoding::protobuf, received, batch);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->rejected, 1U);
  EXPECT_EQ(report->reason,
            "log record 1 is not kept: its values are nested deeper than 64 levels");
  EXPECT_EQ(batch.row(0).body, "kept");
}

TEST(Protobuf, NumbersThatDoNotFitAreBroken) {
  const auto broken = [](std::string bytes) {
    ProtobufReader reader(bytes);
    while (reader.next()) {
    }
    return reader.broken();
  };
  EXPECT_FALSE(broken(""));
  EXPECT_FALSE(broken(std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11)));
  EXPECT_TRUE(broken(
      std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11)));  // more than 64 bits
  EXPECT_TRUE(broken(std::string("\x08\xff", 2)));
  EXPECT_TRUE(broken(std::string("\x00\x01", 2)));  // field 0
  EXPECT_TRUE(broken(std::string("\x0b", 1)));      // a group
  EXPECT_TRUE(broken(
      std::string("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10)));  // longer than what is there
  EXPECT_TRUE(broken(std::string("\x09\x01\x02", 3)));
}

}  // namespace
}  // namespace rollcall::telemetry
