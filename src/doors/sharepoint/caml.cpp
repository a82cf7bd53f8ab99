#include "doors/sharepoint/caml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <pugixml.hpp>

#include "base/text.hpp"
#include "odata/literal.hpp"

namespace rollcall::doors::sharepoint {
namespace {

using lists::ColumnType;
using pugi::xml_node;

constexpr int max_depth = 60;
constexpr int max_offset_days = 1'000'000;
constexpr std::size_t max_xml_bytes = 256 * 1024;

std::unexpected<Error> unable(std::string message) {
  return fail("SP0104", "CAML: " + std::move(message));
}

struct Comparison {
  std::string_view caml, odata;
};
constexpr std::array comparisons{Comparison{"Eq", "eq"}, Comparison{"Neq", "ne"},
                                 Comparison{"Gt", "gt"}, Comparison{"Geq", "ge"},
                                 Comparison{"Lt", "lt"}, Comparison{"Leq", "le"}};

class Writer {
 public:
  Writer(const lists::List& list, const CamlAsker& asker) : list_(list), asker_(asker) {}

  Result<std::string> condition(const xml_node& node, int depth) const {
    if (depth > max_depth) return unable("the conditions nest too deeply");
    const std::string_view name = node.name();
    if (name == "And" || name == "Or")
      return junction(node, name == "And" ? " and " : " or ", depth);
    for (const auto& one : comparisons) {
      if (name == one.caml) return comparison(node, one.odata);
    }
    if (name == "IsNull" || name == "IsNotNull") {
      TRY(const auto field, field_of(node));
      return fmt::format("{} {} null", field.name, name == "IsNull" ? "eq" : "ne");
    }
    if (name == "BeginsWith" || name == "Contains") return text_test(node, name == "Contains");
    if (name == "In") return membership(node);
    if (name == "Includes") return comparison(node, "eq");
    if (name == "NotIncludes") return comparison(node, "ne");
    return unable(fmt::format("lists do not have the condition <{}>", name));
  }

  // A column's name in filters. Look-ups and people are asked by what they show, or by number with
  // LookupId='TRUE'.
  struct Field {
    std::string name;
    ColumnType type;
    bool several = false;
    bool by_id = false;
  };
  Result<Field> field_named(std::string_view name, bool by_id) const {
    if (name == "ID" || name == "Id") return Field{"ID", ColumnType::integer};
    if (name == "Created" || name == "Modified")
      return Field{std::string(name), ColumnType::datetime};
    if (name == "Author" || name == "Editor")
      return Field{std::string(name), ColumnType::person, false, by_id};
    const auto* column = list_.column(name);
    if (column == nullptr) return fail("ODATA0103", fmt::format("unknown field '{}'", name));
    if (column->type == ColumnType::lookup) {
      if (by_id) return Field{column->name, ColumnType::integer};
      return Field{fmt::format("{}/{}", column->name,
                               column->lookup_column.empty() ? "Title" : column->lookup_column),
                   ColumnType::text};
    }
    return Field{column->name, column->type, column->type == ColumnType::multichoice, by_id};
  }

 private:
  Result<std::string> junction(const xml_node& node, std::string_view word, int depth) const {
    std::string joined;
    for (const auto child : node.children()) {
      if (child.type() != pugi::node_element) continue;
      TRY(const auto part, condition(child, depth + 1));
      joined += (joined.empty() ? "(" : std::string(word)) + part;
    }
    if (joined.empty()) return unable(fmt::format("<{}> holds no condition", node.name()));
    return joined + ")";
  }
  Result<Field> field_of(const xml_node& node) const {
    const auto reference = node.child("FieldRef");
    return field_named(reference.attribute("Name").value(),
                       equals_ignoring_case(reference.attribute("LookupId").value(), "TRUE"));
  }

  // The value as a literal of the field's type.
  Result<std::string> literal(const xml_node& value, const Field& field) const {
    const std::string_view text = trim(value.text().get());
    if (value.child("UserID")) return odata::quote(asker_.principal);
    if (field.type == ColumnType::person && field.by_id) {
      std::int64_t number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc() || end != text.data() + text.size())
        return unable(fmt::format("'{}' is no number of a user", text));
      TRY(const auto principal, asker_.person_of(number));
      return odata::quote(principal);
    }
    switch (field.type) {
      case ColumnType::integer:
      case ColumnType::number:
      case ColumnType::currency:
      case ColumnType::lookup: {
        double number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || end != text.data() + text.size())
          return unable(fmt::format("'{}' is no number", text));
        return std::string(text);
      }
      case ColumnType::boolean:
        if (text == "1" || equals_ignoring_case(text, "true")) return std::string("true");
        if (text == "0" || equals_ignoring_case(text, "false")) return std::string("false");
        return unable(fmt::format("'{}' is no truth value", text));
      default:
        return odata::quote(value.text().get());
    }
  }
  Result<Timestamp> time_of(const xml_node& value) const {
    if (const auto today = value.child("Today")) {
      const auto offset =
          std::clamp(today.attribute("OffsetDays").as_int(0), -max_offset_days, max_offset_days);
      const auto now = asker_.now;
      const auto day = Timestamp{now.ticks - now.ticks % ticks_per_day} + days(offset);
      if (day.ticks < 0 || day > timestamp_max)
        return unable(fmt::format("OffsetDays='{}' is beyond the calendar", offset));
      return day;
    }
    const auto text = trim(value.text().get());
    const auto time =
        text.size() == 10 ? parse_iso(fmt::format("{}T00:00:00Z", text)) : parse_iso(text);
    if (!time) return unable(fmt::format("'{}' is no date and time", text));
    return *time;
  }

