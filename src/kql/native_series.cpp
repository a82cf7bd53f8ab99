#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>

#include "base/time.hpp"
#include "kql/native_table.hpp"

// Series: arithmetic element by element, filling, filters, lines; and what make-series fills its
// arrays with.

namespace rollcall::kql {
namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t max_bins = 1'048'576;

double number(const json::value& v) {
  if (v.is_number()) return v.to_number<double>();
  if (v.is_bool()) return v.get_bool() ? 1 : 0;
  if (v.is_string())
    return parse_real(std::string_view(v.get_string().data(), v.get_string().size()))
        .value_or(nan_value);
  return nan_value;
}

using Series = std::vector<double>;

std::optional<Series> series_of(const Argument& a) {
  const auto value = read_json(text(a));
  if (!value || !value->is_array()) return std::nullopt;
  Series series;
  for (const auto& v : value->get_array()) series.push_back(number(v));
  return series;
}

json::value real_value(double x) { return std::isnan(x) ? json::value() : json::value(x); }
json::array array_of(const Series& series) {
  json::array out;
  for (const double x : series) out.push_back(real_value(x));
  return out;
}
Cell cell_of(const Series& series) { return cell(json::value(array_of(series))); }

template <double (*f)(double)>
Cell each(Arguments a, Scratch&) {
  auto series = series_of(a[0]);
  if (!series) return {};
  for (double& x : *series) x = f(x);
  return cell_of(*series);
}
double sign_of(double x) { return std::isnan(x) ? x : x > 0 ? 1 : x < 0 ? -1 : 0; }

// Element by element; a number on one side stands for all.
template <class F>
Cell pairwise(Arguments a, F f) {
  const auto x = read_json(text(a[0])).value_or(json::value()),
             y = read_json(text(a[1])).value_or(json::value());
  if (!x.is_array() && !y.is_array()) return {};
  const std::size_t n =
      std::max(x.is_array() ? x.get_array().size() : 0, y.is_array() ? y.get_array().size() : 0);
  const auto at = [](const json::value& v, std::size_t i) -> json::value {
    if (!v.is_array()) return v;
    return i < v.get_array().size() ? v.get_array()[i] : json::value();
  };
  json::array out;
  for (std::size_t i = 0; i < n; ++i) {
    const auto p = at(x, i), q = at(y, i);
    out.push_back(p.is_null() || q.is_null() ? json::value() : f(p, q));
  }
  return cell(json::value(out));
}

template <class F>
Cell arithmetic(Arguments a, F f) {
  return pairwise(a, [&](const json::value& p, const json::value& q) -> json::value {
    return real_value(f(number(p), number(q)));
  });
}
template <class F>
Cell comparison(Arguments a, F f) {
  return pairwise(a, [&](const json::value& p, const json::value& q) -> json::value {
    if (p.is_string() && q.is_string()) return f(p.get_string().compare(q.get_string()), 0);
    return f(number(p), number(q));
  });
}

// --- filling
Cell fill(Arguments a, bool forward) {
  auto value = read_json(text(a[0])).value_or(json::value());
  if (!value.is_array()) return {};
  const auto missing =
      is_null(a[1]) ? json::value() : read_json(text(a[1])).value_or(json::value());
  auto& array = value.get_array();
  json::value last;
  const auto step = [&](json::value& v) {
    if (v == missing || v.is_null()) {
      if (!last.is_null()) v = last;
    } else {
      last = v;
    }
  };
  if (forward)
    for (auto& v : array) step(v);
  else
    for (auto it = array.rbegin(); it != array.rend(); ++it) step(*it);
  return cell(value);
}

Cell fill_const(Arguments a, Scratch&) {
  auto value = read_json(text(a[0])).value_or(json::value());
  if (!value.is_array()) return {};
  const auto with = read_json(text(a[1])).value_or(json::value());
  const auto missing =
      is_null(a[2]) ? json::value() : read_json(text(a[2])).value_or(json::value());
  for (auto& v : value.get_array())
    if (v.is_null() || v == missing) v = with;
  return cell(value);
}

// Between two known values along a line; whole numbers stay whole. Where nothing is known, the
// constant (0 when none is given).
Cell fill_linear(Arguments a, Scratch&) {
  const auto value = read_json(text(a[0])).value_or(json::value());
  if (!value.is_array()) return {};
  const auto missing =
      is_null(a[1]) ? json::value() : read_json(text(a[1])).value_or(json::value());
  const bool edges = truth(a[2], true);
  Series s;
  std::vector<std::size_t> known;
  bool whole_numbers = true;
  std::vector<std::optional<std::int64_t>>
      exact;  // known whole numbers, which a double may not hold
  for (const auto& v : value.get_array()) {
    const bool is_known = !v.is_null() && v != missing;
    exact.push_back(is_known && v.is_int64() ? std::optional(v.get_int64()) : std::nullopt);
    if (is_known) known.push_back(s.size());
    if (is_known) whole_numbers = whole_numbers && v.is_int64();
    s.push_back(is_known ? number(v) : nan_value);
  }
  if (known.empty()) {
    const auto constant = is_null(a[3]) ? json::value() : read_json(text(a[3])).value_or(nullptr);
    std::ranges::fill(s, constant.is_number() ? number(constant) : 0.0);
    return cell_of(s);
  }
  for (std::size_t k = 0; k + 1 < known.size(); ++k) {
    const std::size_t p = known[k], q = known[k + 1];
    for (std::size_t i = p + 1; i < q; ++i)
      s[i] = s[p] + (s[q] - s[p]) * static_cast<double>(i - p) / static_cast<double>(q - p);
  }
  if (edges) {
    std::fill_n(s.begin(), known.front(), s[known.front()]);
    std::fill(s.begin() + static_cast<std::ptrdiff_t>(known.back()), s.end(), s[known.back()]);
    std::fill_n(exact.begin(), known.front(), exact[known.front()]);
    std::fill(exact.begin() + static_cast<std::ptrdiff_t>(known.back()), exact.end(),
              exact[known.back()]);
  }
  if (!whole_numbers) return cell_of(s);
  json::array out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (exact[i])
      out.emplace_back(*exact[i]);
    else if (std::isnan(s[i]))
      out.emplace_back(nullptr);
    else if (std::abs(s[i]) < 9.2e18)
      out.emplace_back(static_cast<std::int64_t>(s[i]));
    else
      out.emplace_back(s[i]);
  }
  return cell(json::value(out));
}

