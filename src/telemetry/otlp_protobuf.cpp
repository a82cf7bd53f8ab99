// OTLP in protobuf. The field numbers are those of opentelemetry-proto's common.proto,
// resource.proto, logs.proto, metrics.proto; each function reads the message it is named after.
// Fields that are not known are skipped.
#include "base/json_text.hpp"
#include "telemetry/otlp_rows.hpp"
#include "telemetry/protobuf.hpp"

namespace rollcall::telemetry {
namespace {

using Wire = ProtobufReader::Wire;

// Why reading ended: whether the bytes are no such message, or hold something that cannot be kept.
struct Trouble {
  bool broken = false;
  bool deep = false;
};

class MessageReader {
 public:
  explicit MessageReader(Trouble& trouble) : trouble_(trouble) {}

  // message AnyValue, as JSON.
  void any_value(std::string_view bytes, std::string& out, int depth = 0) {
    if (depth > max_otlp_depth) {
      trouble_.deep = true;
      out += "null";
      return;
    }
    const std::size_t begin = out.size();
    ProtobufReader reader(bytes);
    while (reader.next()) {
      if (reader.field() >= 1 && reader.field() <= 7)
        out.resize(begin);  // of a oneof the last one counts
      if (reader.is(1, Wire::bytes)) append_json(out, reader.bytes());
      if (reader.is(2, Wire::varint)) out += reader.number() != 0 ? "true" : "false";
      if (reader.is(3, Wire::varint)) append_json(out, static_cast<std::int64_t>(reader.number()));
      if (reader.is(4, Wire::fixed64)) append_real_json(out, reader.real());
      if (reader.is(5, Wire::bytes)) array_value(reader.bytes(), out, depth);
      if (reader.is(6, Wire::bytes)) key_value_list(reader.bytes(), out, depth);
      if (reader.is(7, Wire::bytes)) append_base64_json(out, reader.bytes());
    }
    end(reader);
    if (out.size() == begin) out += "null";
  }

  // message KeyValue, into the document of all attributes and, where it names one, into its column.
  void attribute(std::string_view bytes, Attributes& attributes, Names& names, bool label) {
    const auto [key, value] = key_value(bytes);
    std::string& out = attributes.next(key);
    const std::size_t begin = out.size();
    if (const auto text = text_of(value)) {
      append_json(out, *text);
      label ? names.take_label(key, *text) : names.take_attribute(key, *text);
      return;
    }
    any_value(value, out);
    if (out.size() > begin && out[begin] >= '0' && out[begin] <= '9')
      names.take_attribute(key, std::string_view(out).substr(begin));
  }

  // message Resource and message InstrumentationScope.
  void resource(std::string_view bytes, OtlpContext& context) {
    resource_.clear();
    context.names.clear();
    trouble_.deep = false;
    ProtobufReader reader(bytes);
    while (reader.next()) {
      if (reader.is(1, Wire::bytes)) attribute(reader.bytes(), resource_, context.names, false);
    }
    end(reader);
    context.resource_attributes = resource_.finish();
    context.deep = std::exchange(trouble_.deep, false);
  }
  void scope(std::string_view bytes, OtlpContext& context) {
    context.scope_name.clear();
    context.scope_version.clear();
    ProtobufReader reader(bytes);
    while (reader.next()) {
      if (reader.is(1, Wire::bytes)) context.scope_name = reader.bytes();
      if (reader.is(2, Wire::bytes)) context.scope_version = reader.bytes();
    }
    end(reader);
  }

  // message LogRecord.
  void log_record(std::string_view bytes, OtlpRecord& record) {
    record.clear();
    trouble_.deep = false;
    ProtobufReader reader(bytes);
    while (reader.next()) {
      if (reader.is(1, Wire::fixed64))
        record.time = reader.number();
      else if (reader.is(11, Wire::fixed64))
        record.observed_time = reader.number();
      else if (reader.is(2, Wire::varint))
        record.severity_number = reader.number();
      else if (reader.is(3, Wire::bytes))
        record.severity_text = reader.bytes();
      else if (reader.is(5, Wire::bytes))
        body(reader.bytes(), record);
      else if (reader.is(6, Wire::bytes))
        attribute(reader.bytes(), record.attributes, record.names, false);
      else if (reader.is(9, Wire::bytes) && reader.bytes().size() == 16)
        hexadecimal(reader.bytes(), record.trace_id);
      else if (reader.is(10, Wire::bytes) && reader.bytes().size() == 8)
        hexadecimal(reader.bytes(), record.span_id);
      else if (reader.is(12, Wire::bytes))
        record.event_name = reader.bytes();
    }
    end(reader);
    if (std::exchange(trouble_.deep, false))
      record.wrong = "its values are nested deeper than 64 levels";
  }

  // message NumberDataPoint.
  void data_point(std::string_view bytes, OtlpPoint& point) {
    point.clear();
    ProtobufReader reader(bytes);
    while (reader.next()) {
      if (reader.is(3, Wire::fixed64)) point.time = reader.number();
      if (reader.is(7, Wire::bytes)) attribute(reader.bytes(), point.attributes, point.names, true);
    }
    end(reader);
  }

