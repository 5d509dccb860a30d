#include "meter/hwmon.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace fs = std::filesystem;
namespace {

// Chips whose extent is known, and which of their channels are it.
struct Chip {
  std::string_view driver;
  Domain domain;
  // The label (its beginning, in lower case) of the channels that are counted; the others are parts of
  // them. "": every channel.
  std::string_view counted;
};
constexpr Chip known_chips[] = {
    // One counter for each core and one for each socket ("Esocket0").
    {"amd_energy", Domain::cpu, "esocket"},
    {"zenpower", Domain::cpu, "svi2_p_"},
    {"k10temp", Domain::cpu, "package"},
    {"fam15h_power", Domain::cpu, ""},
    {"apm_xgene", Domain::cpu, ""},
    {"amdgpu", Domain::gpu, ""},
    {"i915", Domain::gpu, ""},
    {"xe", Domain::gpu, "card"},  // "pkg" is inside it
};

constexpr double not_available = 4294967295000.0;  // uW: 0xFFFFFFFF mW

struct Channel {
  int index = 0;
  std::string file;  // "energy1_input", "power1_average"
  std::string label;
  SourceKind kind = SourceKind::power;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

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
  if (ec != std::errc() || end != digits.data() + digits.size()) return {};
  return n;
}

bool switched_off(const fs::path& chip, std::string_view quantity, int index) {
  const auto text = read_small_file(chip / fmt::format("{}{}_enable", quantity, index), 16);
  return text && parse_whole(*text) == 0u;
}

// One channel for each index, by the best file there is.
std::vector<Channel> channels(const fs::path& chip) {
  std::map<int, std::string> energy, average, input;
  std::error_code failed;
  for (fs::directory_iterator it(chip, failed), end; !failed && it != end; it.increment(failed)) {
    const std::string file = it->path().filename().string();
    if (const auto i = index_in(file, "energy", "_input")) energy[*i] = file;
    else if (const auto mean = index_in(file, "power", "_average")) average[*mean] = file;
    else if (const auto now = index_in(file, "power", "_input")) input[*now] = file;
  }
  std::vector<Channel> out;
  const auto add = [&](int index, const std::string& file, std::string_view quantity, SourceKind kind) {
    if (switched_off(chip, quantity, index)) return;
    out.push_back({index, file, text_of(chip / fmt::format("{}{}_label", quantity, index)), kind});
  };
  for (const auto& [i, file] : energy) add(i, file, "energy", SourceKind::energy);
  if (!out.empty()) return out;  // one kind for a chip: its power channels are the same rails
  for (const auto& [i, file] : average) input[i] = file;
  for (const auto& [i, file] : input) add(i, file, "power", SourceKind::power);
  return out;
}

class HwmonSource : public Source {
 public:
  HwmonSource(SourceInfo info, SysfsNumber number) : info_(std::move(info)), number_(std::move(number)) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override {
    const auto micro = number_.read();
    if (!micro || *micro < 0 || *micro == not_available) return std::nullopt;
    return *micro * 1e-6;
  }
  std::string trouble() const override {
    return number_.trouble().empty() ? info_.where + " gives no reading" : number_.trouble();
  }

 private:
  SourceInfo info_;
  SysfsNumber number_;
};

void add_chip(Found& out, const fs::path& folder) {
  const std::string name = text_of(folder / "name");
  const std::string chip = name.empty() ? folder.filename().string() : name;
  const auto known =
      std::find_if(std::begin(known_chips), std::end(known_chips), [&](const Chip& c) { return c.driver == chip; });
  const bool is_known = known != std::end(known_chips);
  const auto all = channels(folder);
  const auto whole = [&](const Channel& c) { return lower(c.label).starts_with(known->counted); };
  const bool has_whole = is_known && std::any_of(all.begin(), all.end(), whole);
  for (const auto& channel : all) {
    SourceInfo info;
    info.component = fmt::format("{}-{}", chip, channel.label.empty() ? std::to_string(channel.index) : channel.label);
    std::replace(info.component.begin(), info.component.end(), ' ', '-');
    info.family = "hwmon";
    info.device = chip;
    info.where = (folder / channel.file).string();
    info.kind = channel.kind;
    info.gain = "meter.hwmon.gain";
    info.update = Duration(0.1);
    if (is_known) info.domain = known->domain;
    // Without its whole, the first channel is the best there is.
    const bool part = is_known && (has_whole ? !whole(channel) : channel.index != all.front().index);
    info.counted = is_known && !part;
    if (part) info.not_counted_because = "it is a part of another channel of the chip";
    else if (!is_known) info.not_counted_because = fmt::format("what the chip '{}' feeds is not known", chip);

    SysfsNumber number(folder / channel.file);
    if (!number.read()) {
      const bool denied = number.error() == EACCES || number.error() == EPERM;
      if (info.counted)
        out.obstacles.push_back({"hwmon", info.component, number.trouble(),
                                 denied ? "run wattline as root, or once give it the right to read: sudo setcap "
                                          "cap_dac_read_search=ep $(command -v wattline)"
                                        : "the chip does not answer"});
      continue;
    }
    auto source = std::make_unique<HwmonSource>(std::move(info), std::move(number));
    if (source->read()) out.sources.push_back(std::move(source));
  }
}

}  // namespace

Found find_hwmon(const Roots& roots) {
  Found out;
  const fs::path folder = roots.sys / "class/hwmon";
  std::vector<fs::path> chips;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed))
    chips.push_back(it->path());
  // hwmon2 before hwmon10.
  std::sort(chips.begin(), chips.end(), [](const fs::path& a, const fs::path& b) {
    const auto x = a.filename().string(), y = b.filename().string();
    return std::pair(x.size(), x) < std::pair(y.size(), y);
  });
  for (const auto& chip : chips) add_chip(out, chip);
  if (out.sources.empty() && out.obstacles.empty())
    out.obstacles.push_back(
        {"hwmon", "sensors",
         chips.empty() ? fmt::format("{} is missing or empty", folder.string()) : "no chip here gives power or energy",
         "virtual machines have none; real ones may need a driver (sensors-detect)"});
  return out;
}

}  // namespace wattline::meter
