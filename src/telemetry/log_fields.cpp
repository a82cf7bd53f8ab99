#include "telemetry/log_fields.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/text.hpp"

namespace rollcall::telemetry {
namespace {

using Target = LogRowMaker::Target;

constexpr std::array<std::pair<std::string_view, Target>, 16> columns{{
    {"Timestamp", Target::timestamp},
    {"ObservedTimestamp", Target::observed_timestamp},
    {"Environment", Target::environment},
    {"Role", Target::role},
    {"Region", Target::region},
    {"Version", Target::version},
    {"Instance", Target::instance},
    {"Host", Target::host},
    {"SeverityNumber", Target::severity_number},
    {"SeverityText", Target::severity_text},
    {"Body", Target::body},
    {"TraceId", Target::trace_id},
    {"SpanId", Target::span_id},
    {"ResourceAttributes", Target::resource_attributes},
    {"LogAttributes", Target::log_attributes},
    {"Arrival", Target::arrival},
}};

// As much of a field as a message can show.
std::string shown(const FieldView& field) {
  constexpr std::size_t most = 40;
  const bool quoted = field.kind == Field::Kind::text;
  std::string text(field.text.substr(0, most));
  if (field.text.size() > most) text += "…";
  return quoted ? fmt::format("'{}'", text) : text;
}

template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Ticks of a fraction of a second: its first seven digits.
std::optional<std::int64_t> read_fraction(std::string_view digits) {
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  std::string seven(digits.substr(0, 7));
  seven.resize(7, '0');
  return read_number<std::int64_t>(seven);
}

bool is_object(std::string_view document) { return document.starts_with('{'); }

}  // namespace

std::optional<Timestamp> read_time(std::string_view text) {
  if (const auto iso = parse_iso(text)) return iso;
  const std::size_t point = text.find('.');
  const auto whole = read_number<std::int64_t>(text.substr(0, point));
  if (!whole || *whole < 0) return std::nullopt;
  constexpr std::int64_t most_seconds =
      100'000'000'000;  // the year 5138; as milliseconds, the year 1973
  const std::int64_t n = *whole;
  if (point != std::string_view::npos) {
    const auto fraction = read_fraction(text.substr(point + 1));
    if (!fraction || n >= most_seconds) return std::nullopt;
    return from_unix_seconds(n) + Timespan{*fraction};
  }
  if (n < most_seconds) return from_unix_seconds(n);
  if (n < most_seconds * 1'000) return Timestamp{unix_epoch_ticks + n * ticks_per_millisecond};
  if (n < most_seconds * 1'000'000) return Timestamp{unix_epoch_ticks + n * ticks_per_microsecond};
  return from_unix_nanoseconds(n);
}

LogRowMaker::Target LogRowMaker::target_of(std::string_view name) {
  if (const auto known = targets_.find(name); known != targets_.end()) return known->second;
  Target target = Target::other;
  for (const auto& [column, its_target] : columns) {
    if (equals_ignoring_case(column, name)) target = its_target;
  }
  if (target == Target::arrival && !with_arrival_) target = Target::other;
  constexpr std::size_t most_names = 1'000;  // names may be data; the memory of them is not
  if (targets_.size() < most_names) targets_.emplace(std::string(name), target);
  return target;
}

OrReason<void> LogRowMaker::put_time(const FieldView& field, std::optional<Timestamp>& time) const {
  if (field.kind == Field::Kind::null || field.text.empty()) return {};
  time = field.kind == Field::Kind::text || field.kind == Field::Kind::number
             ? read_time(field.text)
             : std::nullopt;
  if (!time) return std::unexpected(fmt::format("{} is no time: {}", field.name, shown(field)));
  return {};
}

// A JSON document as it is stored. A text that holds none becomes a JSON string, as in Kusto.
OrReason<std::string_view> LogRowMaker::document(const FieldView& field, std::string& kept) const {
  if (field.kind != Field::Kind::text) return field.text;
  if (field.text.empty()) return std::string_view();
  if (auto compact = compact_json(field.text)) {
    kept = *std::move(compact);
  } else if (field.text.starts_with('{') || field.text.starts_with('[')) {
    return std::unexpected(fmt::format("{} is no JSON document: {}", field.name, shown(field)));
  } else {
    kept.clear();
    append_json_string(kept, field.text);
  }
  return std::string_view(kept);
}

OrReason<void> LogRowMaker::put(Target target, const FieldView& field, LogRow& row) {
  switch (target) {
    case Target::timestamp:
      return put_time(field, timestamp_);
    case Target::observed_timestamp:
      return put_time(field, observed_);
    case Target::arrival:
      return put_time(field, arrival_);
    case Target::environment:
      row.environment = field.text;
      return {};
    case Target::role:
      row.role = field.text;
      return {};
    case Target::region:
      row.region = field.text;
      return {};
    case Target::version:
      row.version = field.text;
      return {};
    case Target::instance:
      row.instance = field.text;
      return {};
    case Target::host:
      row.host = field.text;
      return {};
    case Target::severity_text:
      row.severity_text = field.text;
      return {};
    case Target::body:
      row.body = field.text;
      return {};
    case Target::trace_id:
      row.trace_id = field.text;
      return {};
    case Target::span_id:
      row.span_id = field.text;
      return {};
    case Target::severity_number: {
      if (field.kind == Field::Kind::null || field.text.empty()) return {};
      const auto number =
          field.kind == Field::Kind::json ? std::nullopt : read_number<std::int32_t>(field.text);
      if (!number)
        return std::unexpected(fmt::format("SeverityNumber is no integer: {}", shown(field)));
      row.severity_number = *number;
      return {};
    }
    case Target::resource_attributes:
    case Target::log_attributes: {
      const bool resource = target == Target::resource_attributes;
      auto text = document(field, resource ? resource_attributes_ : log_attributes_);
      if (!text) return std::unexpected(text.error());
      (resource ? row.resource_attributes : row.log_attributes) = *text;
      return {};
    }
    case Target::other:
      break;
  }
  others_ += others_.empty() ? "{" : ",";
  append_json_string(others_, field.name);
  others_ += ':';
  switch (field.kind) {
    case Field::Kind::null:
      others_ += "null";
      break;
    case Field::Kind::text:
      append_json_string(others_, field.text);
      break;
    case Field::Kind::boolean:
    case Field::Kind::number:
    case Field::Kind::json:
      others_ += field.text;
      break;
  }
  return {};
}

OrReason<void> LogRowMaker::append(const std::vector<FieldView>& fields, LogBatch& batch) {
  timestamp_ = observed_ = arrival_ = std::nullopt;
  others_.clear();
  LogRow row;
  for (const auto& field : fields) {
    if (auto done = put(target_of(field.name), field, row); !done) return done;
  }
  if (!timestamp_) return std::unexpected(std::string("Timestamp is missing"));
  if (with_arrival_ && !arrival_) return std::unexpected(std::string("Arrival is missing"));
  row.timestamp = *timestamp_;
  row.observed_timestamp = observed_.value_or(*timestamp_);
  if (!others_.empty()) {
    if (is_object(row.log_attributes) && row.log_attributes != "{}") {
      others_ += ',';
      others_ += row.log_attributes.substr(1);
    } else {
      if (!row.log_attributes.empty() && row.log_attributes != "{}") {
        others_ += ",\"LogAttributes\":";
        others_ += row.log_attributes;
      }
      others_ += '}';
    }
    row.log_attributes = others_;
  }
  batch.append(row);
  if (arrival_) batch.arrival.push_back(*arrival_);
  return {};
}

}  // namespace rollcall::telemetry