  // Calls `take` with each field of that number, and says whether the message is one.
  template <class Take>
  void each(std::string_view bytes, std::uint32_t field, Take take) {
    ProtobufReader reader(bytes);
    while (!trouble_.broken && reader.next()) {
      if (reader.is(field, Wire::bytes)) take(reader.bytes());
    }
    end(reader);
  }

 private:
  void end(const ProtobufReader& reader) { trouble_.broken = trouble_.broken || reader.broken(); }

  std::pair<std::string_view, std::string_view> key_value(std::string_view bytes) {
    std::string_view key, value;
    ProtobufReader reader(bytes);
    while (reader.next()) {
      if (reader.is(1, Wire::bytes)) key = reader.bytes();
      if (reader.is(2, Wire::bytes)) value = reader.bytes();
    }
    end(reader);
    return {key, value};
  }
  // The text of an AnyValue that is nothing else.
  static std::optional<std::string_view> text_of(std::string_view any) {
    ProtobufReader reader(any);
    if (!reader.next() || !reader.is(1, Wire::bytes)) return std::nullopt;
    const auto text = reader.bytes();
    return reader.next() || reader.broken() ? std::nullopt : std::optional(text);
  }
  void body(std::string_view bytes, OtlpRecord& record) {
    record.body.clear();
    if (const auto text = text_of(bytes)) {
      record.body = *text;
    } else if (!bytes.empty()) {
      any_value(bytes, record.body);
    }
  }
  static void hexadecimal(std::string_view bytes, std::string& out) {
    out.clear();
    append_hex(out, bytes);
  }
  // message ArrayValue { repeated AnyValue values = 1; }
  void array_value(std::string_view bytes, std::string& out, int depth) {
    out += '[';
    ProtobufReader reader(bytes);
    bool first = true;
    while (reader.next()) {
      if (!reader.is(1, Wire::bytes)) continue;
      if (!std::exchange(first, false)) out += ',';
      any_value(reader.bytes(), out, depth + 1);
    }
    end(reader);
    out += ']';
  }
  // message KeyValueList { repeated KeyValue values = 1; }
  void key_value_list(std::string_view bytes, std::string& out, int depth) {
    out += '{';
    ProtobufReader reader(bytes);
    bool first = true;
    while (reader.next()) {
      if (!reader.is(1, Wire::bytes)) continue;
      if (!std::exchange(first, false)) out += ',';
      const auto [key, value] = key_value(reader.bytes());
      append_json(out, key);
      out += ':';
      any_value(value, out, depth + 1);
    }
    end(reader);
    out += '}';
  }

  Trouble& trouble_;
  Attributes resource_;
};

Result<OtlpReport> done(const Trouble& trouble, const OtlpReport& report,
                        std::string_view message) {
  if (!trouble.broken) return report;
  return fail(
      "INGEST0301",
      fmt::format("the body is no {} in protobuf: it breaks off, or something else was sent",
                  message));
}

}  // namespace

Result<OtlpReport> read_otlp_logs_protobuf(std::string_view body, Timestamp received,
                                           LogBatch& batch) {
  Trouble trouble;
  MessageReader read(trouble);
  OtlpRows rows(received, batch);
  OtlpContext context;
  OtlpRecord record;
  read.each(body, 1, [&](std::string_view resource_logs) {
    read.resource({}, context);
    read.each(resource_logs, 1,
              [&](std::string_view resource) { read.resource(resource, context); });
    read.each(resource_logs, 2, [&](std::string_view scope_logs) {
      read.scope({}, context);
      read.each(scope_logs, 1, [&](std::string_view scope) { read.scope(scope, context); });
      read.each(scope_logs, 2, [&](std::string_view log_record) {
        read.log_record(log_record, record);
        if (!trouble.broken) rows.append(context, record);
      });
    });
  });
  TRY_DO(rows.check_size());
  return done(trouble, rows.report(), "ExportLogsServiceRequest");
}

Result<OtlpReport> read_otlp_metrics_protobuf(std::string_view body, Timestamp received,
                                              LogBatch& batch) {
  Trouble trouble;
  MessageReader read(trouble);
  OtlpPoints points(received, batch);
  OtlpContext context;
  OtlpPoint point;
  const auto take_metric = [&](std::string_view metric) {
    std::string_view name;
    read.each(metric, 1, [&](std::string_view bytes) { name = bytes; });
    for (const std::uint32_t kind : {5U, 7U}) {  // gauge, sum
      if (kind == 7 && !OtlpPoints::is_build_info(name)) continue;
      read.each(metric, kind, [&](std::string_view data) {
        read.each(data, 1, [&](std::string_view data_point) {
          read.data_point(data_point, point);
          if (!trouble.broken) points.append(context, name, kind == 5, point);
        });
      });
    }
  };
  read.each(body, 1, [&](std::string_view resource_metrics) {
    read.resource({}, context);
    points.begin_resource();
    read.each(resource_metrics, 1,
              [&](std::string_view resource) { read.resource(resource, context); });
    read.each(resource_metrics, 2,
              [&](std::string_view scope_metrics) { read.each(scope_metrics, 2, take_metric); });
  });
  TRY_DO(points.check_size());
  return done(trouble, points.report(), "ExportMetricsServiceRequest");
}

}  // namespace rollcall::telemetry
