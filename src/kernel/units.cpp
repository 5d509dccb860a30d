#include "kernel/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline {
namespace {

struct BaseUnit {
  std::string_view symbol;
  Dimension dimension;
  double scale;
  bool prefixes;  // takes SI prefixes
};

constexpr Dimension time_d{.time = 1}, energy_d{.energy = 1}, power_d{.time = -1, .energy = 1}, carbon_d{.carbon = 1},
    mass_d{.mass = 1}, volume_d{.volume = 1}, token_d{.token = 1}, byte_d{.byte = 1}, flop_d{.flop = 1},
    money_d{.money = 1}, area_d{.area = 1}, kelvin_d{.temperature = 1};

// Longer symbols that begin like shorter ones need no order: a symbol is matched whole first, and
// only then split into prefix and symbol.
constexpr BaseUnit known_units[] = {
    {"s", time_d, 1, true},
    {"sec", time_d, 1, false},
    {"second", time_d, 1, false},
    {"seconds", time_d, 1, false},
    {"min", time_d, 60, false},
    {"minute", time_d, 60, false},
    {"minutes", time_d, 60, false},
    {"h", time_d, 3600, false},
    {"hr", time_d, 3600, false},
    {"hour", time_d, 3600, false},
    {"hours", time_d, 3600, false},
    {"d", time_d, 86400, false},
    {"day", time_d, 86400, false},
    {"days", time_d, 86400, false},
    {"week", time_d, 604800, false},
    {"weeks", time_d, 604800, false},
    {"month", time_d, 365.25 * 86400 / 12, false},
    {"months", time_d, 365.25 * 86400 / 12, false},
    {"year", time_d, 365.25 * 86400, false},
    {"years", time_d, 365.25 * 86400, false},
    {"yr", time_d, 365.25 * 86400, false},
    {"J", energy_d, 1, true},
    {"Wh", energy_d, 3600, true},
    {"W", power_d, 1, true},
    {"gCO2e", carbon_d, 1, true},
    {"gCO2eq", carbon_d, 1, true},
    {"gCO2", carbon_d, 1, true},
    {"tCO2e", carbon_d, 1e6, true},
    {"lbCO2e", carbon_d, 453.59237, false},
    {"g", mass_d, 1, true},
    {"t", mass_d, 1e6, false},
    {"lb", mass_d, 453.59237, false},
    {"ston", mass_d, 907184.74, false},
    {"L", volume_d, 1, true},
    {"l", volume_d, 1, true},
    {"m3", volume_d, 1e3, false},
    {"gal", volume_d, 3.785411784, false},
    {"token", token_d, 1, true},
    {"tokens", token_d, 1, true},
    {"tok", token_d, 1, true},
    {"B", byte_d, 1, true},
    {"byte", byte_d, 1, false},
    {"bytes", byte_d, 1, false},
    {"KiB", byte_d, 1024, false},
    {"MiB", byte_d, 1048576, false},
    {"GiB", byte_d, 1073741824, false},
    {"TiB", byte_d, 1099511627776.0, false},
    {"bit", byte_d, 0.125, true},
    {"FLOP", flop_d, 1, true},
    {"FLOPs", flop_d, 1, true},
    {"OP", flop_d, 1, true},
    {"USD", money_d, 1, false},
    {"$", money_d, 1, false},
    {"m2", area_d, 1, false},
    {"cm2", area_d, 1e-4, false},
    {"mm2", area_d, 1e-6, false},
    {"K", kelvin_d, 1, false},
    {"Hz", {.time = -1}, 1, true},
    {"%", {}, 0.01, false},
    {"1", {}, 1, false},
    {"x", {}, 1, false},
};

struct Prefix {
  std::string_view symbol;
  double factor;
};
constexpr Prefix prefixes[] = {{"n", 1e-9}, {"u", 1e-6}, {"µ", 1e-6}, {"μ", 1e-6}, {"m", 1e-3}, {"k", 1e3},
                               {"K", 1e3},  {"M", 1e6},  {"G", 1e9},  {"T", 1e12}, {"P", 1e15}, {"E", 1e18}};

struct Atom {
  Dimension dimension;
  double scale;
};

std::optional<Atom> find_atom(std::string_view symbol) {
  for (const auto& u : known_units)
    if (u.symbol == symbol) return Atom{u.dimension, u.scale};
  for (const auto& p : prefixes)
    if (symbol.starts_with(p.symbol))
      for (const auto& u : known_units)
        if (u.prefixes && u.symbol == symbol.substr(p.symbol.size())) return Atom{u.dimension, u.scale * p.factor};
  return std::nullopt;
}

Error unknown_unit(std::string_view symbol, std::string_view text) {
  static const std::vector<std::string> known = [] {
    std::vector<std::string> names;
    for (const auto& u : known_units) names.emplace_back(u.symbol);
    for (const char* common : {"kWh", "MWh", "mW", "kW", "mJ", "kgCO2e", "mL", "ms", "GB", "TFLOP"})
      names.emplace_back(common);
    return names;
  }();
  const Error e = unknown_name("unit", symbol, known);
  return bad_input(e.message(), {}, symbol == text ? "" : fmt::format("in '{}'", text.substr(0, 60)));
}

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view s) {
  while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
  return s;
}

