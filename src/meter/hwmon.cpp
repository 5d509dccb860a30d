#include "meter/hwmon.h"

#include <algorithm>
#include <cctype>
#include <set>

#include <fmt/format.h>

#include "meter/families/hwmon_chips.h"

namespace wattline::meter {
namespace {

// Chips whose extent is known, and which of their channels are it.
struct Known {
  std::string_view driver;
  // The label (its beginning, in lower case) of the channels that are counted; the others are parts of
  // them. "": every channel.
  std::string_view counted;
};
constexpr Known processors[] = {
    {"zenpower", "svi2_p_"}, {"k10temp", "package"}, {"fam15h_power", ""}, {"apm_xgene", ""}};

// Other families' chips.
constexpr std::string_view others[] = {"amd_energy", "amdgpu", "i915", "xe"};

constexpr std::size_t most_channels = 64;  // of a chip: more is no sensor chip

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

void add_chip(Found& out, const HwmonChip& chip) {
  const auto known =
      std::find_if(std::begin(processors), std::end(processors), [&](const Known& c) { return c.driver == chip.name; });
  const bool is_known = known != std::end(processors);
  auto all = hwmon_channels(chip);
  if (all.size() > most_channels) all.resize(most_channels);
  const auto whole = [&](const HwmonChannel& c) { return lower(c.label).starts_with(known->counted); };
  const bool has_whole = is_known && std::any_of(all.begin(), all.end(), whole);
  std::set<std::string> names;
  for (const auto& channel : all) {
    SourceInfo info;
    info.component = fmt::format("{}-{}", chip.name, channel.name());
    // Two rails of one label are told apart by their numbers.
    if (!names.insert(info.component).second) info.component += fmt::format("-{}", channel.index);
    info.family = "hwmon";
    info.device = chip.name;
    if (is_known) info.domain = Domain::cpu;
    // Without its whole, the first channel is the best there is.
    const bool part = is_known && (has_whole ? !whole(channel) : channel.index != all.front().index);
    info.counted = is_known && !part;
    if (part) info.not_counted_because = "it is a part of another channel of the chip";
    else if (!is_known) info.not_counted_because = fmt::format("what the chip '{}' feeds is not known", chip.name);
    if (auto source = hwmon_source(chip, channel, std::move(info), out)) out.sources.push_back(std::move(source));
  }
}

}  // namespace

Found find_hwmon(const Roots& roots) {
  Found out;
  const auto chips = hwmon_chips(roots);
  for (const auto& chip : chips) {
    const bool other = std::any_of(std::begin(others), std::end(others),
                                   [&](std::string_view name) { return chip.name.starts_with(name); });
    if (!other) add_chip(out, chip);
  }
  if (out.sources.empty() && out.obstacles.empty())
    out.obstacles.push_back({"hwmon", "sensors",
                             chips.empty() ? fmt::format("{} is missing or empty", (roots.sys / "class/hwmon").string())
                                           : "no other chip here gives power or energy",
                             "virtual machines have none; real ones may need a driver (sensors-detect)", true});
  return out;
}

}  // namespace wattline::meter
