#include "kql/functions.hpp"

// Series functions with several results: each is one native call whose parts become columns of
// their own.

namespace rollcall::kql {
namespace {

struct Part {
  const char* name;
  Type type;
};

// The parts of an array (by place) or of a bag (by name).
Scalar with_parts(CallSite& site, const sql::ExprPtr& all, const std::vector<Part>& parts,
                  bool by_name) {
  Scalar result;
  const std::string prefix = site.call.function.text + "_" + site.arguments[0].name + "_";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::string key = parts[i].name;
    Scalar part{by_name ? native("_json_path", {all, text_constant("$." + key).sql})
                        : native("_element", {all, big(static_cast<std::int64_t>(i))}),
                Type::dynamic,
                true,
                "",
                {}};
    part = convert(std::move(part), parts[i].type);
    for (char& c : key)
      if (c == '.') c = '_';
    part.name = prefix + key;
    result.parts.push_back(std::move(part));
  }
  auto all_parts = result.parts;
  Scalar first = all_parts[0];
  first.parts = std::move(all_parts);
  return first;
}

sql::ExprPtr series(Binder& binder, CallSite& site, std::size_t i = 0) {
  return binder.coerce(site.arguments[i], Type::dynamic, site.span_of(i)).sql;
}

sql::ExprPtr optional(Binder& binder, CallSite& site, std::size_t i, Type type) {
  if (i >= site.size())
    return type == Type::string ? text_constant("").sql : sql::cast(sql::null(), storage_of(type));
  return binder.coerce(site.arguments[i], type, site.span_of(i)).sql;
}

Scalar bind_fit_line(Binder& binder, CallSite& site) {
  return with_parts(site, native("series_fit_line_dynamic", {series(binder, site)}),
                    {{"rsquare", Type::real},
                     {"slope", Type::real},
                     {"variance", Type::real},
                     {"rvariance", Type::real},
                     {"interception", Type::real},
                     {"line_fit", Type::dynamic}},
                    true);
}
Scalar bind_fit_2lines(Binder& binder, CallSite& site) {
  return with_parts(site, native("series_fit_2lines_dynamic", {series(binder, site)}),
                    {{"rsquare", Type::real},
                     {"split_idx", Type::long_integer},
                     {"variance", Type::real},
                     {"rvariance", Type::real},
                     {"line_fit", Type::dynamic},
                     {"right.rsquare", Type::real},
                     {"right.slope", Type::real},
                     {"right.interception", Type::real},
                     {"right.variance", Type::real},
                     {"right.rvariance", Type::real},
                     {"left.rsquare", Type::real},
                     {"left.slope", Type::real},
                     {"left.interception", Type::real},
                     {"left.variance", Type::real},
                     {"left.rvariance", Type::real}},
                    true);
}
Scalar bind_stats(Binder& binder, CallSite& site) {
  return with_parts(site,
                    native("series_stats_dynamic",
                           {series(binder, site), sql::cast(sql::null(), sql::Type::boolean)}),
                    {{"min", Type::real},
                     {"min_idx", Type::long_integer},
                     {"max", Type::real},
                     {"max_idx", Type::long_integer},
                     {"avg", Type::real},
                     {"stdev", Type::real},
                     {"variance", Type::real}},
                    true);
}
Scalar bind_decompose(Binder& binder, CallSite& site) {
  return with_parts(site,
                    native("_series_decompose",
                           {series(binder, site), optional(binder, site, 1, Type::long_integer),
                            optional(binder, site, 2, Type::string),
                            optional(binder, site, 3, Type::long_integer)}),
                    {{"baseline", Type::dynamic},
                     {"seasonal", Type::dynamic},
                     {"trend", Type::dynamic},
                     {"residual", Type::dynamic}},
                    false);
}
Scalar bind_anomalies(Binder& binder, CallSite& site) {
  return with_parts(
      site,
      native(
          "_series_decompose_anomalies",
          {series(binder, site), optional(binder, site, 1, Type::real),
           optional(binder, site, 2, Type::long_integer), optional(binder, site, 3, Type::string),
           optional(binder, site, 4, Type::long_integer), optional(binder, site, 5, Type::string)}),
      {{"ad_flag", Type::dynamic}, {"ad_score", Type::dynamic}, {"baseline", Type::dynamic}},
      false);
}
Scalar bind_periods_detect(Binder& binder, CallSite& site) {
  return with_parts(
      site,
      native("_series_periods_detect", {series(binder, site), optional(binder, site, 1, Type::real),
                                        optional(binder, site, 2, Type::real),
                                        optional(binder, site, 3, Type::long_integer)}),
      {{"periods", Type::dynamic}, {"scores", Type::dynamic}}, false);
}
Scalar bind_periods_validate(Binder& binder, CallSite& site) {
  std::vector<sql::ExprPtr> wanted;
  for (std::size_t i = 1; i < site.size(); ++i) wanted.push_back(to_json(site.arguments[i]));
  return with_parts(site,
                    native("_series_periods_validate",
                           {series(binder, site), native("_flat_array", std::move(wanted))}),
                    {{"periods", Type::dynamic}, {"scores", Type::dynamic}}, false);
}
Scalar bind_fit_poly(Binder& binder, CallSite& site) {
  const std::size_t degree = site.size() == 3 ? 2 : 1;
  const auto given = site.size() == 3 ? series(binder, site, 1) : null_of(Type::dynamic).sql;
  return with_parts(
      site,
      native("_series_fit_poly",
             {series(binder, site), optional(binder, site, degree, Type::long_integer), given}),
      {{"rsquare", Type::real},
       {"coefficients", Type::dynamic},
       {"variance", Type::real},
       {"rvariance", Type::real},
       {"poly_fit", Type::dynamic}},
      false);
}
Scalar bind_fourier(Binder& binder, CallSite& site, const char* function) {
  const auto imaginary = site.size() > 1 ? series(binder, site, 1) : null_of(Type::dynamic).sql;
  return with_parts(site, native(function, {series(binder, site), imaginary}),
                    {{"real", Type::dynamic}, {"imag", Type::dynamic}}, false);
}

}  // namespace

std::span<const Builtin> series_builtins() {
  static const Builtin table[] = {
      {"series_fit_line", 1, 1, bind_fit_line},
      {"series_fit_2lines", 1, 1, bind_fit_2lines},
      {"series_fit_poly", 1, 3, bind_fit_poly},
      {"series_stats", 1, 2, bind_stats},
      {"series_decompose", 1, 5, bind_decompose},
      {"series_decompose_anomalies", 1, 7, bind_anomalies},
      {"series_periods_detect", 4, 4, bind_periods_detect},
      {"series_periods_validate", 2, any_number, bind_periods_validate},
      {"series_fft", 1, 2,
       [](Binder& b, CallSite& s) { return bind_fourier(b, s, "_series_fft"); }},
      {"series_ifft", 1, 2,
       [](Binder& b, CallSite& s) { return bind_fourier(b, s, "_series_ifft"); }},
  };
  return table;
}

}  // namespace rollcall::kql