Dimension times(Dimension d, int n) {
  Dimension out;
  for (int i = 0; i < std::abs(n); ++i) out = n > 0 ? out + d : out - d;
  return out;
}

}  // namespace

Unit parse_unit(std::string_view text) {
  Unit unit{std::string(trim(text)), {}, 1};
  std::string_view rest = trim(text);
  if (rest.size() > 60) throw bad_input("a unit of over 60 characters is none");
  int sign = 1;
  while (!rest.empty()) {
    // The middle dot is two bytes in UTF-8, and its first byte stands in other letters too: µ.
    std::size_t stop = rest.find_first_of("/*.^ ");
    if (const auto dot = rest.find("·"); dot != std::string_view::npos) stop = std::min(stop, dot);
    const std::string_view symbol = rest.substr(0, stop);
    const auto atom = find_atom(symbol);
    if (!atom) throw unknown_unit(symbol, text);
    rest.remove_prefix(symbol.size());
    int power = 1;
    if (rest.starts_with('^')) {
      rest.remove_prefix(1);
      const auto [ptr, ec] = std::from_chars(rest.data(), rest.data() + rest.size(), power);
      if (ec != std::errc() || power < -9 || power > 9)
        throw bad_input(fmt::format("'{}' has a power that is no whole number from -9 to 9", text));
      rest.remove_prefix(static_cast<std::size_t>(ptr - rest.data()));
    }
    unit.dimension = unit.dimension + times(atom->dimension, sign * power);
    unit.scale *= std::pow(atom->scale, sign * power);
    rest = trim(rest);
    if (rest.empty()) break;
    if (rest.front() == '/') {
      sign = -1;
      rest.remove_prefix(1);
    } else if (rest.front() == '*' || rest.front() == '.') {
      rest.remove_prefix(1);
    } else if (rest.starts_with("·")) {
      rest.remove_prefix(std::string_view("·").size());
    } else {
      throw unknown_unit(text, text);
    }
    rest = trim(rest);
    if (rest.empty()) throw bad_input(fmt::format("unit '{}' ends in an operator", text));
  }
  return unit;
}

namespace {

// Grams are written where grams of CO2-equivalent are meant: "500kg", "12 g/kWh".
std::string carbon_hint(double number, std::string_view symbol, Dimension wanted) {
  const std::size_t mass = std::min(symbol.find_first_of("/*. "), symbol.size());
  const std::string spelt = fmt::format("{}CO2e{}", symbol.substr(0, mass), symbol.substr(mass));
  try {
    if (parse_unit(spelt).dimension != wanted) return {};
  } catch (const Error&) {
    return {};
  }
  return fmt::format("write '{} {}', of carbon dioxide equivalent", number, spelt);
}

}  // namespace

double parse_quantity(std::string_view text, Dimension dimension, std::string_view fallback) {
  std::string_view rest = trim(text);
  if (rest.empty()) throw bad_input("empty value: a number with a unit is needed");
  double total = 0;
  bool first = true;
  while (!rest.empty()) {
    double number = 0;
    const char* begin = rest.data();
    if (*begin == '+') ++begin;
    const auto [ptr, ec] = std::from_chars(begin, rest.data() + rest.size(), number);
    if (ec == std::errc::invalid_argument || ptr == begin)
      throw bad_input(fmt::format("'{}' does not begin with a number", text.substr(0, 60)), {},
                      fallback.empty() ? "" : fmt::format("write for example '12 {}'", fallback));
    if (ec != std::errc() || !std::isfinite(number))
      throw bad_input(fmt::format("'{}' is not a finite number", text.substr(0, 60)));
    rest.remove_prefix(static_cast<std::size_t>(ptr - rest.data()));
    while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
    // The unit ends where the next number of "1h30m" begins: only durations are written in pieces.
    std::size_t end = rest.size();
    if (dimension == time_d)
      for (std::size_t i = 0; i < rest.size(); ++i)
        if (rest[i] >= '0' && rest[i] <= '9') {
          end = i;
          break;
        }
    std::string_view symbol = trim(rest.substr(0, end));
    if (symbol.empty()) {
      if (fallback.empty() && dimension != Dimension{})
        throw bad_input(fmt::format("'{}' has no unit; {} is needed", text, describe(dimension)));
      if (!first) throw bad_input(fmt::format("'{}' ends in a number without unit", text));
      symbol = fallback;
    } else if (symbol == "m" && dimension == time_d) {
      symbol = "min";  // "1h30m": a metre is no time
    }
    const Unit unit = parse_unit(symbol);
    if (unit.dimension != dimension)
      throw bad_input(fmt::format("'{}' measures {}, not {}", symbol, describe(unit.dimension), describe(dimension)),
                      {}, carbon_hint(number, symbol, dimension));
    total += number * unit.scale;
    rest.remove_prefix(end);
    first = false;
  }
  if (!std::isfinite(total)) throw bad_input(fmt::format("'{}' is too large", text.substr(0, 60)));
  return total;
}

