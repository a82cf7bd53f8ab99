// OTLP in JSON: protobuf's JSON mapping with OTLP's own rules
// (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): lowerCamelCase names only,
// trace and span ids in hexadecimal, enumerations as integers; 64-bit integers as texts or numbers.
// Members that are not known are skipped.
#include <simdjson.h>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/json_text.hpp"
#include "telemetry/otlp_rows.hpp"

namespace rollcall::telemetry {
namespace {

namespace dom = simdjson::dom;

class MessageReader {
 public:
  // What is of the wrong kind is said by the first one's name.
  const std::string& wrong() const { return wrong_; }

  template <class Take>
  void each(const dom::object& object, std::string_view name, Take take) {
    dom::element list;
    if (object[name].get(list) != simdjson::SUCCESS || list.is_null()) return;
    dom::array array;
    if (list.get(array) != simdjson::SUCCESS) return mistake(name, "an array");
    for (const dom::element one : array) {
      dom::object member;
      if (one.get(member) != simdjson::SUCCESS) return mistake(name, "an array of objects");
      take(member);
      if (!wrong_.empty()) return;
    }
  }
  std::optional<dom::object> object(const dom::object& owner, std::string_view name) {
    dom::element element;
    if (owner[name].get(element) != simdjson::SUCCESS || element.is_null()) return std::nullopt;
    dom::object found;
    if (element.get(found) == simdjson::SUCCESS) return found;
    mistake(name, "an object");
    return std::nullopt;
  }
  std::string_view text(const dom::object& owner, std::string_view name) {
    dom::element element;
    if (owner[name].get(element) != simdjson::SUCCESS || element.is_null()) return {};
    std::string_view found;
    if (element.get(found) != simdjson::SUCCESS) mistake(name, "a text");
    return found;
  }

  void resource(const dom::object& owner, OtlpContext& context) {
    resource_.clear();
    context.names.clear();
    deep_ = false;
    if (const auto resource = object(owner, "resource"))
      attributes(*resource, resource_, context.names, false);
    context.resource_attributes = resource_.finish();
    context.deep = std::exchange(deep_, false);
  }
  void scope(const dom::object& owner, OtlpContext& context) {
    context.scope_name.clear();
    context.scope_version.clear();
    if (const auto scope = object(owner, "scope")) {
      context.scope_name = text(*scope, "name");
      context.scope_version = text(*scope, "version");
    }
  }

  // One walk over the members: a record has a dozen, and looking each up would pass all of them
  // each time.
  void log_record(const dom::object& from, OtlpRecord& record) {
    record.clear();
    deep_ = false;
    for (const auto [key, value] : from) {
      if (value.is_null()) continue;
      if (key == "timeUnixNano")
        record.time = unsigned_number(value, key);
      else if (key == "observedTimeUnixNano")
        record.observed_time = unsigned_number(value, key);
      else if (key == "severityNumber")
        record.severity_number = unsigned_number(value, key);
      else if (key == "severityText")
        record.severity_text = text_of(value, key);
      else if (key == "body")
        body(value, record);
      else if (key == "attributes")
        attribute_list(value, record.attributes, record.names, false);
      else if (key == "traceId")
        identifier(text_of(value, key), 32, record.trace_id);
      else if (key == "spanId")
        identifier(text_of(value, key), 16, record.span_id);
      else if (key == "eventName")
        record.event_name = text_of(value, key);
    }
    if (std::exchange(deep_, false)) record.wrong = "its values are nested deeper than 64 levels";
  }
  void data_point(const dom::object& from, OtlpPoint& point) {
    point.clear();
    for (const auto [key, value] : from) {
      if (value.is_null()) continue;
      if (key == "timeUnixNano") point.time = unsigned_number(value, key);
      if (key == "attributes") attribute_list(value, point.attributes, point.names, true);
    }
  }