// --- filters
// fir(series, filter, normalise = …, center = false)
Cell fir(Arguments a, Scratch&) {
  const auto series = series_of(a[0]), filter = series_of(a[1]);
  if (!series || !filter) return {};
  const bool positive = std::ranges::all_of(*filter, [](double x) { return x >= 0; });
  const bool normalise = truth(a[2], positive);
  const bool center = truth(a[3], false);
  double total = 0;
  for (const double f : *filter) total += f;
  const auto half = center ? static_cast<std::ptrdiff_t>(filter->size() / 2) : 0;
  Series out;
  const auto n = static_cast<std::ptrdiff_t>(series->size());
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < filter->size(); ++k) {
      const std::ptrdiff_t j = i + half - static_cast<std::ptrdiff_t>(k);
      if (j >= 0 && j < n) sum += (*series)[static_cast<std::size_t>(j)] * (*filter)[k];
    }
    out.push_back(normalise && total != 0 ? sum / total : sum);
  }
  return cell_of(out);
}
Cell iir(Arguments a, Scratch&) {
  const auto x = series_of(a[0]), b = series_of(a[1]), c = series_of(a[2]);
  if (!x || !b || !c || c->empty() || (*c)[0] == 0) return {};
  Series y;
  for (std::size_t i = 0; i < x->size(); ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < b->size() && k <= i; ++k) sum += (*b)[k] * (*x)[i - k];
    for (std::size_t k = 1; k < c->size() && k <= i; ++k) sum -= (*c)[k] * y[i - k];
    y.push_back(sum / (*c)[0]);
  }
  return cell_of(y);
}

