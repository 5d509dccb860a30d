#include "meter/families/external_config.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/fetch.h"
#include "kernel/toml.h"
#include "kernel/units.h"
#include "meter/roots.h"

namespace wattline::meter {
namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20, most_meters = 64;
constexpr std::array type_names = {"shelly", "tasmota",  "json",         "redfish",
                                   "upsc",   "ipmitool", "powermetrics", "ptdaemon"};
constexpr std::array measure_names = {"machine", "cpu", "memory", "gpu", "other"};
constexpr Domain measures[] = {Domain::platform, Domain::cpu, Domain::memory, Domain::gpu, Domain::other};

template <std::size_t n>
std::size_t choice(const std::array<const char*, n>& names, const std::string& what, const std::string& value,
                   const std::string& where) {
  const std::vector<std::string> known(names.begin(), names.end());
  const auto it = std::find(known.begin(), known.end(), value);
  if (it != known.end()) return static_cast<std::size_t>(it - known.begin());
  std::string all;
  for (const auto& k : known) all += (all.empty() ? "" : ", ") + k;
  throw bad_input(fmt::format("{} '{}' found; allowed are {}", what, value, all), where);
}

// One table, with the place of each of its keys.
class Keys {
 public:
  Keys(const Json& table, const SourceLines* lines, std::string file)
      : table_(table), lines_(lines), file_(std::move(file)) {
    if (!table.is_object()) throw bad_input("[[meter.source]] is a table", file_);
  }
  std::string where(std::string_view key = {}) const {
    std::uint32_t line = lines_ ? lines_->line : 0;
    const auto& members = table_.as_object();
    for (std::size_t i = 0; i < members.size(); ++i)
      if (members[i].first == key && lines_ && i < lines_->parts.size()) line = lines_->parts[i].line;
    return line ? fmt::format("{}:{}", file_, line) : file_;
  }
  std::string text(const char* key) {
    known_.emplace_back(key);
    const Json* v = table_.find(key);
    if (!v) return {};
    if (!v->is_string()) throw bad_input(fmt::format("{} must be a text", key), where(key));
    return v->as_string();
  }
  Duration duration(const char* key, Duration otherwise, Duration least, Duration most) {
    const std::string value = text(key);
    if (value.empty()) return otherwise;
    Duration d{0};
    try {
      d = parse<Duration>(value);
    } catch (const Error& e) {
      throw e.at(where(key));
    }
    if (d < least || d > most)
      throw bad_input(fmt::format("{} is {}; {} to {} are allowed", key, value, to_string(least), to_string(most)),
                      where(key));
    return d;
  }
  double scale(const char* key, const char* otherwise, Dimension dimension) {
    const std::string value = text(key);
    const Unit unit = parse_unit(value.empty() ? otherwise : value);
    if (!(unit.dimension == dimension))
      throw bad_input(fmt::format("{} '{}' is no unit of {}", key, value, describe(dimension)), where(key),
                      fmt::format("as in {} = \"{}\"", key, otherwise));
    return unit.scale;
  }
  void finish() const {
    for (const auto& [key, value] : table_.as_object())
      if (std::find(known_.begin(), known_.end(), key) == known_.end())
        throw unknown_name("key of [[meter.source]]", key, known_).at(where(key));
  }