 private:
  void mistake(std::string_view name, std::string_view wanted) {
    if (wrong_.empty()) wrong_ = fmt::format("{} must be {}", name, wanted);
  }
  std::string_view text_of(const dom::element& value, std::string_view name) {
    std::string_view found;
    if (value.get(found) != simdjson::SUCCESS) mistake(name, "a text");
    return found;
  }
  std::uint64_t unsigned_number(const dom::element& value, std::string_view name) {
    std::uint64_t number = 0;
    std::string_view digits;
    if (value.get(number) == simdjson::SUCCESS) return number;
    if (value.get(digits) == simdjson::SUCCESS) {
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), number);
      if (error == std::errc() && end == digits.data() + digits.size()) return number;
    }
    mistake(name, "a whole number, or one in quotes");
    return 0;
  }
  void attributes(const dom::object& owner, Attributes& into, Names& names, bool label) {
    dom::element list;
    if (owner["attributes"].get(list) == simdjson::SUCCESS && !list.is_null())
      attribute_list(list, into, names, label);
  }
  void attribute_list(const dom::element& list, Attributes& into, Names& names, bool label) {
    dom::array array;
    if (list.get(array) != simdjson::SUCCESS) return mistake("attributes", "an array");
    for (const dom::element one : array) {
      dom::object pair;
      if (one.get(pair) != simdjson::SUCCESS) return mistake("attributes", "an array of objects");
      const auto key = text(pair, "key");
      std::string& out = into.next(key);
      const std::size_t begin = out.size();
      dom::element value;
      if (pair["value"].get(value) != simdjson::SUCCESS) {
        out += "null";
        continue;
      }
      any_value(value, out, 0);
      if (const auto plain = plain_text(value)) {
        label ? names.take_label(key, *plain) : names.take_attribute(key, *plain);
      } else if (out[begin] >= '0' && out[begin] <= '9') {
        names.take_attribute(key, std::string_view(out).substr(begin));
      }
    }
  }
  static std::optional<std::string_view> plain_text(const dom::element& any) {
    std::string_view text;
    if (any["stringValue"].get(text) != simdjson::SUCCESS) return std::nullopt;
    return text;
  }
  void body(const dom::element& any, OtlpRecord& record) {
    record.body.clear();
    if (const auto text = plain_text(any)) {
      record.body = *text;
      return;
    }
    dom::object object;
    if (any.get(object) != simdjson::SUCCESS)
      return mistake("body", "an object such as {\"stringValue\":\"…\"}");
    if (object.begin() != object.end()) any_value(any, record.body, 0);
  }
  static void identifier(std::string_view hexadecimal, std::size_t size, std::string& out) {
    out.clear();
    if (hexadecimal.size() != size ||
        hexadecimal.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
      return;
    for (const char c : hexadecimal)
      out += c >= 'A' && c <= 'F' ? static_cast<char>(c + ('a' - 'A')) : c;
  }

  static bool is_value_name(std::string_view name) {
    return name == "stringValue" || name == "boolValue" || name == "intValue" ||
           name == "doubleValue" || name == "arrayValue" || name == "kvlistValue" ||
           name == "bytesValue";
  }
  // AnyValue: {"stringValue": …} and its kin.
  void any_value(const dom::element& any, std::string& out, int depth) {
    dom::object object;
    if (depth > max_otlp_depth) {
      deep_ = true;
      out += "null";
      return;
    }
    if (any.get(object) != simdjson::SUCCESS) {
      if (!any.is_null()) mistake("value", "an object such as {\"stringValue\":\"…\"}");
      out += "null";
      return;
    }
    const std::size_t begin = out.size();
    for (const auto [key, value] : object) {
      if (value.is_null() || !is_value_name(key)) continue;
      out.resize(begin);  // of a oneof the last one counts
      if (key == "stringValue" || key == "bytesValue")
        append_json(out, text_of(value, key));
      else if (key == "boolValue")
        boolean(value, out);
      else if (key == "intValue")
        integer(value, out);
      else if (key == "doubleValue")
        real(value, out);
      else if (key == "arrayValue")
        array_value(value, out, depth);
      else
        key_value_list(value, out, depth);
    }
    if (out.size() == begin) out += "null";
  }
  void boolean(const dom::element& value, std::string& out) {
    bool flag = false;
    if (value.get(flag) != simdjson::SUCCESS) mistake("boolValue", "true or false");
    out += flag ? "true" : "false";
  }
  void integer(const dom::element& value, std::string& out) {
    std::int64_t number = 0;
    std::string_view digits;
    if (value.get(number) == simdjson::SUCCESS) return append_json(out, number);
    if (value.get(digits) == simdjson::SUCCESS) {
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), number);
      if (error == std::errc() && end == digits.data() + digits.size())
        return append_json(out, number);
    }
    mistake("intValue", "a whole number, or one in quotes");
    out += "0";
  }
  void real(const dom::element& value, std::string& out) {
    double number = 0;
    std::string_view name;
    if (value.get(number) == simdjson::SUCCESS) return append_real_json(out, number);
    if (value.get(name) == simdjson::SUCCESS &&
        (name == "NaN" || name == "Infinity" || name == "-Infinity"))
      return append_json(out, name);
    if (value.get(name) == simdjson::SUCCESS) {
      const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
      if (error == std::errc() && end == name.data() + name.size())
        return append_real_json(out, number);
    }
    mistake("doubleValue", "a number");
    out += "0";
  }
  void array_value(const dom::element& list, std::string& out, int depth) {
    out += '[';
    dom::array values;
    if (list["values"].get(values) == simdjson::SUCCESS) {
      bool first = true;
      for (const dom::element one : values) {
        if (!std::exchange(first, false)) out += ',';
        any_value(one, out, depth + 1);
      }
    }
    out += ']';
  }
  void key_value_list(const dom::element& list, std::string& out, int depth) {
    out += '{';
    dom::array values;
    if (list["values"].get(values) == simdjson::SUCCESS) {
      bool first = true;
      for (const dom::element one : values) {
        dom::object pair;
        if (one.get(pair) != simdjson::SUCCESS) return mistake("values", "an array of objects");
        if (!std::exchange(first, false)) out += ',';
        append_json(out, text(pair, "key"));
        out += ':';
        dom::element value;
        if (pair["value"].get(value) == simdjson::SUCCESS)
          any_value(value, out, depth + 1);
        else
          out += "null";
      }
    }
    out += '}';
  }

  std::string wrong_;
  Attributes resource_;
  bool deep_ = false;
};