  Result<std::string> comparison(const xml_node& node, std::string_view op) const {
    TRY(const auto field, field_of(node));
    const auto value = node.child("Value");
    if (!value) return unable(fmt::format("<{}> has no <Value>", node.name()));
    if (field.type == ColumnType::datetime) return time_comparison(field, op, value);
    TRY(const auto text, literal(value, field));
    return fmt::format("{} {} {}", field.name, op, text);
  }
  // Without IncludeTimeValue='TRUE' only the days are compared.
  Result<std::string> time_comparison(const Field& field, std::string_view op,
                                      const xml_node& value) const {
    TRY(const auto time, time_of(value));
    if (equals_ignoring_case(value.attribute("IncludeTimeValue").value(), "TRUE")) {
      return fmt::format("{} {} {}", field.name, op, format_iso(time));
    }
    const Timestamp day{time.ticks - time.ticks % ticks_per_day};
    const auto today = format_iso_seconds(day),
               tomorrow = format_iso_seconds(std::min(day + days(1), timestamp_max));
    if (op == "eq") return fmt::format("({0} ge {1} and {0} lt {2})", field.name, today, tomorrow);
    if (op == "ne")
      return fmt::format("not ({0} ge {1} and {0} lt {2})", field.name, today, tomorrow);
    if (op == "ge" || op == "lt") return fmt::format("{} {} {}", field.name, op, today);
    return fmt::format("{} {} {}", field.name, op == "gt" ? "ge" : "lt", tomorrow);
  }
  Result<std::string> text_test(const xml_node& node, bool anywhere) const {
    TRY(const auto field, field_of(node));
    const auto part = odata::quote(node.child("Value").text().get());
    if (anywhere) return fmt::format("substringof({},{})", part, field.name);
    return fmt::format("startswith({},{})", field.name, part);
  }
  Result<std::string> membership(const xml_node& node) const {
    TRY(const auto field, field_of(node));
    std::string joined;
    for (const auto value : node.child("Values").children("Value")) {
      TRY(const auto text, literal(value, field));
      joined += (joined.empty()  ? ""
                 : field.several ? " or "
                                 : ",") +
                (field.several ? fmt::format("{} eq {}", field.name, text) : text);
    }
    if (joined.empty()) return std::string("false");
    return field.several ? "(" + joined + ")" : fmt::format("{} in ({})", field.name, joined);
  }

  const lists::List& list_;
  const CamlAsker& asker_;
};

Result<void> read_order(CamlQuery& query, const Writer& writer, const xml_node& order) {
  std::string terms;
  for (const auto reference : order.children("FieldRef")) {
    TRY(const auto field, writer.field_named(reference.attribute("Name").value(), false));
    const bool descending = equals_ignoring_case(reference.attribute("Ascending").value(), "FALSE");
    terms += (terms.empty() ? "" : ",") + field.name + (descending ? " desc" : "");
  }
  if (!terms.empty()) query.options.orderby = terms;
  return {};
}

}  // namespace

Result<CamlQuery> read_caml(std::string_view view_xml, const lists::List& list,
                            const CamlAsker& asker) {
  CamlQuery query;
  if (trim(view_xml).empty()) return query;
  if (view_xml.size() > max_xml_bytes) return unable("the view is too long");
  pugi::xml_document document;
  if (!document.load_buffer(view_xml.data(), view_xml.size(), pugi::parse_default,
                            pugi::encoding_utf8))
    return unable("this is no XML");
  const auto view = document.child("View");
  if (!view) return unable("an element <View> was expected");
  const Writer writer(list, asker);
  const auto asked = view.child("Query");
  for (const auto condition : asked.child("Where").children()) {
    if (condition.type() != pugi::node_element) continue;
    if (query.options.filter)
      return unable("<Where> holds more than one condition; join them by <And> or <Or>");
    TRY(query.options.filter, writer.condition(condition, 0));
  }
  TRY_DO(read_order(query, writer, asked.child("OrderBy")));
  if (asked.child("GroupBy")) return unable("lists do not have <GroupBy>");
  for (const auto reference : view.child("ViewFields").children("FieldRef")) {
    query.fields.emplace_back(reference.attribute("Name").value());
  }
  if (const auto limit = view.child("RowLimit"))
    query.options.top = std::max(0LL, limit.text().as_llong(0));
  return query;
}

}  // namespace rollcall::doors::sharepoint