Temperature parse_temperature(std::string_view text) {
  std::string_view s = trim(text);
  double number = 0;
  const auto [ptr, ec] = std::from_chars(s.data(), s.data() + s.size(), number);
  const std::string_view unit = trim(s.substr(static_cast<std::size_t>(ptr - s.data())));
  Temperature t;
  if (ec == std::errc() && std::isfinite(number)) {
    if (unit == "°C" || unit == "C" || unit == "degC") t = Temperature::celsius(number);
    else if (unit == "K") t = Temperature::kelvin(number);
    else if (unit == "°F" || unit == "F" || unit == "degF") t = Temperature::fahrenheit(number);
    else throw bad_input(fmt::format("'{}' is no temperature", text), {}, "use °C, K or °F");
    if (t.in_kelvin() < 0) throw bad_input(fmt::format("'{}' is below absolute zero", text));
    return t;
  }
  throw bad_input(fmt::format("'{}' is no temperature", text), {}, "write for example '21 °C'");
}

std::string describe(Dimension d) {
  if (d == Dimension{}) return "a plain number";
  if (d == power_d) return "power";
  if (d == Dimension{.time = -1}) return "frequency";
  struct Named {
    int exponent;
    std::string_view name;
  };
  const std::array<Named, 11> parts{{{d.energy, "energy"},
                                     {d.carbon, "carbon"},
                                     {d.mass, "mass"},
                                     {d.volume, "volume"},
                                     {d.token, "tokens"},
                                     {d.byte, "bytes"},
                                     {d.flop, "operations"},
                                     {d.money, "money"},
                                     {d.area, "area"},
                                     {d.temperature, "temperature difference"},
                                     {d.time, "time"}}};
  std::string above, below;
  for (const auto& [exponent, name] : parts) {
    if (exponent == 0) continue;
    std::string& side = exponent > 0 ? above : below;
    if (!side.empty()) side += " and ";
    side += name;
    if (std::abs(exponent) > 1) side += fmt::format("^{}", std::abs(exponent));
  }
  if (below.empty()) return above;
  return (above.empty() ? "number" : above) + " per " + below;
}

std::string format_number(double value, int significant) {
  if (std::isnan(value)) return "-";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (value == 0) return "0";
  const int magnitude = static_cast<int>(std::floor(std::log10(std::abs(value))));
  std::string out;
  if (magnitude >= 15 || magnitude < -6) {
    out = fmt::format("{:.{}e}", value, significant - 1);
    const auto e = out.find('e');
    std::string mantissa = out.substr(0, e);
    if (mantissa.find('.') != std::string::npos) {
      mantissa.erase(mantissa.find_last_not_of('0') + 1);
      if (mantissa.ends_with('.')) mantissa.pop_back();
    }
    return mantissa + out.substr(e);
  }
  out = fmt::format("{:.{}f}", value, std::max(0, significant - 1 - magnitude));
  if (out.find('.') != std::string::npos) {
    out.erase(out.find_last_not_of('0') + 1);
    if (out.ends_with('.')) out.pop_back();
  }
  return out;
}