class Document {
 public:
  Result<dom::object> parse(std::string_view body) {
    dom::element root;
    const auto error = parser_.parse(body.data(), body.size()).get(root);
    dom::object object;
    if (error != simdjson::SUCCESS) {
      return fail("INGEST0302",
                  fmt::format("the body is no JSON document: {}", simdjson::error_message(error)));
    }
    if (root.get(object) != simdjson::SUCCESS)
      return fail("INGEST0302", "the body must be one JSON object");
    return object;
  }

 private:
  dom::parser parser_;
};

Result<OtlpReport> done(const MessageReader& read, const OtlpReport& report) {
  if (read.wrong().empty()) return report;
  return fail("INGEST0302", fmt::format("the body is JSON, but not OTLP's: {}", read.wrong()));
}

}  // namespace

Result<OtlpReport> read_otlp_logs_json(std::string_view body, Timestamp received, LogBatch& batch) {
  Document document;
  TRY(const auto root, document.parse(body));
  MessageReader read;
  OtlpRows rows(received, batch);
  OtlpContext context;
  OtlpRecord record;
  read.each(root, "resourceLogs", [&](const dom::object& resource_logs) {
    read.resource(resource_logs, context);
    read.each(resource_logs, "scopeLogs", [&](const dom::object& scope_logs) {
      read.scope(scope_logs, context);
      read.each(scope_logs, "logRecords", [&](const dom::object& log_record) {
        read.log_record(log_record, record);
        if (read.wrong().empty()) rows.append(context, record);
      });
    });
  });
  TRY_DO(rows.check_size());
  return done(read, rows.report());
}

Result<OtlpReport> read_otlp_metrics_json(std::string_view body, Timestamp received,
                                          LogBatch& batch) {
  Document document;
  TRY(const auto root, document.parse(body));
  MessageReader read;
  OtlpPoints points(received, batch);
  OtlpContext context;
  OtlpPoint point;
  const auto take_metric = [&](const dom::object& metric) {
    const auto name = read.text(metric, "name");
    for (const std::string_view kind : {"gauge", "sum"}) {
      if (kind == "sum" && !OtlpPoints::is_build_info(name)) continue;
      const auto data = read.object(metric, kind);
      if (!data) continue;
      read.each(*data, "dataPoints", [&](const dom::object& data_point) {
        read.data_point(data_point, point);
        if (read.wrong().empty()) points.append(context, name, kind == "gauge", point);
      });
    }
  };
  read.each(root, "resourceMetrics", [&](const dom::object& resource_metrics) {
    points.begin_resource();
    read.resource(resource_metrics, context);
    read.each(resource_metrics, "scopeMetrics", [&](const dom::object& scope_metrics) {
      read.each(scope_metrics, "metrics", take_metric);
    });
  });
  TRY_DO(points.check_size());
  return done(read, points.report());
}

}  // namespace rollcall::telemetry