// --- numbers of a series
struct Stats {
  double min = nan_value, max = nan_value, sum = 0, mean = nan_value, variance = nan_value;
  std::size_t min_at = 0, max_at = 0, count = 0;
};
Stats stats_of(const Series& s) {
  Stats r;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (std::isnan(s[i])) continue;
    if (r.count == 0 || s[i] < r.min) r.min = s[i], r.min_at = i;
    if (r.count == 0 || s[i] > r.max) r.max = s[i], r.max_at = i;
    r.sum += s[i];
    ++r.count;
  }
  if (r.count == 0) return r;
  r.mean = r.sum / static_cast<double>(r.count);
  double squares = 0;
  for (const double x : s)
    if (!std::isnan(x)) squares += (x - r.mean) * (x - r.mean);
  r.variance = r.count > 1 ? squares / static_cast<double>(r.count - 1) : 0;
  return r;
}
Cell stats_bag(Arguments a, Scratch&) {
  const auto series = series_of(a[0]);
  if (!series) return {};
  const Stats s = stats_of(*series);
  json::object out;
  out["min"] = real_value(s.min);
  out["min_idx"] = static_cast<std::int64_t>(s.min_at);
  out["max"] = real_value(s.max);
  out["max_idx"] = static_cast<std::int64_t>(s.max_at);
  out["avg"] = real_value(s.mean);
  out["stdev"] = real_value(std::sqrt(s.variance));
  out["variance"] = real_value(s.variance);
  out["sum"] = s.sum;
  out["len"] = static_cast<std::int64_t>(series->size());
  return cell(json::value(out));
}

double dot(const Series& a, const Series& b) {
  double sum = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) sum += a[i] * b[i];
  return sum;
}
double pearson(const Series& a, const Series& b) {
  const std::size_t n = std::min(a.size(), b.size());
  const Stats s = stats_of(a), t = stats_of(b);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += (a[i] - s.mean) * (b[i] - t.mean);
  return sum / static_cast<double>(n - 1) / std::sqrt(s.variance) / std::sqrt(t.variance);
}

