#include "meter/families/hwmon_chips.h"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace fs = std::filesystem;
namespace {

constexpr double not_available = 4294967295000.0;  // uW: 0xFFFFFFFF mW

// Which voltage belongs to which current, where it is not the one of its own number; the other voltages are those over
// the shunts, or sums.
struct Pairing {
  std::string_view chip;
  std::vector<std::pair<int, int>> voltage_current;
};
const Pairing pairings[] = {
    {"ina3221", {{1, 1}, {2, 2}, {3, 3}}},
    {"ina219", {{1, 1}}},
    {"ina226", {{1, 1}}},
    {"ina230", {{1, 1}}},
    {"ina231", {{1, 1}}},
    {"ina238", {{1, 1}}},
    {"ltc2945", {{1, 1}}},
    {"ltc2947", {{0, 0}}},
    {"ltc2992", {{0, 1}, {2, 2}}},
    {"max20730", {{2, 1}}},
};

std::string text_of(const fs::path& path) {
  const auto text = read_small_file(path, 256);
  return text ? parse_name(*text) : "";
}

// "power12_average": 12 when the name begins and ends so.
std::optional<int> index_in(std::string_view file, std::string_view before, std::string_view after) {
  if (!file.starts_with(before) || !file.ends_with(after) || file.size() <= before.size() + after.size()) return {};
  const auto digits = file.substr(before.size(), file.size() - before.size() - after.size());
  int n = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  if (ec != std::errc() || end != digits.data() + digits.size() || n < 0) return {};
  return n;
}

bool switched_off(const fs::path& chip, std::string_view quantity, int index) {
  const auto text = read_small_file(chip / fmt::format("{}{}_enable", quantity, index), 16);
  return text && parse_whole(*text) == 0u;
}

using ByIndex = std::map<int, std::string>;
struct Files {
  ByIndex energy, power_mean, power, voltage_mean, voltage, current_mean, current;
};

Files files_of(const fs::path& chip) {
  Files out;
  const std::pair<ByIndex*, std::pair<const char*, const char*>> kinds[] = {
      {&out.energy, {"energy", "_input"}}, {&out.power_mean, {"power", "_average"}},
      {&out.power, {"power", "_input"}},   {&out.voltage_mean, {"in", "_average"}},
      {&out.voltage, {"in", "_input"}},    {&out.current_mean, {"curr", "_average"}},
      {&out.current, {"curr", "_input"}},
  };
  std::error_code failed;
  for (fs::directory_iterator it(chip, failed), end; !failed && it != end; it.increment(failed)) {
    const std::string file = it->path().filename().string();
    for (const auto& [files, name] : kinds)
      if (const auto i = index_in(file, name.first, name.second)) (*files)[*i] = file;
  }
  return out;
}

std::vector<HwmonChannel> by_voltage(const HwmonChip& chip, const Files& files) {
  std::vector<std::pair<int, int>> pairs;
  const auto known =
      std::find_if(std::begin(pairings), std::end(pairings), [&](const Pairing& p) { return p.chip == chip.name; });
  if (known != std::end(pairings)) pairs = known->voltage_current;
  else
    for (const auto& [i, file] : files.voltage) pairs.emplace_back(i, i);
  std::vector<HwmonChannel> out;
  for (const auto& [v, c] : pairs) {
    if (!files.voltage.contains(v) || !files.current.contains(c)) continue;
    if (switched_off(chip.folder, "in", v) || switched_off(chip.folder, "curr", c)) continue;
    HwmonChannel channel;
    channel.index = c;
    // Two means are of one time; a mean times an instant is of none.
    channel.mean = files.voltage_mean.contains(v) && files.current_mean.contains(c);
    channel.file = channel.mean ? files.voltage_mean.at(v) : files.voltage.at(v);
    channel.second_file = channel.mean ? files.current_mean.at(c) : files.current.at(c);
    channel.label = text_of(chip.folder / fmt::format("in{}_label", v));
    if (channel.label.empty()) channel.label = text_of(chip.folder / fmt::format("curr{}_label", c));
    out.push_back(std::move(channel));
  }
  return out;
}

class HwmonSource : public Source {
 public:
  HwmonSource(SourceInfo info, SysfsNumber number, std::optional<SysfsNumber> second)
      : info_(std::move(info)), number_(std::move(number)), second_(std::move(second)) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override {
    auto micro = number_.read();
    if (second_ && micro && *micro >= 0) {
      const auto other = second_->read();
      if (!other || *other < 0) return std::nullopt;
      micro = *micro * *other;  // mV by mA are uW
    }
    if (!micro || *micro < 0 || *micro == not_available) return std::nullopt;
    return *micro * 1e-6;
  }
  std::string trouble() const override {
    if (!number_.trouble().empty()) return number_.trouble();
    if (second_ && !second_->trouble().empty()) return second_->trouble();
    return info_.where + " gives no reading";
  }

