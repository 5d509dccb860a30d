// For tests: a made-up /sys and /proc in a scratch folder.
#pragma once

#include <fstream>
#include <string>

#include "kernel/testing.h"
#include "meter/roots.h"

namespace wattline::meter::tests {

class FakeTree {
 public:
  FakeTree() {
    put("proc/cpuinfo", "model name\t: Imaginary 9000\nsiblings\t: 8\ncpu cores\t: 4\nflags\t: fpu\n");
    put("sys/devices/system/cpu/online", "0-7\n");
    put("proc/meminfo", "MemTotal: 16000000 kB\n");
    put("proc/stat", "cpu 100 0 100 1000 0 0 0 0 0 0\n");
  }
  Roots roots() const { return {dir_.path() / "sys", dir_.path() / "proc", dir_.path() / "dev", {}}; }
  std::filesystem::path path(const std::string& name) const { return dir_.path() / name; }
  void put(const std::string& name, const std::string& content) {
    std::filesystem::create_directories(path(name).parent_path());
    std::ofstream(path(name), std::ios::binary | std::ios::trunc) << content;
  }
  // A second way to the same folder or file.
  void link(const std::string& name, const std::string& to) {
    std::filesystem::create_directories(path(name).parent_path());
    std::filesystem::create_symlink(path(to), path(name));
  }
  void remove(const std::string& name) { std::filesystem::remove_all(path(name)); }

  // A powercap zone: "intel-rapl:0:1", "dram".
  void zone(const std::string& folder, const std::string& name, const std::string& energy_uj,
            const std::string& range_uj = "262143328850") {
    const std::string base = "sys/class/powercap/" + folder + "/";
    put(base + "name", name + "\n");
    put(base + "energy_uj", energy_uj + "\n");
    put(base + "max_energy_range_uj", range_uj + "\n");
    put(base + "enabled", "1\n");
  }
  void set_energy(const std::string& folder, const std::string& energy_uj) {
    put("sys/class/powercap/" + folder + "/energy_uj", energy_uj + "\n");
  }

 private:
  wattline::tests::ScratchDir dir_;
};

}  // namespace wattline::meter::tests