// --- lines
struct Line {
  double slope = 0, intercept = 0, variance = 0, residual = 0, r2 = 0;
};
Line fit(const Series& s, std::size_t from, std::size_t to) {
  Line line;
  double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (std::size_t i = from; i < to; ++i) {
    if (std::isnan(s[i])) continue;
    const double x = static_cast<double>(i - from);
    n += 1, sx += x, sy += s[i], sxx += x * x, sxy += x * s[i];
  }
  if (n == 0) return line;
  const double d = n * sxx - sx * sx;
  line.slope = d == 0 ? 0 : (n * sxy - sx * sy) / d;
  line.intercept = (sy - line.slope * sx) / n;
  double total = 0, rest = 0;
  for (std::size_t i = from; i < to; ++i) {
    if (std::isnan(s[i])) continue;
    const double x = static_cast<double>(i - from), e = s[i] - (line.intercept + line.slope * x);
    total += (s[i] - sy / n) * (s[i] - sy / n);
    rest += e * e;
  }
  line.variance = n > 1 ? total / (n - 1) : 0;
  line.residual = n > 1 ? rest / (n - 1) : 0;
  line.r2 = total == 0 ? 1 : 1 - rest / total;
  return line;
}
Series drawn(const Line& line, std::size_t n) {
  Series out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back(line.intercept + line.slope * static_cast<double>(i));
  return out;
}
Cell fit_line(Arguments a, Scratch&) {
  const auto s = series_of(a[0]);
  if (!s) return {};
  const Line line = fit(*s, 0, s->size());
  json::object out{{"rsquare", line.r2},
                   {"slope", line.slope},
                   {"variance", line.variance},
                   {"rvariance", line.residual},
                   {"interception", line.intercept}};
  out["line_fit"] = array_of(drawn(line, s->size()));
  return cell(json::value(out));
}
Cell fit_two_lines(Arguments a, Scratch&) {
  const auto s = series_of(a[0]);
  if (!s || s->size() < 4) return {};
  std::size_t best = 2;
  double least = HUGE_VAL;
  const auto rest_of = [&](std::size_t from, std::size_t to) {
    const Line line = fit(*s, from, to);
    return line.residual * static_cast<double>(to - from - 1);
  };
  for (std::size_t split = 2; split + 2 <= s->size(); ++split) {
    const double rest = rest_of(0, split) + rest_of(split, s->size());
    if (rest < least) least = rest, best = split;
  }
  const Line left = fit(*s, 0, best), right = fit(*s, best, s->size());
  const Stats all = stats_of(*s);
  Series line = drawn(left, best);
  std::ranges::copy(drawn(right, s->size() - best), std::back_inserter(line));
  const double n = static_cast<double>(s->size() - 1), rvariance = least / n;
  json::object out{{"rsquare", 1 - rvariance / all.variance},
                   {"split_idx", static_cast<std::int64_t>(best)},
                   {"variance", all.variance},
                   {"rvariance", rvariance}};
  out["line_fit"] = array_of(line);
  const auto side = [&](const char* name, const Line& l) {
    json::object o{{"rsquare", l.r2},
                   {"slope", l.slope},
                   {"interception", l.intercept},
                   {"variance", l.variance},
                   {"rvariance", l.residual}};
    out[name] = o;
  };
  side("right", right);
  side("left", left);
  return cell(json::value(out));
}
// Least squares of a polynomial, by Gauss.
Cell fit_poly(Arguments a, Scratch&) {
  const auto y = series_of(a[0]);
  if (!y) return {};
  const auto degree = static_cast<std::size_t>(std::clamp<std::int64_t>(whole(a[1], 1), 1, 8));
  const auto given = is_null(a[2]) ? std::nullopt : series_of(a[2]);
  const std::size_t m = degree + 1;
  std::vector<Series> matrix(m, Series(m + 1, 0));
  const auto x_at = [&](std::size_t i) {
    return given && i < given->size() ? (*given)[i] : static_cast<double>(i);
  };
  for (std::size_t i = 0; i < y->size(); ++i) {
    for (std::size_t r = 0; r < m; ++r) {
      for (std::size_t c = 0; c < m; ++c)
        matrix[r][c] += std::pow(x_at(i), static_cast<double>(r + c));
      matrix[r][m] += (*y)[i] * std::pow(x_at(i), static_cast<double>(r));
    }
  }
  for (std::size_t r = 0; r < m; ++r) {
    std::size_t pivot = r;
    for (std::size_t k = r + 1; k < m; ++k)
      if (std::abs(matrix[k][r]) > std::abs(matrix[pivot][r])) pivot = k;
    std::swap(matrix[r], matrix[pivot]);
    if (matrix[r][r] == 0) return {};
    for (std::size_t k = 0; k < m; ++k) {
      if (k == r) continue;
      const double f = matrix[k][r] / matrix[r][r];
      for (std::size_t c = r; c <= m; ++c) matrix[k][c] -= f * matrix[r][c];
    }
  }
  Series coefficients, line;
  for (std::size_t r = 0; r < m; ++r)
    coefficients.push_back(matrix[m - 1 - r][m] / matrix[m - 1 - r][m - 1 - r]);
  double rest = 0;
  for (std::size_t i = 0; i < y->size(); ++i) {
    double v = 0;
    for (const double c : coefficients) v = v * x_at(i) + c;
    line.push_back(v);
    rest += ((*y)[i] - v) * ((*y)[i] - v);
  }
  const Stats s = stats_of(*y);
  const double n = static_cast<double>(y->size() - 1);
  json::array out{s.variance == 0 ? 1.0 : 1 - rest / n / s.variance, array_of(coefficients),
                  s.variance, rest / n, array_of(line)};
  return cell(json::value(out));
}

// A transform by definition; series are short.
Cell fourier(Arguments a, bool inverse) {
  const auto re = series_of(a[0]);
  if (!re || re->size() > 8192) return {};
  const auto im = is_null(a[1]) ? std::optional<Series>(Series(re->size(), 0)) : series_of(a[1]);
  const std::size_t n = re->size();
  Series out_re, out_im;
  for (std::size_t k = 0; k < n; ++k) {
    std::complex<double> sum;
    for (std::size_t t = 0; t < n; ++t) {
      const double angle =
          (inverse ? 2 : -2) * M_PI * static_cast<double>(k * t % n) / static_cast<double>(n);
      sum += std::complex<double>((*re)[t], im && t < im->size() ? (*im)[t] : 0) *
             std::polar(1.0, angle);
    }
    if (inverse) sum /= static_cast<double>(n);
    out_re.push_back(sum.real());
    out_im.push_back(sum.imag());
  }
  return cell(json::value(json::array{array_of(out_re), array_of(out_im)}));
}

