#include "meter/families/jetson.h"

#include <algorithm>

#include <fmt/format.h>

#include "meter/families/hwmon_chips.h"
#include "meter/proc_files.h"

namespace wattline::meter {
namespace fs = std::filesystem;
namespace {

std::vector<fs::path> folders_in(const fs::path& folder, std::string_view prefix) {
  std::vector<fs::path> out;
  std::error_code failed, ignored;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end && out.size() < 256; it.increment(failed))
    if (it->path().filename().string().starts_with(prefix) && fs::is_directory(it->path(), ignored))
      out.push_back(it->path());
  std::sort(out.begin(), out.end());
  return out;
}

bool has(std::string_view rail, std::string_view part) { return rail.find(part) != rail.npos; }

void describe(SourceInfo& info, const std::string& rail) {
  info.component = rail;
  info.family = "jetson";
  info.device = "ina3221";
  if (rail == "VDD_IN" || rail == "POM_5V_IN") {
    info.domain = Domain::platform;
    info.counted = false;
    info.not_counted_because = "it contains the other rails";
  } else if (has(rail, "CPU")) {
    info.domain = Domain::cpu;
    if (has(rail, "GPU")) info.device += " (feeds processor and GPU)";
  } else if (has(rail, "GPU")) {
    info.domain = Domain::gpu;
  } else if (has(rail, "DDR") || has(rail, "VDDQ") || has(rail, "VDDRQ")) {
    info.domain = Domain::memory;
  } else {
    info.domain = Domain::other;
  }
  info.gain = "meter.ina3221.gain";
}

class IioRail : public Source {
 public:
  IioRail(SourceInfo info, SysfsNumber number) : info_(std::move(info)), number_(std::move(number)) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override {
    const auto milliwatts = number_.read();
    if (!milliwatts || *milliwatts < 0) return std::nullopt;
    return *milliwatts * 1e-3;
  }
  std::string trouble() const override {
    return number_.trouble().empty() ? info_.where + " gives no reading" : number_.trouble();
  }

 private:
  SourceInfo info_;
  SysfsNumber number_;
};

void add_hwmon(Found& out, const fs::path& folder) {
  const HwmonChip chip{folder, "ina3221"};
  for (const auto& channel : hwmon_channels(chip)) {
    if (channel.label.empty() || channel.label == "NC") continue;  // nothing is connected
    SourceInfo info;
    describe(info, channel.label);
    if (auto source = hwmon_source(chip, channel, std::move(info), out)) out.sources.push_back(std::move(source));
  }
}

void add_iio(Found& out, const fs::path& folder) {
  for (int k = 0; k < 3; ++k) {
    const auto name = read_small_file(folder / fmt::format("rail_name_{}", k), 64);
    const std::string rail = name ? parse_name(*name) : "";
    if (rail.empty() || rail == "NC") continue;
    SourceInfo info;
    describe(info, rail);
    const fs::path file = folder / fmt::format("in_power{}_input", k);
    info.where = file.string();
    info.kind = SourceKind::power;
    info.update = Duration(0.1);
    SysfsNumber number(file);
    if (!number.read()) {
      out.obstacles.push_back({"jetson", rail, number.trouble(),
                               number.denied() ? "run wattline as root (`wattline agent` gives root up once it is open)"
                                               : "the chip does not answer"});
      continue;
    }
    auto source = std::make_unique<IioRail>(std::move(info), std::move(number));
    if (source->read()) out.sources.push_back(std::move(source));
  }
}

}  // namespace

Found find_jetson(const Roots& roots) {
  Found out;
  const fs::path drivers = roots.sys / "bus/i2c/drivers";
  for (const auto& device : folders_in(drivers / "ina3221", ""))
    for (const auto& chip : folders_in(device / "hwmon", "hwmon")) add_hwmon(out, chip);
  if (out.sources.empty())
    for (const auto& device : folders_in(drivers / "ina3221x", ""))
      for (const auto& chip : folders_in(device, "iio:device")) add_iio(out, chip);
  if (out.sources.empty() && out.obstacles.empty())
    out.obstacles.push_back(
        {"jetson", "rails", "no ina3221 with named rails", "only NVIDIA Jetson boards have them", true});
  return out;
}

}  // namespace wattline::meter
