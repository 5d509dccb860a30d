// What the families that read /sys/class/hwmon share: its chips, their channels, and sources made of them.
//
// Of each chip one kind of channel is used: energy counters (energyK_input, uJ) before power (powerK_average before
// powerK_input, uW) before voltage times current (inK in mV by currK in mA, paired as the chip's driver numbers them).
// Channels that are switched off, negative readings and 0xFFFFFFFF mW ("not available") are left out.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "meter/source.h"

namespace wattline::meter {

struct HwmonChip {
  std::filesystem::path folder;
  std::string name;  // its driver's, else its folder's
};
// hwmon2 before hwmon10; at most 4096.
std::vector<HwmonChip> hwmon_chips(const Roots&);

struct HwmonChannel {
  int index = 0;
  std::string file, second_file;  // "energy1_input"; of voltage times current both
  std::string label;  // "" none
  SourceKind kind = SourceKind::power;
  bool mean = false;  // of power1_average
  std::string name() const { return label.empty() ? std::to_string(index) : label; }
};
std::vector<HwmonChannel> hwmon_channels(const HwmonChip&);

// A source of the channel: `info` with where, kind, counter and rhythm filled in. nullptr where it gives no reading now;
// where it may not be read, or a counted channel does not answer, that is among the obstacles.
std::unique_ptr<Source> hwmon_source(const HwmonChip&, const HwmonChannel&, SourceInfo info, Found& out);

// The address of the device that a chip sits on ("0000:03:00.0"), "" unknown.
std::string hwmon_device(const HwmonChip&);

}  // namespace wattline::meter