// --- make-series
std::int64_t steps_below(std::int64_t from, std::int64_t to, std::int64_t step) {
  if (step <= 0 || to <= from) return 0;
  const Int128 count = (static_cast<Int128>(to) - from + step - 1) / step;
  return count > static_cast<Int128>(max_bins) ? static_cast<std::int64_t>(max_bins)
                                               : static_cast<std::int64_t>(count);
}
// The values at their bins, the default elsewhere.
Cell filled(Arguments a, Scratch& s) {
  const json::value bins = parsed(a[0], s), values = parsed(a[1], s);
  const auto otherwise = read_json(text(a[3])).value_or(json::value());
  const auto n = static_cast<std::size_t>(
      std::clamp<std::int64_t>(whole(a[2]), 0, static_cast<std::int64_t>(max_bins)));
  json::array out(n, otherwise);
  if (bins.is_array() && values.is_array()) {
    for (std::size_t i = 0; i < bins.get_array().size() && i < values.get_array().size(); ++i) {
      const auto& bin = bins.get_array()[i];
      if (bin.is_int64() && bin.get_int64() >= 0 && static_cast<std::size_t>(bin.get_int64()) < n)
        out[static_cast<std::size_t>(bin.get_int64())] = values.get_array()[i];
    }
  }
  return cell(json::value(out));
}
template <class F>
Cell axis(Arguments a, F value) {
  json::array out;
  const auto n = std::clamp<std::int64_t>(whole(a[2]), 0, static_cast<std::int64_t>(max_bins));
  if (is_null(a[0]) || is_null(a[1])) return {};
  for (std::int64_t i = 0; i < n; ++i) out.push_back(value(i));
  return cell(json::value(out));
}

}  // namespace

