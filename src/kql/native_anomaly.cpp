#include <algorithm>
#include <cmath>

#include "kql/native_table.hpp"

// Series with a season: periods, decomposition into season and trend, outliers and anomalies,
// forecasts.

namespace rollcall::kql {
namespace {

using Series = std::vector<double>;

std::optional<Series> series_of(const Argument& a) {
  const auto value = read_json(text(a));
  if (!value || !value->is_array()) return std::nullopt;
  Series series;
  for (const auto& v : value->get_array())
    series.push_back(v.is_number() ? v.to_number<double>() : std::nan(""));
  return series;
}
json::array array_of(const Series& s) {
  json::array out;
  for (const double x : s) out.push_back(std::isnan(x) ? json::value() : json::value(x));
  return out;
}

double mean_of(const Series& s) {
  double sum = 0, n = 0;
  for (const double x : s)
    if (!std::isnan(x)) sum += x, n += 1;
  return n == 0 ? 0 : sum / n;
}

// The correlation of the series with itself so many places later.
double autocorrelation(const Series& s, std::size_t lag) {
  if (lag == 0 || lag >= s.size()) return 0;
  const std::size_t n = s.size() - lag;
  double ma = 0, mb = 0;
  for (std::size_t i = 0; i < n; ++i) ma += s[i], mb += s[i + lag];
  ma /= static_cast<double>(n), mb /= static_cast<double>(n);
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double p = s[i] - ma, q = s[i + lag] - mb;
    ab += p * q, aa += p * p, bb += q * q;
  }
  return aa == 0 || bb == 0 ? 0 : ab / std::sqrt(aa * bb);
}

struct Period {
  double length, score;
};
// The places where the autocorrelation peaks, the best first: of four points at least, and shorter
// than half of the series.
std::vector<Period> periods_of(const Series& s, double least, double most, std::size_t count) {
  const std::size_t limit = std::min<std::size_t>(s.empty() ? 0 : (s.size() - 1) / 2,
                                                  static_cast<std::size_t>(std::max(0.0, most)));
  Series score(limit + 2, 0);
  for (std::size_t lag = 1; lag <= limit + 1 && lag < s.size(); ++lag)
    score[lag] = autocorrelation(s, lag);
  std::vector<Period> found;
  for (std::size_t lag = 4; lag <= limit; ++lag) {
    if (static_cast<double>(lag) < least || score[lag] <= 0.1) continue;
    if (score[lag] >= score[lag - 1] && score[lag] >= score[lag + 1])
      found.push_back({static_cast<double>(lag), score[lag]});
  }
  std::ranges::stable_sort(found, [](const auto& a, const auto& b) { return a.score > b.score; });
  // A multiple of a period that is as good is no other.
  std::vector<Period> kept;
  for (const auto& p : found) {
    const bool multiple = std::ranges::any_of(found, [&](const auto& q) {
      return q.length < p.length && std::fmod(p.length, q.length) == 0 && q.score > p.score * 0.9;
    });
    if (!multiple && kept.size() < count) kept.push_back(p);
  }
  return kept;
}

struct Parts {
  Series baseline, seasonal, trend, residual;
};

Parts decomposed(const Series& s, std::int64_t seasonality, std::string_view trend,
                 std::size_t test_points) {
  const std::size_t n = s.size(), fit_n = n > test_points ? n - test_points : n;
  Series fitted(s.begin(), s.begin() + static_cast<std::ptrdiff_t>(fit_n));
  Parts parts;
  double slope = 0, level = mean_of(fitted);
  const auto fit_line = [&] {
    double sx = 0, sy = 0, sxx = 0, sxy = 0, count = 0;
    for (std::size_t i = 0; i < fit_n; ++i) {
      if (std::isnan(fitted[i])) continue;
      const double x = static_cast<double>(i);
      sx += x, sy += fitted[i], sxx += x * x, sxy += x * fitted[i], count += 1;
    }
    const double d = count * sxx - sx * sx;
    slope = d == 0 ? 0 : (count * sxy - sx * sy) / d;
    level = count == 0 ? 0 : (sy - slope * sx) / count;
  };
  if (trend == "linefit") fit_line();
  if (trend == "none") level = 0;
  for (std::size_t i = 0; i < n; ++i) parts.trend.push_back(level + slope * static_cast<double>(i));
  Series flat;
  for (std::size_t i = 0; i < fit_n; ++i) flat.push_back(fitted[i] - parts.trend[i]);
  std::size_t period = seasonality > 0 ? static_cast<std::size_t>(seasonality) : 0;
  if (seasonality == -1) {
    const auto found = periods_of(flat, 3, static_cast<double>(fit_n), 1);
    if (!found.empty() && found[0].score > 0.6) period = static_cast<std::size_t>(found[0].length);
  }
  parts.seasonal.assign(n, 0);
  if (period > 1 && period <= fit_n / 2) {
    for (std::size_t phase = 0; phase < period; ++phase) {
      double sum = 0, count = 0;
      for (std::size_t i = phase; i < fit_n; i += period)
        if (!std::isnan(flat[i])) sum += flat[i], count += 1;
      for (std::size_t i = phase; i < n; i += period)
        parts.seasonal[i] = count == 0 ? 0 : sum / count;
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    parts.baseline.push_back(parts.trend[i] + parts.seasonal[i]);
    parts.residual.push_back(s[i] - parts.baseline[i]);
  }
  return parts;
}

double quantile(Series sorted, double q) {
  std::erase_if(sorted, [](double x) { return std::isnan(x); });
  if (sorted.empty()) return 0;
  std::ranges::sort(sorted);
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto i = static_cast<std::size_t>(at);
  if (i + 1 >= sorted.size()) return sorted.back();
  return sorted[i] + (sorted[i + 1] - sorted[i]) * (at - static_cast<double>(i));
}

// Tukey's fences: how many ranges a value lies outside them.
Series scores(const Series& s, bool custom, double low, double high) {
  const double p = quantile(s, custom ? low / 100 : 0.25),
               q = quantile(s, custom ? high / 100 : 0.75);
  const double range = q - p;
  Series out;
  for (const double x : s) {
    double score = 0;
    if (range > 0) score = x > q ? (x - q) / range : x < p ? (x - p) / range : 0;
    out.push_back(std::isnan(x) ? 0 : score);
  }
  return out;
}

// series_decompose(series, seasonality, trend, test points)
Cell decompose(Arguments a, Scratch&) {
  const auto s = series_of(a[0]);
  if (!s) return {};
  const auto trend = text(a[2]);
  const Parts p = decomposed(*s, whole(a[1], -1), trend.empty() ? "avg" : trend,
                             static_cast<std::size_t>(std::max<std::int64_t>(0, whole(a[3], 0))));
  return cell(json::value(json::array{array_of(p.baseline), array_of(p.seasonal), array_of(p.trend),
                                      array_of(p.residual)}));
}

// series_decompose_anomalies(series, threshold, seasonality, trend, test points, method)
Cell anomalies(Arguments a, Scratch&) {
  const auto s = series_of(a[0]);
  if (!s) return {};
  const double threshold = real(a[1], 1.5);
  const auto trend = text(a[3]), method = text(a[5]);
  const Parts p = decomposed(*s, whole(a[2], -1), trend.empty() ? "avg" : trend,
                             static_cast<std::size_t>(std::max<std::int64_t>(0, whole(a[4], 0))));
  const Series score = scores(p.residual, method != "tukey", 10, 90);
  json::array flags;
  for (const double x : score)
    flags.emplace_back(std::int64_t{x > threshold ? 1 : x < -threshold ? -1 : 0});
  return cell(json::value(json::array{flags, array_of(score), array_of(p.baseline)}));
}

// series_decompose_forecast(series, points, seasonality, trend)
Cell forecast(Arguments a, Scratch&) {
  const auto s = series_of(a[0]);
  if (!s) return {};
  const auto trend = text(a[3]);
  return cell(json::value(
      array_of(decomposed(*s, whole(a[2], -1), trend.empty() ? "linefit" : trend,
                          static_cast<std::size_t>(std::max<std::int64_t>(0, whole(a[1], 0))))
                   .baseline)));
}

Cell outliers(Arguments a, Scratch&) {
  const auto s = series_of(a[0]);
  if (!s) return {};
  const std::string_view kind = text(a[1]);
  return cell(json::value(array_of(scores(*s, kind != "tukey", real(a[3], 10), real(a[4], 90)))));
}

Cell periods_detect(Arguments a, Scratch&) {
  const auto s = series_of(a[0]);
  if (!s) return {};
  const auto count = static_cast<std::size_t>(std::clamp<std::int64_t>(whole(a[3], 1), 0, 100));
  const auto found = periods_of(*s, real(a[1]), real(a[2]), count);
  json::array lengths, grades;
  for (std::size_t i = 0; i < count; ++i) {
    lengths.emplace_back(i < found.size() ? found[i].length : 0.0);
    grades.emplace_back(i < found.size() ? found[i].score : 0.0);
  }
  return cell(json::value(json::array{lengths, grades}));
}

Cell periods_validate(Arguments a, Scratch&) {
  const auto s = series_of(a[0]);
  const auto wanted = read_json(text(a[1])).value_or(json::value());
  if (!s || !wanted.is_array()) return {};
  json::array lengths, grades;
  for (const auto& w : wanted.get_array()) {
    const double length = w.is_number() ? w.to_number<double>() : 0;
    const auto lag = static_cast<std::size_t>(std::max(0.0, std::round(length)));
    const double score = autocorrelation(*s, lag),
                 before = autocorrelation(*s, lag > 0 ? lag - 1 : 0),
                 after = autocorrelation(*s, lag + 1);
    lengths.emplace_back(length);
    grades.emplace_back(score > 0.1 && score >= before && score >= after ? score : 0.0);
  }
  return cell(json::value(json::array{lengths, grades}));
}

// The mean of each phase; without a period the best one is looked for.
Cell seasonal(Arguments a, Scratch&) {
  const auto s = series_of(a[0]);
  if (!s) return {};
  std::size_t period = static_cast<std::size_t>(std::max<std::int64_t>(0, whole(a[1], 0)));
  if (is_null(a[1]) || whole(a[1]) == -1) {
    const auto found = periods_of(*s, 0, static_cast<double>(s->size()), 1);
    period = found.empty() ? 0 : static_cast<std::size_t>(found[0].length);
  }
  Series out(s->size(), 0);
  if (period > 0)
    for (std::size_t phase = 0; phase < period; ++phase) {
      Series values;
      for (std::size_t i = phase; i < s->size(); i += period) values.push_back((*s)[i]);
      const double middle = quantile(values, 0.5);
      for (std::size_t i = phase; i < s->size(); i += period) out[i] = middle;
    }
  return cell(json::value(array_of(out)));
}

}  // namespace

std::span<const Native> anomaly_natives() {
  static const Native table[] = {
      {"kql__series_decompose", "j l s l:j", decompose},
      {"kql__series_decompose_anomalies", "j r l s l s:j", anomalies},
      {"kql_series_decompose_forecast", "j l l? s? r?:j", forecast},
      {"kql_series_outliers", "j s? r? r? r?:j", outliers},
      {"kql__series_periods_detect", "j r r l:j", periods_detect},
      {"kql__series_periods_validate", "j j:j", periods_validate},
      {"kql_series_seasonal", "j l?:j", seasonal},
  };
  return table;
}

}  // namespace rollcall::kql
