#include "meter/families/gpu_sysfs.h"

#include <algorithm>

#include <fmt/format.h>

#include "meter/families/gpu_metrics.h"
#include "meter/families/hwmon_chips.h"
#include "meter/proc_files.h"

namespace wattline::meter {
namespace {

bool asleep(const HwmonChip& chip) {
  const auto text = read_small_file(chip.folder / "device/power/runtime_status", 32);
  return text && parse_name(*text) == "suspended";
}

// Asks no board that sleeps: the driver would wake it for the answer.
class LetSleep : public Source {
 public:
  LetSleep(HwmonChip chip, std::unique_ptr<Source> source) : chip_(std::move(chip)), source_(std::move(source)) {}
  const SourceInfo& info() const override { return source_->info(); }
  std::optional<double> read() override {
    asleep_ = asleep(chip_);
    return asleep_ ? std::nullopt : source_->read();
  }
  std::optional<double> watts_now() override { return asleep(chip_) ? std::nullopt : source_->watts_now(); }
  std::string trouble() const override {
    return asleep_ ? "the board sleeps, and is not woken to be asked" : source_->trouble();
  }

 private:
  HwmonChip chip_;
  std::unique_ptr<Source> source_;
  bool asleep_ = false;
};

// The board's energy by the driver's table (gpu_metrics.h).
class TableEnergy : public Source {
 public:
  TableEnergy(SourceInfo info, bool mi200) : info_(std::move(info)), mi200_(mi200) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override {
    const auto bytes = read_small_file(info_.where, 4096);
    const auto table = bytes ? parse_gpu_metrics(*bytes, mi200_) : std::nullopt;
    trouble_ = table ? "" : info_.where + (bytes ? " tells no energy" : " cannot be read");
    watts_ = table ? table->watts : std::nullopt;
    return table ? std::optional(table->joules) : std::nullopt;
  }
  std::string trouble() const override { return trouble_; }
  std::optional<double> watts_now() override { return read() ? watts_ : std::nullopt; }

 private:
  SourceInfo info_;
  bool mi200_;
  std::string trouble_;
  std::optional<double> watts_;
};

std::unique_ptr<Source> table_energy(const HwmonChip& chip, SourceInfo info) {
  info.where = (chip.folder / "device/gpu_metrics").string();
  info.kind = SourceKind::energy;
  info.resolution = gpu_metrics_joule_step;
  info.update = Duration(0.01);
  const auto id = read_small_file(chip.folder / "device/device", 32);
  const std::string device = id ? parse_name(*id) : "";
  auto source =
      std::make_unique<TableEnergy>(std::move(info), device == "0x7408" || device == "0x740c" || device == "0x740f");
  return source->read() ? std::move(source) : nullptr;
}

SourceInfo board_info(const HwmonChip& chip, const char* family, int number) {
  SourceInfo info;
  info.component = fmt::format("{}-{}", family, number);
  info.family = family;
  info.device = chip.name;
  info.id = hwmon_device(chip);
  info.domain = Domain::gpu;
  info.gain = "meter.gpu_sysfs.gain";
  return info;
}

void nothing_here(Found& out, const char* family, const char* what, const char* mend) {
  if (out.sources.empty() && out.obstacles.empty())
    out.obstacles.push_back({family, what, "no board with this driver tells power or energy", mend, true});
}

}  // namespace

Found find_amdgpu(const Roots& roots) {
  Found out;
  int number = 0;
  for (const auto& chip : hwmon_chips(roots)) {
    if (chip.name != "amdgpu") continue;
    SourceInfo info = board_info(chip, "amdgpu", number++);
    if (asleep(chip)) {
      out.obstacles.push_back({"amdgpu", info.component, "the board sleeps, and is not woken to be asked",
                               "it is read when a program uses it at the start"});
      continue;
    }
    const auto label = read_small_file(chip.folder / "in1_label", 32);
    if (label && parse_name(*label) == "vddnb") {  // a rail that only processors with graphics have
      info.component = "apu";
      info.domain = Domain::cpu;
    }
    // One channel: others would be the same board by another name.
    const auto channels = hwmon_channels(chip);
    if (channels.empty() || channels.front().kind != SourceKind::energy)
      if (auto source = table_energy(chip, info)) {
        out.sources.push_back(std::make_unique<LetSleep>(chip, std::move(source)));
        info.component += "-power";
        info.counted = false;
        info.not_counted_because = "the board's energy counter is counted";
      }
    if (channels.empty() || channels.front().second_file.size()) continue;
    if (auto source = hwmon_source(chip, channels.front(), std::move(info), out))
      out.sources.push_back(std::make_unique<LetSleep>(chip, std::move(source)));
  }
  nothing_here(out, "amdgpu", "AMD GPUs", "if there is such a GPU: load its driver (modprobe amdgpu)");
  return out;
}

Found find_intel_gpu(const Roots& roots) {
  Found out;
  int number = 0;
  for (const auto& chip : hwmon_chips(roots)) {
    if (chip.name != "i915" && chip.name != "xe") continue;  // i915_gt0 is a part of i915
    const SourceInfo board = board_info(chip, "intel-gpu", number++);
    const auto channels = hwmon_channels(chip);
    auto whole = std::find_if(channels.begin(), channels.end(), [](const auto& c) { return c.label == "card"; });
    if (whole == channels.end()) whole = channels.begin();
    for (auto it = channels.begin(); it != channels.end(); ++it) {
      SourceInfo info = board;
      if (it != whole) {
        info.component += "-" + it->name();
        info.counted = false;
        info.not_counted_because = "it is a part of the board";
      }
      if (auto source = hwmon_source(chip, *it, std::move(info), out)) out.sources.push_back(std::move(source));
    }
  }
  nothing_here(out, "intel-gpu", "Intel GPUs",
               "boards of their own tell it where the kernel is new enough (i915, xe); graphics inside a processor are "
               "part of its package");
  return out;
}

}  // namespace wattline::meter