 private:
  SourceInfo info_;
  SysfsNumber number_;
  std::optional<SysfsNumber> second_;
};

}  // namespace

std::vector<HwmonChip> hwmon_chips(const Roots& roots) {
  std::vector<HwmonChip> out;
  std::error_code failed;
  for (fs::directory_iterator it(roots.sys / "class/hwmon", failed), end; !failed && it != end; it.increment(failed)) {
    std::string name = text_of(it->path() / "name");
    if (name.empty()) name = it->path().filename().string();
    out.push_back({it->path(), std::move(name)});
    if (out.size() == 4096) break;
  }
  std::sort(out.begin(), out.end(), [](const HwmonChip& a, const HwmonChip& b) {
    const auto x = a.folder.filename().string(), y = b.folder.filename().string();
    return std::pair(x.size(), x) < std::pair(y.size(), y);
  });
  return out;
}

std::vector<HwmonChannel> hwmon_channels(const HwmonChip& chip) {
  const Files files = files_of(chip.folder);
  std::vector<HwmonChannel> out;
  const auto add = [&](int index, const std::string& file, std::string_view quantity, SourceKind kind, bool mean) {
    if (switched_off(chip.folder, quantity, index)) return;
    out.push_back({index, file, {}, text_of(chip.folder / fmt::format("{}{}_label", quantity, index)), kind, mean});
  };
  for (const auto& [i, file] : files.energy) add(i, file, "energy", SourceKind::energy, false);
  if (!out.empty()) return out;  // one kind for a chip: its power channels are the same rails
  ByIndex power = files.power;
  for (const auto& [i, file] : files.power_mean) power[i] = file;
  for (const auto& [i, file] : power) add(i, file, "power", SourceKind::power, files.power_mean.contains(i));
  return out.empty() && power.empty() ? by_voltage(chip, files) : out;
}

std::unique_ptr<Source> hwmon_source(const HwmonChip& chip, const HwmonChannel& channel, SourceInfo info, Found& out) {
  std::replace(info.component.begin(), info.component.end(), ' ', '-');
  info.where = (chip.folder / channel.file).string();
  if (!channel.second_file.empty()) info.where += " x " + channel.second_file;
  info.kind = channel.kind;
  if (info.gain.empty()) info.gain = "meter.hwmon.gain";
  info.update = std::max(info.update, Duration(0.1));
  std::error_code failed;
  // The way to it by another folder is the same chip.
  const fs::path real = fs::canonical(chip.folder, failed);
  if (!failed) info.counter = fmt::format("{} {}", real.string(), channel.file);
  SysfsNumber number(chip.folder / channel.file);
  std::optional<SysfsNumber> second;
  if (!channel.second_file.empty()) second.emplace(chip.folder / channel.second_file);
  if (!number.read() || (second && !second->read())) {
    const bool denied = number.denied() || (second && second->denied());
    if (denied || info.counted)
      out.obstacles.push_back({info.family, info.component,
                               number.trouble().empty() ? second->trouble() : number.trouble(),
                               denied ? "run wattline as root (`wattline agent` gives root up once it is open)"
                                      : "the chip does not answer",
                               false, info.counter});
    return nullptr;
  }
  auto source = std::make_unique<HwmonSource>(std::move(info), std::move(number), std::move(second));
  if (!source->read()) return nullptr;
  return source;
}

std::string hwmon_device(const HwmonChip& chip) {
  std::error_code failed;
  const fs::path device = fs::canonical(chip.folder / "device", failed);
  return failed ? "" : device.filename().string();
}

}  // namespace wattline::meter