std::span<const Native> series_natives() {
  static const Native table[] = {
      {"kql_series_abs", "j:j", each<std::abs>},
      {"kql_series_exp", "j:j", each<std::exp>},
      {"kql_series_sign", "j:j", each<sign_of>},
      {"kql_series_sin", "j:j", each<std::sin>},
      {"kql_series_cos", "j:j", each<std::cos>},
      {"kql_series_tan", "j:j", each<std::tan>},
      {"kql_series_asin", "j:j", each<std::asin>},
      {"kql_series_acos", "j:j", each<std::acos>},
      {"kql_series_atan", "j:j", each<std::atan>},
      {"kql_series_log", "j:j", each<std::log>},
      {"kql_series_floor", "j:j", each<std::floor>},
      {"kql_series_ceiling", "j:j", each<std::ceil>},
      {"kql_series_add", "a a:j",
       [](Arguments a, Scratch&) {
         return arithmetic(a, [](double x, double y) { return x + y; });
       }},
      {"kql_series_subtract", "a a:j",
       [](Arguments a, Scratch&) {
         return arithmetic(a, [](double x, double y) { return x - y; });
       }},
      {"kql_series_multiply", "a a:j",
       [](Arguments a, Scratch&) {
         return arithmetic(a, [](double x, double y) { return x * y; });
       }},
      {"kql_series_divide", "a a:j",
       [](Arguments a, Scratch&) {
         return arithmetic(a, [](double x, double y) { return x / y; });
       }},
      {"kql_series_pow", "a a:j",
       [](Arguments a, Scratch&) {
         return arithmetic(a, [](double x, double y) { return std::pow(x, y); });
       }},
      {"kql_series_greater", "a a:j",
       [](Arguments a, Scratch&) {
         return comparison(a, [](double x, double y) { return x > y; });
       }},
      {"kql_series_greater_equals", "a a:j",
       [](Arguments a, Scratch&) {
         return comparison(a, [](double x, double y) { return x >= y; });
       }},
      {"kql_series_less", "a a:j",
       [](Arguments a, Scratch&) {
         return comparison(a, [](double x, double y) { return x < y; });
       }},
      {"kql_series_less_equals", "a a:j",
       [](Arguments a, Scratch&) {
         return comparison(a, [](double x, double y) { return x <= y; });
       }},
      {"kql_series_equals", "a a:j",
       [](Arguments a, Scratch&) {
         return comparison(a, [](double x, double y) { return x == y; });
       }},
      {"kql_series_not_equals", "a a:j",
       [](Arguments a, Scratch&) {
         return comparison(a, [](double x, double y) { return x != y; });
       }},
      {"kql_series_fill_forward", "j a?:j", [](Arguments a, Scratch&) { return fill(a, true); }},
      {"kql_series_fill_backward", "j a?:j", [](Arguments a, Scratch&) { return fill(a, false); }},
      {"kql_series_fill_const", "j a a?:j", fill_const},
      {"kql_series_fill_linear", "j a? b? a?:j", fill_linear},
      {"kql_series_fir", "j j b? b?:j", fir},
      {"kql_series_iir", "j j j:j", iir},
      {"kql_series_sum", "j:r",
       [](Arguments a, Scratch&) -> Cell {
         const auto s = series_of(a[0]);
         return s ? Cell(stats_of(*s).sum) : Cell{};
       }},
      {"kql_series_product", "j:r",
       [](Arguments a, Scratch&) -> Cell {
         const auto s = series_of(a[0]);
         if (!s) return {};
         double product = 1;
         for (const double x : *s) product *= x;
         return product;
       }},
      {"kql_series_magnitude", "j:r",
       [](Arguments a, Scratch&) -> Cell {
         const auto s = series_of(a[0]);
         return s ? Cell(std::sqrt(dot(*s, *s))) : Cell{};
       }},
      {"kql_series_dot_product", "j j:r",
       [](Arguments a, Scratch&) -> Cell {
         const auto s = series_of(a[0]), t = series_of(a[1]);
         return s && t ? Cell(dot(*s, *t)) : Cell{};
       }},
      {"kql_series_cosine_similarity", "j j l? l?:r",
       [](Arguments a, Scratch&) -> Cell {
         const auto s = series_of(a[0]), t = series_of(a[1]);
         if (!s || !t) return {};
         return dot(*s, *t) / std::sqrt(dot(*s, *s)) / std::sqrt(dot(*t, *t));
       }},
      {"kql_series_pearson_correlation", "j j:r",
       [](Arguments a, Scratch&) -> Cell {
         const auto s = series_of(a[0]), t = series_of(a[1]);
         return s && t && s->size() > 1 ? Cell(pearson(*s, *t)) : Cell{};
       }},
      {"kql_series_stats_dynamic", "j b?:j", stats_bag},
      {"kql_series_fit_line_dynamic", "j:j", fit_line},
      {"kql_series_fit_2lines_dynamic", "j:j", fit_two_lines},
      {"kql__series_fit_poly", "j l j?:j", fit_poly},
      {"kql__series_fft", "j j?:j", [](Arguments a, Scratch&) { return fourier(a, false); }},
      {"kql__series_ifft", "j j?:j", [](Arguments a, Scratch&) { return fourier(a, true); }},
      {"kql__steps_below", "l l l:l",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) || is_null(a[1])
                    ? Cell(std::int64_t{0})
                    : Cell(steps_below(whole(a[0]), whole(a[1]), whole(a[2])));
       }},
      {"kql__real_steps_below", "r r r:l",
       [](Arguments a, Scratch&) -> Cell {
         const double count = std::ceil((real(a[1]) - real(a[0])) / real(a[2]) - 1e-9);
         return count > 0 && count <= static_cast<double>(max_bins)
                    ? static_cast<std::int64_t>(count)
                    : std::int64_t{0};
       }},
      {"kql__filled", "j j l a:j", filled},
      {"kql__axis", "l l l:j",
       [](Arguments a, Scratch&) {
         return axis(a, [&](std::int64_t i) { return json::value(whole(a[0]) + i * whole(a[1])); });
       }},
      {"kql__real_axis", "r r l:j",
       [](Arguments a, Scratch&) {
         return axis(a, [&](std::int64_t i) {
           return json::value(real(a[0]) + static_cast<double>(i) * real(a[1]));
         });
       }},
      {"kql__datetime_axis", "d t l:j",
       [](Arguments a, Scratch&) {
         return axis(a, [&](std::int64_t i) {
           return json::value(json::string(datetime_text(whole(a[0]) + i * whole(a[1]))));
         });
       }},
      {"kql__timespan_axis", "t t l:j",
       [](Arguments a, Scratch&) {
         return axis(a, [&](std::int64_t i) {
           return json::value(json::string(timespan_text(whole(a[0]) + i * whole(a[1]))));
         });
       }},
  };
  return table;
}

}  // namespace rollcall::kql
