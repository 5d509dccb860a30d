// Sources of power: each reads one counter or sensor of one component. Families (RAPL, hwmon, NVML ...) say
// which sources this machine has, and why others cannot be used and what would mend that.
//
// What a joule includes is a matter of domains: the sources of one domain that a family marks `counted`
// never overlap, and of two families that see the same domain only the first is counted (RAPL before
// hwmon). What measures the whole machine (psys, a battery, a meter at the wall) contains the others and is shown,
// never added.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernel/quantity.h"
#include "meter/roots.h"

namespace wattline::meter {

enum class Domain { cpu, memory, gpu, platform, other };
std::string_view to_string(Domain);

enum class SourceKind {
  energy,  // a cumulative counter, J
  power,  // power at the instant of reading (or its recent mean), W
};
std::string_view to_string(SourceKind);

// What is known of a source without reading it.
struct SourceInfo {
  std::string component;  // "package-0", "dram", "gpu-0"; unique among the sources of a machine
  std::string family;  // "rapl", "nvml", "hwmon"
  std::string device;  // catalog or driver name where there is one ("NVIDIA A100-SXM4-80GB")
  std::string where;  // path or call, for people
  Domain domain = Domain::other;
  SourceKind kind = SourceKind::energy;
  std::string id;  // what the maker calls this one (UUID, serial number), "" unknown: stays when numbers change
  // One hardware counter that several families reach has one text here ("rapl package-0"): of them the first is kept.
  std::string counter;
  bool counted = true;  // part of the sum of its domain; false: contained in another, or unknown
  std::string not_counted_because;
  double range = 0;  // J at which the counter starts again at 0; 0: it does not
  Power most{2000};  // no component draws more: a step back that would need more is a reset
  Duration update{1e-3};  // how often the value is renewed
  Duration averaged{0};  // a power is the mean of so long before it; 0: of an instant, or not known
  double resolution = 0;  // the least step of the value, J or W; 0: too small to matter
  std::string gain;  // factor id: how sure the reading is
  bool modelled = false;  // what it tells was computed and not read, as some recorded traces'
};

class Source {
 public:
  virtual ~Source() = default;
  virtual const SourceInfo& info() const = 0;
  // J or W by kind; nothing when it cannot be read now (then `trouble` says why).
  virtual std::optional<double> read() = 0;
  virtual std::string trouble() const { return {}; }
  // Named in the configuration, and has not answered since the start: a gap until it does.
  virtual bool awaited() const { return false; }
  // How long ago the value of the last read() was taken; meters that are asked in the background answer late.
  virtual Duration age() const { return Duration(0); }
  // The read() that follows ends a measurement: what is asked in the background may be asked now.
  virtual void finish() {}
  // Of an energy counter that moves in steps too long for a short run: the power now, W.
  virtual std::optional<double> watts_now() { return std::nullopt; }
};
using Sources = std::vector<std::unique_ptr<Source>>;

// A source that is or might be there and cannot be used.
struct Obstacle {
  std::string family, component, why, mend;
  bool absent = false;  // nothing of the kind is here; otherwise it is here and the mend would help
  std::string counter{};  // as SourceInfo has it, "rapl " for all of them: no loss where another family reads it
};
struct Found {
  Sources sources;
  std::vector<Obstacle> obstacles;
  std::vector<std::string> notes;  // what else a person should know, whole sentences
};

struct SourceFamily {
  std::string name, summary;
  std::function<Found(const Roots&)> find;
  bool quick = true;  // reads files alone, so that it may be looked for again while measuring
};
// In the order in which they are trusted.
const std::vector<SourceFamily>& source_families();

// All families' sources, overlaps between families marked as not counted, component names made unique. Meters that are
// configured and asked over the network are asked at once, for at most their timeout. Error where the configuration
// is wrong; what the machine does wrong is an obstacle.
Found find_sources(const Roots&);
Found find_sources(const Roots&, const std::vector<SourceFamily>&);
// Those that are there now and were not among the known: a driver was loaded, a board came. Of the quick families: NVIDIA's
// library, the management controller and configured meters are looked for at the start alone.
Sources appeared(const Roots&, const std::vector<SourceInfo>& known);

// Shared by the families that read sysfs: an attribute that is read again and again, kept open. Where its driver was
// loaded anew it is opened again.
class SysfsNumber {
 public:
  explicit SysfsNumber(const std::filesystem::path&);
  ~SysfsNumber();
  SysfsNumber(SysfsNumber&&) noexcept;
  SysfsNumber& operator=(SysfsNumber&&) = delete;

  // The number; nothing with `trouble` set.
  std::optional<double> read();
  const std::string& trouble() const { return trouble_; }
  int error() const { return errno_; }
  bool denied() const;

 private:
  void open();
  std::string path_, trouble_;
  int fd_ = -1, errno_ = 0;
};

}  // namespace wattline::meter