 private:
  const Json& table_;
  const SourceLines* lines_;
  std::string file_;
  std::vector<std::string> known_;
};

void read_address(Keys& keys, MeterConfig& m) {
  m.url = keys.text("url");
  m.file = keys.text("file");
  if (m.url.empty() == m.file.empty())
    throw bad_input(fmt::format("meter '{}' needs one of url and file", m.name), m.where);
  if (!m.url.empty() && !m.url.starts_with("http://") && !m.url.starts_with("https://"))
    throw bad_input("a URL begins with http:// or https://", keys.where("url"));
  if (!m.file.empty() && !m.file.is_absolute())
    throw bad_input(
        fmt::format("'{}' found; a whole path is needed, since the program runs in any folder", m.file.string()),
        keys.where("file"));
  const bool of_files =
      m.type == MeterType::ipmitool || m.type == MeterType::powermetrics || m.type == MeterType::ptdaemon;
  if (of_files && m.file.empty())
    throw bad_input(fmt::format("type {} is read from a file", to_string(m.type)), keys.where("url"));
  if (m.type == MeterType::redfish && m.url.empty())
    throw bad_input("type redfish is asked by its url", keys.where("file"));
}

void read_key(Keys& keys, const EnvironmentLookup& lookup, MeterConfig& m) {
  m.user = keys.text("user");
  m.ca_file = keys.text("ca_file");
  const std::string variable = keys.text("key_env");
  if (variable.empty()) {
    if (!m.user.empty()) throw bad_input("a user needs key_env, the variable with the password", keys.where("user"));
    return;
  }
  const auto value = lookup(variable);
  if (!value || value->empty())
    throw bad_input(fmt::format("the environment variable {} is not set", variable), keys.where("key_env"),
                    "put the meter's key into it; keys never stand in the file");
  if (m.url.starts_with("http://") && !is_loopback_url(m.url))
    throw bad_input("the key would travel in the clear", keys.where("url"), "use https, or the meter without a key");
  m.key = Secret(*value);
}

MeterConfig read_meter(const Json& table, const SourceLines* lines, const std::string& file,
                       const EnvironmentLookup& lookup) {
  Keys keys(table, lines, file);
  MeterConfig m;
  m.where = keys.where();
  m.name = keys.text("name");
  const auto plain = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; };
  if (m.name.empty() || m.name.size() > 64 || !std::all_of(m.name.begin(), m.name.end(), plain))
    throw bad_input(
        fmt::format("name '{}' found; up to 64 letters, digits, '-', '_' and '.' are needed", m.name.substr(0, 64)),
        keys.where("name"));
  m.type = static_cast<MeterType>(choice(type_names, "type", keys.text("type"), keys.where("type")));
  read_address(keys, m);
  if (const std::string what = keys.text("measures"); !what.empty())
    m.measures = measures[choice(measure_names, "measures", what, keys.where("measures"))];
  const bool redfish = m.type == MeterType::redfish;
  m.interval = keys.duration("interval",
                             Duration(redfish         ? 10
                                      : m.url.empty() ? 1
                                                      : 2),
                             Duration(redfish ? 10 : 0.1), Duration(3600));
  m.timeout = keys.duration("timeout", Duration(5), Duration(0.1), Duration(60));
  read_key(keys, lookup, m);
  m.power = keys.text("power");
  m.energy = keys.text("energy");
  m.power_scale = keys.scale("power_unit", "W", Power::dimension);
  m.energy_scale = keys.scale("energy_unit", "J", Energy::dimension);
  if ((m.type == MeterType::json) == (m.power.empty() && m.energy.empty()))
    throw bad_input(m.type == MeterType::json ? "type json needs a path: power = \"meters.0.power\", or energy"
                                              : "power and energy are paths of type json alone",
                    m.where);
  keys.finish();
  return m;
}

}  // namespace

std::string_view to_string(MeterType t) { return type_names[static_cast<std::size_t>(t)]; }

EnvironmentLookup environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
}

std::vector<MeterConfig> read_meters(std::string_view toml, const std::string& where, const EnvironmentLookup& lookup) {
  std::vector<MeterConfig> out;
  if (toml.find("meter") == toml.npos) return out;  // most files have none
  SourceLines lines;
  const Json all = json_from_toml(toml, where, &lines);
  const SourceLines* at = &lines;
  const auto down = [&](const Json& from, std::string_view key) -> const Json* {
    const auto& members = from.as_object();
    for (std::size_t i = 0; i < members.size(); ++i)
      if (members[i].first == key) {
        at = at && i < at->parts.size() ? &at->parts[i] : nullptr;
        return &members[i].second;
      }
    return nullptr;
  };
  const Json* meter = down(all, "meter");
  if (!meter || !meter->is_object()) return out;
  const Json* list = down(*meter, "source");
  if (!list) return out;
  if (!list->is_array()) throw bad_input("meters are tables with two brackets: [[meter.source]]", where);
  if (list->as_array().size() > most_meters)
    throw bad_input(fmt::format("{} meters found; {} are allowed", list->as_array().size(), most_meters), where);
  for (std::size_t i = 0; i < list->as_array().size(); ++i) {
    MeterConfig m =
        read_meter(list->as_array()[i], at && i < at->parts.size() ? &at->parts[i] : nullptr, where, lookup);
    if (std::any_of(out.begin(), out.end(), [&](const MeterConfig& o) { return o.name == m.name; }))
      throw bad_input(fmt::format("two meters are named '{}'", m.name), m.where);
    out.push_back(std::move(m));
  }
  return out;
}

std::vector<MeterConfig> read_meters(const std::vector<std::filesystem::path>& files, const EnvironmentLookup& lookup) {
  std::vector<MeterConfig> out;
  for (const auto& path : files) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored)) continue;
    const auto text = read_small_file(path, largest_file);
    if (!text) throw errno_error("read", path.string(), errno);
    for (auto& m : read_meters(*text, path.string(), lookup))
      if (std::none_of(out.begin(), out.end(), [&](const MeterConfig& o) { return o.name == m.name; }))
        out.push_back(std::move(m));
  }
  return out;
}

}  // namespace wattline::meter
