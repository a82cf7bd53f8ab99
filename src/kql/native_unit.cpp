#include <unicode/unistr.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "kql/native_table.hpp"

// Units of measure, punycode, and compressed texts.

namespace rollcall::kql {
namespace {

struct Unit {
  std::string_view quantity, name;
  double scale;  // in the quantity's base unit
};

constexpr double foot = 0.3048, degree = M_PI / 180;
constexpr auto units = std::to_array<Unit>({
    {"angle", "Radian", 1},
    {"angle", "Degree", degree},
    {"angle", "Arcminute", degree / 60},
    {"angle", "Arcsecond", degree / 3600},
    {"angle", "Centiradian", 0.01},
    {"angle", "Deciradian", 0.1},
    {"angle", "Milliradian", 1e-3},
    {"angle", "Microradian", 1e-6},
    {"angle", "Nanoradian", 1e-9},
    {"angle", "Gradian", M_PI / 200},
    {"angle", "Revolution", 2 * M_PI},
    {"angle", "Tilt", M_PI / 2},
    {"energy", "Joule", 1},
    {"energy", "Kilojoule", 1e3},
    {"energy", "Megajoule", 1e6},
    {"energy", "Gigajoule", 1e9},
    {"energy", "Millijoule", 1e-3},
    {"energy", "Calorie", 4.184},
    {"energy", "Kilocalorie", 4184},
    {"energy", "BritishThermalUnit", 1055.05585262},
    {"energy", "WattHour", 3600},
    {"energy", "KilowattHour", 3.6e6},
    {"energy", "MegawattHour", 3.6e9},
    {"energy", "GigawattHour", 3.6e12},
    {"energy", "ElectronVolt", 1.602176565e-19},
    {"energy", "Erg", 1e-7},
    {"energy", "FootPound", 1.3558179483314004},
    {"force", "Newton", 1},
    {"force", "Kilonewton", 1e3},
    {"force", "Meganewton", 1e6},
    {"force", "Millinewton", 1e-3},
    {"force", "Micronewton", 1e-6},
    {"force", "Decanewton", 10},
    {"force", "Dyn", 1e-5},
    {"force", "KilogramForce", 9.80665},
    {"force", "PoundForce", 4.4482216152605},
    {"force", "OunceForce", 0.27801385095378125},
    {"force", "Poundal", 0.138254954376},
    {"force", "TonneForce", 9806.65},
    {"length", "Meter", 1},
    {"length", "Kilometer", 1e3},
    {"length", "Centimeter", 0.01},
    {"length", "Decimeter", 0.1},
    {"length", "Millimeter", 1e-3},
    {"length", "Micrometer", 1e-6},
    {"length", "Nanometer", 1e-9},
    {"length", "Hectometer", 100},
    {"length", "Foot", foot},
    {"length", "Inch", foot / 12},
    {"length", "Yard", foot * 3},
    {"length", "Mile", 1609.344},
    {"length", "NauticalMile", 1852},
    {"length", "Fathom", 1.8288},
    {"length", "LightYear", 9.46073047258e15},
    {"length", "AstronomicalUnit", 1.495978707e11},
    {"length", "Parsec", 3.08567758128e16},
    {"length", "Chain", 20.1168},
    {"mass", "Kilogram", 1},
    {"mass", "Gram", 1e-3},
    {"mass", "Milligram", 1e-6},
    {"mass", "Microgram", 1e-9},
    {"mass", "Tonne", 1e3},
    {"mass", "Kilotonne", 1e6},
    {"mass", "Pound", 0.45359237},
    {"mass", "Ounce", 0.028349523125},
    {"mass", "Stone", 6.35029318},
    {"mass", "Grain", 6.479891e-5},
    {"mass", "LongTon", 1016.0469088},
    {"mass", "ShortTon", 907.18474},
    {"speed", "MeterPerSecond", 1},
    {"speed", "MeterPerMinute", 1.0 / 60},
    {"speed", "MeterPerHour", 1.0 / 3600},
    {"speed", "KilometerPerHour", 1 / 3.6},
    {"speed", "KilometerPerSecond", 1e3},
    {"speed", "KilometerPerMinute", 1e3 / 60},
    {"speed", "CentimeterPerSecond", 0.01},
    {"speed", "CentimeterPerMinute", 0.01 / 60},
    {"speed", "CentimeterPerHour", 0.01 / 3600},
    {"speed", "MillimeterPerSecond", 1e-3},
    {"speed", "FootPerSecond", foot},
    {"speed", "FootPerMinute", foot / 60},
    {"speed", "FootPerHour", foot / 3600},
    {"speed", "InchPerSecond", foot / 12},
    {"speed", "YardPerSecond", foot * 3},
    {"speed", "MilePerHour", 0.44704},
    {"speed", "Knot", 1852.0 / 3600},
    {"speed", "Mach", 340.29},
    {"volume", "CubicMeter", 1},
    {"volume", "Liter", 1e-3},
    {"volume", "Milliliter", 1e-6},
    {"volume", "Deciliter", 1e-4},
    {"volume", "Centiliter", 1e-5},
    {"volume", "Hectoliter", 0.1},
    {"volume", "CubicCentimeter", 1e-6},
    {"volume", "CubicDecimeter", 1e-3},
    {"volume", "CubicMillimeter", 1e-9},
    {"volume", "CubicKilometer", 1e9},
    {"volume", "CubicFoot", foot* foot* foot},
    {"volume", "CubicInch", 1.6387064e-5},
    {"volume", "CubicYard", 0.764554857984},
    {"volume", "UsGallon", 0.003785411784},
    {"volume", "ImperialGallon", 0.00454609},
    {"volume", "AcreFoot", 1233.48},
    {"volume", "UsQuart", 9.46352946e-4},
    {"volume", "UsPint", 4.73176473e-4},
    {"volume", "UsOunce", 2.95735295625e-5},
});

const Unit* unit_named(std::string_view quantity, std::string_view name) {
  for (const auto& unit : units) {
    if (unit.quantity == quantity && equals_ignoring_case(unit.name, name)) return &unit;
  }
  return nullptr;
}
Cell converted(Arguments a, std::string_view quantity) {
  const auto* from = unit_named(quantity, text(a[1]));
  const auto* to = unit_named(quantity, text(a[2]));
  if (is_null(a[0]) || from == nullptr || to == nullptr) return {};
  return real(a[0]) * from->scale / to->scale;
}
std::optional<double> kelvin(double value, std::string_view unit, bool back) {
  double scale = 1, zero = 0;
  if (unit == "DegreeCelsius")
    zero = 273.15;
  else if (unit == "DegreeFahrenheit")
    scale = 5.0 / 9, zero = 459.67 * 5 / 9;
  else if (unit == "DegreeRankine")
    scale = 5.0 / 9;
  else if (unit == "DegreeReaumur")
    scale = 1.25, zero = 273.15;
  else if (unit == "MillidegreeCelsius")
    scale = 1e-3, zero = 273.15;
  else if (unit != "Kelvin")
    return std::nullopt;
  return back ? (value - zero) / scale : value * scale + zero;
}

// --- punycode (RFC 3492)
std::int64_t adapt(std::int64_t delta, std::int64_t count, bool first) {
  delta = first ? delta / 700 : delta / 2;
  delta += delta / count;
  std::int64_t k = 0;
  for (; delta > 455; k += 36) delta /= 35;
  return k + 36 * delta / (delta + 38);
}
std::optional<std::string> punycode(std::string_view s) {
  const auto unicode =
      icu::UnicodeString::fromUTF8(icu::StringPiece(s.data(), static_cast<int>(s.size())));
  std::vector<std::int64_t> input;
  std::string out;
  for (int i = 0; i < unicode.length(); i = unicode.moveIndex32(i, 1)) {
    input.push_back(unicode.char32At(i));
    if (input.back() < 128) out += static_cast<char>(input.back());
  }
  std::int64_t done = static_cast<std::int64_t>(out.size()), n = 128, delta = 0, bias = 72;
  const std::int64_t basic = done, total = static_cast<std::int64_t>(input.size());
  if (total > 1000) return std::nullopt;
  if (basic > 0) out += '-';
  while (done < total) {
    std::int64_t least = INT32_MAX;
    for (const auto c : input)
      if (c >= n) least = std::min(least, c);
    delta += (least - n) * (done + 1);
    n = least;
    for (const auto c : input) {
      if (c < n) ++delta;
      if (c != n) continue;
      std::int64_t q = delta;
      for (std::int64_t k = 36;; k += 36) {
        const std::int64_t t = std::clamp<std::int64_t>(k - bias, 1, 26);
        if (q < t) break;
        const std::int64_t digit = t + (q - t) % (36 - t);
        out += static_cast<char>(digit < 26 ? 'a' + digit : '0' + digit - 26);
        q = (q - t) / (36 - t);
      }
      out += static_cast<char>(q < 26 ? 'a' + q : '0' + q - 26);
      bias = adapt(delta, done + 1, done == basic);
      delta = 0;
      ++done;
    }
    ++delta;
    ++n;
  }
  return out;
}
std::optional<std::string> from_punycode(std::string_view s) {
  std::vector<std::int64_t> output;
  const std::size_t dash = s.rfind('-');
  std::size_t at = 0;
  if (dash != std::string_view::npos) {
    for (const char c : s.substr(0, dash)) output.push_back(c);
    at = dash + 1;
  }
  std::int64_t n = 128, i = 0, bias = 72;
  while (at < s.size()) {
    const std::int64_t before = i;
    std::int64_t weight = 1;
    for (std::int64_t k = 36;; k += 36) {
      if (at >= s.size()) return std::nullopt;
      const char c = s[at++];
      const std::int64_t digit = c >= 'a' && c <= 'z'   ? c - 'a'
                                 : c >= 'A' && c <= 'Z' ? c - 'A'
                                 : c >= '0' && c <= '9' ? c - '0' + 26
                                                        : -1;
      if (digit < 0 || weight > INT32_MAX) return std::nullopt;
      i += digit * weight;
      const std::int64_t t = std::clamp<std::int64_t>(k - bias, 1, 26);
      if (digit < t) break;
      weight *= 36 - t;
    }
    const std::int64_t count = static_cast<std::int64_t>(output.size()) + 1;
    bias = adapt(i - before, count, before == 0);
    n += i / count;
    i %= count;
    if (n > 0x10ffff || output.size() > 1000) return std::nullopt;
    output.insert(output.begin() + i, n);
    ++i;
  }
  icu::UnicodeString unicode;
  for (const auto c : output) unicode.append(static_cast<UChar32>(c));
  std::string out;
  unicode.toUTF8String(out);
  return out;
}
std::string by_label(std::string_view domain, bool encode) {
  // the ideographic full stops count as dots
  std::string dotted(domain);
  for (const char* stop : {"\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1"}) {
    for (std::size_t i = dotted.find(stop); i != std::string::npos; i = dotted.find(stop))
      dotted.replace(i, 3, ".");
  }
  std::string out;
  for (const auto label : split(dotted, '.')) {
    if (!out.empty()) out += '.';
    const bool plain = std::ranges::all_of(label, [](char c) { return (c & 0x80) == 0; });
    if (encode)
      out += plain ? std::string(label) : "xn--" + punycode(label).value_or("");
    else
      out += label.starts_with("xn--") ? from_punycode(label.substr(4)).value_or("")
                                       : std::string(label);
  }
  return out;
}

// --- zlib and gzip; no more than 16 MB come out
std::optional<std::string> inflated(std::string_view bytes, bool gzip) {
  z_stream stream{};
  if (inflateInit2(&stream, gzip ? 31 : 15) != Z_OK) return std::nullopt;
  std::string in(bytes), out;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  std::array<char, 16384> buffer{};
  int state = Z_OK;
  while (state == Z_OK && out.size() < (16U << 20)) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  return state == Z_STREAM_END ? std::optional(out) : std::nullopt;
}
std::string raw_deflated(std::string_view bytes, int level) {
  z_stream stream{};
  constexpr int without_header = -15;
  if (deflateInit2(&stream, level, Z_DEFLATED, without_header, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return "";
  std::string in(bytes), out(deflateBound(&stream, static_cast<uLong>(in.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// The fastest way; what does not get smaller is stored, as Kusto does.
std::string deflated(std::string_view bytes, bool gzip) {
  std::string body = raw_deflated(bytes, Z_BEST_SPEED);
  if (body.size() >= bytes.size()) body = raw_deflated(bytes, Z_NO_COMPRESSION);
  const auto* data = reinterpret_cast<const Bytef*>(bytes.data());
  const auto size = static_cast<uInt>(bytes.size());
  const auto byte = [](std::uint64_t value, unsigned shift) {
    return static_cast<char>(value >> shift & 255U);
  };
  if (gzip) {
    constexpr std::string_view header("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
    const std::uint64_t check = crc32(0, data, size);
    body.insert(0, header);
    for (const std::uint64_t value : {check, std::uint64_t{size}})
      for (unsigned shift = 0; shift < 32; shift += 8) body += byte(value, shift);
    return body;
  }
  const std::uint64_t check = adler32(1, data, size);
  body.insert(0, "\x78\x01");
  for (unsigned shift = 32; shift > 0; shift -= 8) body += byte(check, shift - 8);
  return body;
}
Cell decompressed(Arguments a, bool gzip) {
  const auto bytes = base64_bytes(text(a[0]));
  return cell(bytes ? inflated(*bytes, gzip).value_or("") : std::string());
}

}  // namespace

std::span<const Native> unit_natives() {
  static const Native table[] = {
      {"kql_convert_angle", "r s s:r", [](Arguments a, Scratch&) { return converted(a, "angle"); }},
      {"kql_convert_energy", "r s s:r",
       [](Arguments a, Scratch&) { return converted(a, "energy"); }},
      {"kql_convert_force", "r s s:r", [](Arguments a, Scratch&) { return converted(a, "force"); }},
      {"kql_convert_length", "r s s:r",
       [](Arguments a, Scratch&) { return converted(a, "length"); }},
      {"kql_convert_mass", "r s s:r", [](Arguments a, Scratch&) { return converted(a, "mass"); }},
      {"kql_convert_speed", "r s s:r", [](Arguments a, Scratch&) { return converted(a, "speed"); }},
      {"kql_convert_volume", "r s s:r",
       [](Arguments a, Scratch&) { return converted(a, "volume"); }},
      {"kql_convert_temperature", "r s s:r",
       [](Arguments a, Scratch&) -> Cell {
         if (is_null(a[0])) return {};
         const auto absolute = kelvin(real(a[0]), text(a[1]), false);
         return absolute ? cell(kelvin(*absolute, text(a[2]), true)) : Cell{};
       }},
      {"kql_punycode_from_string", "s:s",
       [](Arguments a, Scratch&) { return cell(punycode(text(a[0])).value_or("")); }},
      {"kql_punycode_to_string", "s:s",
       [](Arguments a, Scratch&) { return cell(from_punycode(text(a[0])).value_or("")); }},
      {"kql_punycode_domain_from_string", "s:s",
       [](Arguments a, Scratch&) { return cell(by_label(text(a[0]), false)); }},
      {"kql_punycode_domain_to_string", "s:s",
       [](Arguments a, Scratch&) { return cell(by_label(text(a[0]), true)); }},
      {"kql_zlib_compress_to_base64_string", "s:s",
       [](Arguments a, Scratch&) { return cell(base64_text(deflated(text(a[0]), false))); }},
      {"kql_gzip_compress_to_base64_string", "s:s",
       [](Arguments a, Scratch&) { return cell(base64_text(deflated(text(a[0]), true))); }},
      {"kql_zlib_decompress_from_base64_string", "s:s",
       [](Arguments a, Scratch&) { return decompressed(a, false); }},
      {"kql_gzip_decompress_from_base64_string", "s:s",
       [](Arguments a, Scratch&) { return decompressed(a, true); }},
  };
  return table;
}

}  // namespace rollcall::kql
