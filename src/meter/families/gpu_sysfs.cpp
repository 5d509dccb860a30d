#include "meter/families/gpu_sysfs.h"

#include <algorithm>

#include <fmt/format.h>

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
  std::string trouble() const override {
    return asleep_ ? "the board sleeps, and is not woken to be asked" : source_->trouble();
  }

 private:
  HwmonChip chip_;
  std::unique_ptr<Source> source_;
  bool asleep_ = false;
};

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
