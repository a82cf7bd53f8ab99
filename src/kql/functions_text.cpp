#include "kql/functions.hpp"
#include "kql/native_table.hpp"

// Strings: what takes any types, or a regular expression that is checked while binding.

namespace rollcall::kql {
namespace {

bool regex_is_good(Binder& binder, const Scalar& regex, Span span) {
  const auto written = text_value_of(regex);
  if (!written) return true;
  Scratch scratch;
  if (pattern(*written, scratch) != nullptr) return true;
  binder.complain("KQL0108", span, fmt::format("'{}' is no regular expression", *written));
  return false;
}

Scalar bind_strcat(Binder&, CallSite& site) {
  std::vector<sql::ExprPtr> parts;
  std::string constant;
  bool all = true;
  for (const auto& argument : site.arguments) {
    parts.push_back(to_text(argument));
    const auto value = value_of(parts.back());
    if (value && std::holds_alternative<std::string>(*value))
      constant += std::get<std::string>(*value);
    else
      all = false;
  }
  if (all) return text_constant(std::move(constant));
  return {concat(std::move(parts)), Type::string, false, "", {}};
}

// extract(regex, group, text [, typeof(type)])
Scalar bind_extract(Binder& binder, CallSite& site) {
  auto& a = site.arguments;
  const Scalar regex = convert(a[0], Type::string);
  if (!regex_is_good(binder, regex, site.span_of(0))) return unknown_scalar();
  const Scalar group = binder.coerce(a[1], Type::long_integer, site.span_of(1));
  Scalar found{native("_extract", {regex.sql, group.sql, convert(a[2], Type::string).sql}),
               Type::string,
               false,
               "",
               {}};
  if (site.size() < 4) return found;
  const auto* type = std::get_if<ast::TypeOf>(&site.call.arguments[3]->node);
  const auto wanted = type == nullptr ? std::nullopt : type_named(type->name);
  if (!wanted) return binder.mistake("KQL0106", site.span_of(3), "typeof(…) is wanted here");
  return convert(std::move(found), *wanted);
}

Scalar bind_extract_all(Binder& binder, CallSite& site) {
  auto& a = site.arguments;
  const Scalar regex = convert(a[0], Type::string);
  if (!regex_is_good(binder, regex, site.span_of(0))) return unknown_scalar();
  const bool groups = site.size() == 3;
  const auto which = groups ? to_json(a[1]) : sql::cast(sql::null(), sql::Type::text);
  return {native("_extract_all", {regex.sql, which, convert(a[groups ? 2 : 1], Type::string).sql}),
          Type::dynamic,
          true,
          "",
          {}};
}

Scalar bind_extract_json(Binder& binder, CallSite& site) {
  auto& a = site.arguments;
  const auto source = a[1].type == Type::dynamic ? a[1].sql : to_text(a[1]);
  Scalar found{
      native("_json_path", {source, convert(a[0], Type::string).sql}), Type::dynamic, true, "", {}};
  if (site.size() < 3) return convert(std::move(found), Type::string);
  const auto* type = std::get_if<ast::TypeOf>(&site.call.arguments[2]->node);
  const auto wanted = type == nullptr ? std::nullopt : type_named(type->name);
  if (!wanted) return binder.mistake("KQL0106", site.span_of(2), "typeof(…) is wanted here");
  return convert(std::move(found), *wanted);
}

Scalar bind_strcat_array(Binder& binder, CallSite& site) {
  const Scalar array = binder.coerce(site.arguments[0], Type::dynamic, site.span_of(0));
  if (array.type == Type::unknown) return array;
  return {native("_strcat_array", {array.sql, to_text(site.arguments[1])}),
          Type::string,
          false,
          "",
          {}};
}

Scalar bind_make_string(Binder&, CallSite& site) {
  std::vector<sql::ExprPtr> parts;
  for (const auto& argument : site.arguments) parts.push_back(to_json(argument));
  return {native("_codepoints_text", {native("_array", std::move(parts))}),
          Type::string,
          false,
          "",
          {}};
}

}  // namespace

std::span<const Builtin> text_builtins() {
  static const Builtin table[] = {
      {"strcat", 1, any_number, bind_strcat},
      {"extract", 3, 4, bind_extract},
      {"extract_all", 2, 3, bind_extract_all},
      {"extract_json", 2, 3, bind_extract_json},
      {"strcat_array", 2, 2, bind_strcat_array},
      {"make_string", 1, any_number, bind_make_string},
      {"unicode_codepoints_to_string", 1, any_number, bind_make_string},
  };
  return table;
}

}  // namespace rollcall::kql
