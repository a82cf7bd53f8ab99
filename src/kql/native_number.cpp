#include <cmath>

#include "kql/native_table.hpp"

// Numbers: what SQL does otherwise, or not at all.

namespace rollcall::kql {
namespace {

template <double (*f)(double)>
Cell apply(Arguments a, Scratch&) {
  if (is_null(a[0])) return {};
  return f(real(a[0]));
}

double cot(double x) { return 1.0 / std::tan(x); }
double exp10_of(double x) { return std::pow(10.0, x); }
double degrees(double x) { return x * 180.0 / M_PI; }
double radians(double x) { return x * M_PI / 180.0; }

// Half away from zero, at a decimal place; negative places round before the point.
Cell round_to(Arguments a, Scratch&) {
  if (is_null(a[0])) return {};
  const double scale = std::pow(10.0, static_cast<double>(whole(a[1], 0)));
  const double scaled = std::round(real(a[0]) * scale);
  return std::isfinite(scaled) ? scaled / scale : real(a[0]);
}

// Floors to a multiple of the size.
Cell bin(Arguments a, Scratch&) {
  if (is_null(a[0]) || is_null(a[1]) || !(real(a[1]) > 0)) return {};
  return std::floor(real(a[0]) / real(a[1])) * real(a[1]);
}
Cell bin_whole(Arguments a, Scratch&) {
  if (is_null(a[0]) || is_null(a[1]) || whole(a[1]) <= 0) return {};
  const std::int64_t rest = whole(a[0]) % whole(a[1]);
  return whole(a[0]) - (rest < 0 ? rest + whole(a[1]) : rest);
}

std::string hex(std::uint64_t value, std::int64_t least) {
  return fmt::format("{:0{}x}", value, std::max<std::int64_t>(least, 1));
}

Cell format_bytes(Arguments a, Scratch&) {
  static constexpr std::string_view units[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
  double value = real(a[0]);
  std::size_t unit = 0;
  if (is_null(a[0])) return cell("");
  const std::string_view wanted = text(a[2]);
  if (!wanted.empty()) {
    while (unit < 6 && units[unit] != wanted && !(wanted == "Bytes" && unit == 0)) {
      value /= 1024;
      ++unit;
    }
  } else {
    while (std::abs(value) >= 1024 && unit < 6) {
      value /= 1024;
      ++unit;
    }
  }
  const auto places = static_cast<int>(whole(a[1], 0));
  const double scale = std::pow(10.0, places);
  double rounded = std::round(value * scale) / scale;
  std::string number = real_text(rounded);
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return cell(fmt::format("{} {}", number,
                          unit == 0 && wanted == "Bytes" ? "Bytes"
                          : unit == 0                    ? "Bytes"
                                                         : std::string(units[unit])));
}

// How many rows a range has: what stands in its order is sorted, so there is an end even of those without one.
constexpr std::int64_t most_rows_of_a_range = 100'000'000;
Cell steps(Arguments a, Scratch&) {
  if (is_null(a[0]) || is_null(a[1]) || is_null(a[2]) || whole(a[2]) == 0) return std::int64_t{0};
  const auto span = static_cast<Int128>(whole(a[1])) - whole(a[0]);
  const auto step = static_cast<Int128>(whole(a[2]));
  if ((span < 0) != (step < 0) && span != 0) return std::int64_t{0};
  const auto count = span / step + 1;
  return count > most_rows_of_a_range ? most_rows_of_a_range : static_cast<std::int64_t>(count);
}
Cell real_steps(Arguments a, Scratch&) {
  if (is_null(a[0]) || is_null(a[1]) || is_null(a[2]) || real(a[2]) == 0) return std::int64_t{0};
  const double count = std::floor((real(a[1]) - real(a[0])) / real(a[2]) + 1e-9) + 1;
  if (!(count > 0)) return std::int64_t{0};
  return count > static_cast<double>(most_rows_of_a_range) ? most_rows_of_a_range
                                                           : static_cast<std::int64_t>(count);
}

// --- the beta distribution, by its continued fraction
double log_beta(double a, double b) { return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b); }
double beta_fraction(double x, double a, double b) {
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  if (std::abs(d) < 1e-300) d = 1e-300;
  d = 1 / d;
  double h = d;
  for (int m = 1; m <= 300; ++m) {
    const double m2 = 2.0 * m;
    for (const double numerator : {m * (b - m) * x / ((a + m2 - 1) * (a + m2)),
                                   -(a + m) * (a + b + m) * x / ((a + m2) * (a + m2 + 1))}) {
      d = 1 + numerator * d;
      if (std::abs(d) < 1e-300) d = 1e-300;
      c = 1 + numerator / c;
      if (std::abs(c) < 1e-300) c = 1e-300;
      d = 1 / d;
      h *= d * c;
    }
    if (std::abs(d * c - 1) < 1e-15) break;
  }
  return h;
}
double beta_cdf(double x, double a, double b) {
  if (x <= 0 || x >= 1) return x == 0 ? 0 : x == 1 ? 1 : std::nan("");
  const double front = std::exp(a * std::log(x) + b * std::log1p(-x) - log_beta(a, b));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(x, a, b) / a;
  return 1 - front * beta_fraction(1 - x, b, a) / b;
}
double beta_inverse(double p, double a, double b) {
  double low = 0, high = 1;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (beta_cdf(middle, a, b) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}
bool beta_parameters(Arguments a) { return !is_null(a[0]) && real(a[1]) > 0 && real(a[2]) > 0; }

// Welch's t-test from means, variances and counts: the two-sided p-value.
Cell welch(Arguments a, Scratch&) {
  const double m1 = real(a[0]), v1 = real(a[1]), n1 = real(a[2]), m2 = real(a[3]), v2 = real(a[4]),
               n2 = real(a[5]);
  if (n1 < 2 || n2 < 2) return {};
  const double e1 = v1 / n1, e2 = v2 / n2;
  const double t = (m1 - m2) / std::sqrt(e1 + e2);
  const double df = (e1 + e2) * (e1 + e2) / (e1 * e1 / (n1 - 1) + e2 * e2 / (n2 - 1));
  return beta_cdf(df / (df + t * t), df / 2, 0.5);
}

}  // namespace

std::span<const Native> number_natives() {
  static const Native table[] = {
      {"kql__wrapped", "l l s:l",
       [](Arguments a, Scratch&) -> Cell {
         if (is_null(a[0]) || is_null(a[1])) return {};
         std::int64_t value = 0;
         switch (text(a[2])[0]) {
           case '+':
             __builtin_add_overflow(whole(a[0]), whole(a[1]), &value);
             break;
           case '-':
             __builtin_sub_overflow(whole(a[0]), whole(a[1]), &value);
             break;
           case '*':
             __builtin_mul_overflow(whole(a[0]), whole(a[1]), &value);
             break;
         }
         return value;
       }},
      {"kql__divide", "r r:r",
       [](Arguments a, Scratch&) -> Cell {
         if (is_null(a[0]) || is_null(a[1])) return {};
         return real(a[0]) / real(a[1]);
       }},
      {"kql__modulo", "r r:r",
       [](Arguments a, Scratch&) -> Cell {
         if (is_null(a[0]) || is_null(a[1])) return {};
         const double rest = std::fmod(real(a[0]), real(a[1]));
         return rest < 0 ? rest + std::abs(real(a[1])) : rest;
       }},
      {"kql__bin_real", "r r:r", bin},
      {"kql__bin_whole", "l l:l", bin_whole},
      {"kql__round", "r l:r", round_to},
      {"kql__steps", "l l l:l", steps},
      {"kql__real_steps", "r r r:l", real_steps},
      {"kql_sqrt", "r:r",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) || real(a[0]) < 0 ? Cell{} : Cell(std::sqrt(real(a[0])));
       }},
      {"kql_exp", "r:r", apply<std::exp>},
      {"kql_exp2", "r:r", apply<std::exp2>},
      {"kql_exp10", "r:r", apply<exp10_of>},
      {"kql_log", "r:r",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) || real(a[0]) < 0 ? Cell{} : Cell(std::log(real(a[0])));
       }},
      {"kql_log2", "r:r",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) || real(a[0]) < 0 ? Cell{} : Cell(std::log2(real(a[0])));
       }},
      {"kql_log10", "r:r",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) || real(a[0]) < 0 ? Cell{} : Cell(std::log10(real(a[0])));
       }},
      {"kql_sin", "r:r", apply<std::sin>},
      {"kql_cos", "r:r", apply<std::cos>},
      {"kql_tan", "r:r", apply<std::tan>},
      {"kql_asin", "r:r", apply<std::asin>},
      {"kql_acos", "r:r", apply<std::acos>},
      {"kql_atan", "r:r", apply<std::atan>},
      {"kql_cot", "r:r", apply<cot>},
      {"kql_degrees", "r:r", apply<degrees>},
      {"kql_radians", "r:r", apply<radians>},
      {"kql_gamma", "r:r", apply<std::tgamma>},
      {"kql_loggamma", "r:r", apply<std::lgamma>},
      {"kql_erf", "r:r", apply<std::erf>},
      {"kql_erfc", "r:r", apply<std::erfc>},
      {"kql_atan2", "r r:r",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) || is_null(a[1]) ? Cell{} : Cell(std::atan2(real(a[0]), real(a[1])));
       }},
      {"kql_pow", "r r:r",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) || is_null(a[1]) ? Cell{} : Cell(std::pow(real(a[0]), real(a[1])));
       }},
      {"kql_pi", ":r", [](Arguments, Scratch&) -> Cell { return M_PI; }},
      {"kql_isnan", "r:b", [](Arguments a, Scratch&) -> Cell { return std::isnan(real(a[0])); }},
      {"kql_isinf", "r:b", [](Arguments a, Scratch&) -> Cell { return std::isinf(real(a[0])); }},
      {"kql_isfinite", "r:b",
       [](Arguments a, Scratch&) -> Cell { return !is_null(a[0]) && std::isfinite(real(a[0])); }},
      {"kql_binary_and", "l l:l",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) || is_null(a[1]) ? Cell{} : Cell(whole(a[0]) & whole(a[1]));
       }},
      {"kql_binary_or", "l l:l",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) || is_null(a[1]) ? Cell{} : Cell(whole(a[0]) | whole(a[1]));
       }},
      {"kql_binary_xor", "l l:l",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) || is_null(a[1]) ? Cell{} : Cell(whole(a[0]) ^ whole(a[1]));
       }},
      {"kql_binary_not", "l:l",
       [](Arguments a, Scratch&) -> Cell { return is_null(a[0]) ? Cell{} : Cell(~whole(a[0])); }},
      {"kql_binary_shift_left", "l l:l",
       [](Arguments a, Scratch&) -> Cell {
         if (is_null(a[0]) || is_null(a[1])) return {};
         return static_cast<std::int64_t>(static_cast<std::uint64_t>(whole(a[0]))
                                          << (static_cast<std::uint64_t>(whole(a[1])) & 63));
       }},
      {"kql_binary_shift_right", "l l:l",
       [](Arguments a, Scratch&) -> Cell {
         if (is_null(a[0]) || is_null(a[1])) return {};
         return whole(a[0]) >> (static_cast<std::uint64_t>(whole(a[1])) & 63);
       }},
      {"kql_bitset_count_ones", "l:l",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) ? Cell{}
                              : Cell(static_cast<std::int64_t>(__builtin_popcountll(
                                    static_cast<unsigned long long>(whole(a[0])))));
       }},
      {"kql_tohex", "l l?:s",
       [](Arguments a, Scratch&) {
         return is_null(a[0]) ? cell("")
                              : cell(hex(static_cast<std::uint64_t>(whole(a[0])), whole(a[1], 0)));
       }},
      {"kql_format_bytes", "r l? s?:s", format_bytes},
      {"kql_beta_cdf", "r r r:r",
       [](Arguments a, Scratch&) -> Cell {
         if (beta_parameters(a)) return beta_cdf(real(a[0]), real(a[1]), real(a[2]));
         // all of the weight is at 0 when alpha is none
         const bool at_zero = real(a[1], 1) <= 0 && real(a[0]) >= 0 && real(a[0]) <= 1;
         return at_zero ? 1 : std::nan("");
       }},
      {"kql_beta_inv", "r r r:r",
       [](Arguments a, Scratch&) -> Cell {
         return beta_parameters(a) ? Cell(beta_inverse(real(a[0]), real(a[1]), real(a[2])))
                                   : Cell(std::nan(""));
       }},
      {"kql_beta_pdf", "r r r:r",
       [](Arguments a, Scratch&) -> Cell {
         if (!beta_parameters(a) || real(a[0]) < 0 || real(a[0]) > 1) return std::nan("");
         const double x = real(a[0]), p = real(a[1]), q = real(a[2]);
         return std::exp((p - 1) * std::log(x) + (q - 1) * std::log1p(-x) - log_beta(p, q));
       }},
      {"kql_welch_test", "r r r r r r:r", welch},
  };
  return table;
}

}  // namespace rollcall::kql