namespace {

struct Scale {
  std::string_view symbol;
  double factor;
};

// The units people expect, smallest first; a value is shown in the largest that leaves it >= 1.
std::vector<Scale> ladder(Dimension d) {
  if (d == energy_d)
    return {{"nJ", 1e-9},   {"µJ", 1e-6},   {"mJ", 1e-3},    {"J", 1},       {"kJ", 1e3},
            {"kWh", 3.6e6}, {"MWh", 3.6e9}, {"GWh", 3.6e12}, {"TWh", 3.6e15}};
  if (d == power_d) return {{"µW", 1e-6}, {"mW", 1e-3}, {"W", 1}, {"kW", 1e3}, {"MW", 1e6}, {"GW", 1e9}};
  if (d == time_d)
    return {{"ns", 1e-9}, {"µs", 1e-6}, {"ms", 1e-3},   {"s", 1},
            {"min", 60},  {"h", 3600},  {"day", 86400}, {"year", 365.25 * 86400}};
  if (d == carbon_d)
    return {{"ngCO2e", 1e-9}, {"µgCO2e", 1e-6}, {"mgCO2e", 1e-3}, {"gCO2e", 1},
            {"kgCO2e", 1e3},  {"tCO2e", 1e6},   {"ktCO2e", 1e9}};
  if (d == volume_d) return {{"nL", 1e-9}, {"µL", 1e-6}, {"mL", 1e-3}, {"L", 1}, {"m3", 1e3}};
  if (d == mass_d) return {{"µg", 1e-6}, {"mg", 1e-3}, {"g", 1}, {"kg", 1e3}, {"t", 1e6}};
  if (d == byte_d) return {{"B", 1}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}};
  if (d == byte_d - time_d) return {{"B/s", 1}, {"kB/s", 1e3}, {"MB/s", 1e6}, {"GB/s", 1e9}, {"TB/s", 1e12}};
  if (d == flop_d) return {{"FLOP", 1}, {"MFLOP", 1e6}, {"GFLOP", 1e9}, {"TFLOP", 1e12}, {"PFLOP", 1e15}};
  if (d == flop_d - time_d)
    return {{"FLOP/s", 1}, {"MFLOP/s", 1e6}, {"GFLOP/s", 1e9}, {"TFLOP/s", 1e12}, {"PFLOP/s", 1e15}};
  if (d == carbon_d - energy_d) return {{"gCO2e/kWh", 1.0 / 3.6e6}};
  if (d == volume_d - energy_d) return {{"L/kWh", 1.0 / 3.6e6}};
  if (d == money_d - energy_d) return {{"USD/kWh", 1.0 / 3.6e6}};
  if (d == money_d) return {{"USD", 1}};
  if (d == token_d) return {{"tokens", 1}};
  if (d == token_d - time_d) return {{"tokens/s", 1}};
  if (d == energy_d - token_d) return {{"µJ/token", 1e-6}, {"mJ/token", 1e-3}, {"J/token", 1}, {"kJ/token", 1e3}};
  if (d == power_d - byte_d) return {{"W/GB", 1e-9}};
  if (d == area_d) return {{"m2", 1}};
  if (d == kelvin_d) return {{"K", 1}};
  if (d == Dimension{.time = -1}) return {{"Hz", 1}, {"kHz", 1e3}, {"MHz", 1e6}, {"GHz", 1e9}};
  return {};
}

// A dimension nobody named: built from base symbols.
std::string composed_symbol(Dimension d) {
  struct Part {
    int exponent;
    std::string_view symbol;
  };
  const std::array<Part, 11> parts{{{d.energy, "J"},
                                    {d.carbon, "gCO2e"},
                                    {d.mass, "g"},
                                    {d.volume, "L"},
                                    {d.token, "token"},
                                    {d.byte, "B"},
                                    {d.flop, "FLOP"},
                                    {d.money, "USD"},
                                    {d.area, "m2"},
                                    {d.temperature, "K"},
                                    {d.time, "s"}}};
  std::string out;
  for (const auto& [exponent, symbol] : parts) {
    if (exponent <= 0) continue;
    if (!out.empty()) out += "*";
    out += symbol;
    if (exponent > 1) out += fmt::format("^{}", exponent);
  }
  for (const auto& [exponent, symbol] : parts) {
    if (exponent >= 0) continue;
    out += out.empty() ? "1/" : "/";
    out += symbol;
    if (exponent < -1) out += fmt::format("^{}", -exponent);
  }
  return out;
}

}  // namespace

Unit friendly_unit(double base, Dimension d) {
  const auto steps = ladder(d);
  if (steps.empty()) return {composed_symbol(d), d, 1};
  // Zero and non-finite values are shown in the base-sized unit.
  const double size = std::isfinite(base) && base != 0 ? std::abs(base) : 1;
  const Scale* best = &steps.front();
  // 0.99995 of a unit prints as 1 of it with four digits: step up early enough.
  for (const auto& s : steps)
    if (size >= s.factor * 0.99995) best = &s;
  return {std::string(best->symbol), d, best->factor};
}

std::string format_quantity(double base, Dimension d, int significant) {
  const Unit unit = friendly_unit(base, d);
  const std::string number = format_number(base / unit.scale, significant);
  return unit.symbol.empty() ? number : number + " " + unit.symbol;
}

}  // namespace wattline
