#include "meter/families/battery.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace fs = std::filesystem;
namespace {

std::string text_of(const fs::path& path) {
  const auto text = read_small_file(path, 256);
  return text ? parse_name(*text) : "";
}

std::optional<double> number_of(const fs::path& path) {
  const auto text = read_small_file(path, 64);
  const auto value = text ? parse_signed(*text) : std::nullopt;
  return value ? std::optional(std::abs(static_cast<double>(*value))) : std::nullopt;
}

// W that flow in or out.
std::optional<double> flow_of(const fs::path& battery) {
  if (const auto power = number_of(battery / "power_now")) return *power * 1e-6;
  const auto current = number_of(battery / "current_now"), voltage = number_of(battery / "voltage_now");
  if (!current || !voltage) return std::nullopt;
  return *current * *voltage * 1e-12;
}

class Batteries : public Source {
 public:
  Batteries(SourceInfo info, std::vector<fs::path> all) : info_(std::move(info)), all_(std::move(all)) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override {
    double sum = 0;
    bool any = false;
    trouble_.clear();
    for (const auto& battery : all_) {
      const std::string status = text_of(battery / "status");
      if (status == "Charging") {
        trouble_ = fmt::format("{} is being charged: the machine runs on the mains", battery.filename().string());
        return std::nullopt;
      }
      if (status != "Discharging") continue;
      const auto watts = flow_of(battery);
      if (!watts) {
        trouble_ = fmt::format("{} does not tell its power", battery.string());
        return std::nullopt;
      }
      sum += *watts;
      any = true;
    }
    // A gauge that says 0 while it discharges has not settled.
    if (any && sum > 0) return sum;
    trouble_ = any ? "the battery's gauge says 0 W" : "the machine runs on the mains";
    return std::nullopt;
  }
  std::string trouble() const override { return trouble_; }

 private:
  SourceInfo info_;
  std::vector<fs::path> all_;
  std::string trouble_;
};

}  // namespace

Found find_battery(const Roots& roots) {
  Found out;
  const fs::path folder = roots.sys / "class/power_supply";
  std::vector<fs::path> all;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end && all.size() < 16; it.increment(failed))
    if (text_of(it->path() / "type") == "Battery" && text_of(it->path() / "scope") != "Device")
      all.push_back(it->path());
  std::sort(all.begin(), all.end());
  if (all.empty()) {
    out.obstacles.push_back({"battery", "battery", fmt::format("{} has no battery of the machine", folder.string()),
                             "only machines that can run on one have it", true});
    return out;
  }
  SourceInfo info;
  info.component = "battery";
  info.family = "battery";
  info.device = text_of(all.front() / "model_name");
  info.where =
      all.size() == 1 ? all.front().string() : fmt::format("{} and {} more", all.front().string(), all.size() - 1);
  info.kind = SourceKind::power;
  info.domain = Domain::platform;
  info.counted = false;
  info.not_counted_because = "it feeds the whole machine";
  info.update = Duration(15);
  info.gain = "meter.battery.gain";
  auto source = std::make_unique<Batteries>(std::move(info), std::move(all));
  if (source->read()) out.sources.push_back(std::move(source));
  else
    out.obstacles.push_back({"battery", "battery", source->trouble(),
                             "unplug the machine and wait half a minute: a battery tells the power of the machine only "
                             "while it feeds it"});
  return out;
}

}  // namespace wattline::meter
