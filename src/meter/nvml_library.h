// The driver's library for NVIDIA GPUs (libnvidia-ml.so.1), opened at run time and never linked, so that the program
// starts where there is none. The calls and structures are as NVIDIA documents them; what old drivers lack is null.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace wattline::meter::nvml {

using Device = void*;

enum Code : int { done = 0, invalid = 2, not_supported = 3, no_permission = 4, too_small = 7, lost = 15 };

// What nvmlDeviceGetFieldValues fills in. The member of `value` that holds is named by `type`.
struct FieldValue {
  unsigned field = 0;
  unsigned scope = 0;  // 0 the GPU, 1 the module it sits on with its processor, 2 memory
  long long timestamp_us = 0, latency_us = 0;
  unsigned type = 0;  // 0 double, 1 unsigned, 2 unsigned long, 3 unsigned long long, 4 long long, 5 int
  int code = not_supported;
  union {
    double d;
    unsigned u;
    unsigned long ul;
    unsigned long long ull;
    long long ll;
    int i;
  } value{};
};
inline constexpr unsigned field_energy = 83;  // mJ since the driver was loaded
inline constexpr unsigned field_power_average = 185, field_power_instant = 186;  // mW

struct ProcessInfo {
  unsigned pid = 0;
  unsigned long long memory = 0;  // bytes
  unsigned gpu_instance = 0, compute_instance = 0;  // 0xFFFFFFFF: no slice
};
struct ProcessUtilization {
  unsigned pid = 0;
  unsigned long long timestamp_us = 0;
  unsigned sm = 0, memory = 0, encoder = 0, decoder = 0;  // percent
};

struct Attributes {
  unsigned multiprocessors = 0, copy_engines = 0, decoders = 0, encoders = 0, jpeg = 0, ofa = 0;
  unsigned gpu_slices = 0, compute_slices = 0;
  unsigned long long memory_mb = 0;
};

struct Api {
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*handle)(unsigned, Device*) = nullptr;
  int (*name)(Device, char*, unsigned) = nullptr;
  int (*power)(Device, unsigned*) = nullptr;
  // The rest may be absent.
  const char* (*error)(int) = nullptr;
  int (*energy)(Device, unsigned long long*) = nullptr;
  int (*uuid)(Device, char*, unsigned) = nullptr;
  int (*architecture)(Device, unsigned*) = nullptr;  // 5 Volta, 6 Turing, 7 Ampere, 8 Ada, 9 Hopper ...
  int (*fields)(Device, int, FieldValue*) = nullptr;
  int (*mig_mode)(Device, unsigned* current, unsigned* pending) = nullptr;
  int (*most_mig)(Device, unsigned*) = nullptr;
  int (*mig_handle)(Device, unsigned, Device*) = nullptr;
  // `count`: room on entry, how many on return; too_small where there is too little.
  int (*processes)(Device, unsigned* count, ProcessInfo*) = nullptr;
  int (*utilization)(Device, ProcessUtilization*, unsigned* count, unsigned long long since_us) = nullptr;
  int (*attributes)(Device, Attributes*) = nullptr;  // of a slice
};

class Library {
 public:
  // `path` "": WATTLINE_NVML_LIBRARY (not for programs with raised rights), else the usual name. Always gives an object:
  // whether it can be used is asked of it.
  static std::shared_ptr<const Library> open(const std::string& path = {});
  explicit Library(const std::string& path);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  bool opened() const { return handle_; }
  bool usable() const { return started_; }
  const std::string& trouble() const { return trouble_; }
  const Api& api() const { return api_; }
  std::string text(int code) const;  // "GPU is lost (code 15)"

  // A field as a number in its own unit; nothing where the driver or board does not tell it.
  std::optional<double> field(Device, unsigned field, unsigned scope = 0) const;
  std::string uuid(Device) const;  // "" not told
  std::optional<double> multiprocessors(Device slice) const;

 private:
  template <class F>
  bool load(F& function, const char* symbol);

  void* handle_;
  Api api_;
  bool started_ = false;
  std::string trouble_;
};

// The member that `type` names; nothing for a type that is not known or a field that failed.
std::optional<double> number_in(const FieldValue&);

}  // namespace wattline::meter::nvml
