#include "meter/nvml.h"

#include <cstdlib>

#include <dlfcn.h>
#include <fmt/format.h>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace {

// What we call, as NVIDIA documents it. Return codes: 0 done, 3 not supported, 4 no permission, 15 lost.
using Device = void*;
struct Api {
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*handle)(unsigned, Device*) = nullptr;
  int (*name)(Device, char*, unsigned) = nullptr;
  int (*energy)(Device, unsigned long long*) = nullptr;  // absent in old drivers
  int (*power)(Device, unsigned*) = nullptr;
  const char* (*error)(int) = nullptr;
};
constexpr int not_supported = 3, no_permission = 4, lost = 15;

class Library {
 public:
  explicit Library(const std::string& path) : handle_(::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (!handle_) {
      const char* why = ::dlerror();
      trouble_ = why ? why : "cannot be opened";
      return;
    }
    const bool whole = load(api_.init, "nvmlInit_v2") && load(api_.shutdown, "nvmlShutdown") &&
                       load(api_.count, "nvmlDeviceGetCount_v2") &&
                       load(api_.handle, "nvmlDeviceGetHandleByIndex_v2") && load(api_.name, "nvmlDeviceGetName") &&
                       load(api_.power, "nvmlDeviceGetPowerUsage");
    if (!whole) return;
    load(api_.energy, "nvmlDeviceGetTotalEnergyConsumption");
    load(api_.error, "nvmlErrorString");
    trouble_.clear();
    if (const int code = api_.init(); code != 0) trouble_ = fmt::format("{} does not start: {}", path, text(code));
    else started_ = true;
  }
  ~Library() {
    if (started_) api_.shutdown();
    if (handle_) ::dlclose(handle_);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  bool opened() const { return handle_; }
  bool usable() const { return started_; }
  const std::string& trouble() const { return trouble_; }
  const Api& api() const { return api_; }
  std::string text(int code) const {
    const char* said = api_.error ? api_.error(code) : nullptr;
    return said ? fmt::format("{} (code {})", said, code) : fmt::format("code {}", code);
  }

 private:
  template <class F>
  bool load(F& function, const char* symbol) {
    function = reinterpret_cast<F>(::dlsym(handle_, symbol));
    if (!function) trouble_ = fmt::format("the library has no {}: too old", symbol);
    return function;
  }

  void* handle_;
  Api api_;
  bool started_ = false;
  std::string trouble_;
};

class NvmlSource : public Source {
 public:
  NvmlSource(std::shared_ptr<Library> library, Device device, SourceInfo info)
      : library_(std::move(library)), device_(device), info_(std::move(info)) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override {
    const Api& api = library_->api();
    unsigned long long millijoules = 0;
    unsigned milliwatts = 0;
    const bool counter = info_.kind == SourceKind::energy;
    const int code = counter ? api.energy(device_, &millijoules) : api.power(device_, &milliwatts);
    if (code != 0) {
      trouble_ = fmt::format("{}: {}", info_.where, library_->text(code));
      return std::nullopt;
    }
    trouble_.clear();
    return (counter ? static_cast<double>(millijoules) : static_cast<double>(milliwatts)) * 1e-3;
  }
  std::string trouble() const override { return trouble_; }
  std::optional<double> watts_now() override {
    unsigned milliwatts = 0;
    if (library_->api().power(device_, &milliwatts) != 0) return std::nullopt;
    return static_cast<double>(milliwatts) * 1e-3;
  }

 private:
  std::shared_ptr<Library> library_;
  Device device_;
  SourceInfo info_;
  std::string trouble_;
};

std::string mend_of(int code) {
  if (code == no_permission) return "run as root, or give access to /dev/nvidia* (group video)";
  if (code == lost) return "the board has fallen off the bus: restart the machine";
  return "the board does not tell its power";
}

}  // namespace

Found find_nvml(const std::string& given) {
  Found out;
  std::string path = given;
  if (path.empty()) {
    const char* other = ::secure_getenv("WATTLINE_NVML_LIBRARY");
    path = other && *other ? other : "libnvidia-ml.so.1";
  }
  const auto library = std::make_shared<Library>(path);
  if (!library->usable()) {
    out.obstacles.push_back({"nvml", "NVIDIA GPUs", library->trouble(),
                             library->opened()
                                 ? "the driver and its library must be of one version; restart after an update"
                                 : "if there is such a GPU: install its driver; in a container: --gpus all "
                                   "with NVIDIA_DRIVER_CAPABILITIES=utility"});
    return out;
  }
  const Api& api = library->api();
  unsigned count = 0;
  if (const int code = api.count(&count); code != 0) {
    out.obstacles.push_back({"nvml", "NVIDIA GPUs", "cannot count the boards: " + library->text(code), mend_of(code)});
    return out;
  }
  if (count == 0) out.obstacles.push_back({"nvml", "NVIDIA GPUs", "the driver runs and has no board", "nothing to do"});
  for (unsigned i = 0; i < count; ++i) {
    SourceInfo info;
    info.component = fmt::format("gpu-{}", i);
    info.family = "nvml";
    info.domain = Domain::gpu;
    info.gain = "meter.nvml.gain";
    info.update = Duration(0.1);
    Device device = nullptr;
    if (const int code = api.handle(i, &device); code != 0) {
      out.obstacles.push_back({"nvml", info.component, library->text(code), mend_of(code)});
      continue;
    }
    char name[96] = {};
    if (api.name(device, name, sizeof name - 1) == 0) info.device = parse_name(name);
    unsigned long long millijoules = 0;
    unsigned milliwatts = 0;
    int code = api.energy ? api.energy(device, &millijoules) : not_supported;
    if (code == 0) {
      info.where = fmt::format("nvmlDeviceGetTotalEnergyConsumption({})", i);
    } else if (code = api.power(device, &milliwatts); code == 0) {
      info.kind = SourceKind::power;
      info.where = fmt::format("nvmlDeviceGetPowerUsage({})", i);
    } else {
      out.obstacles.push_back({"nvml", info.component, library->text(code), mend_of(code)});
      continue;
    }
    out.sources.push_back(std::make_unique<NvmlSource>(library, device, std::move(info)));
  }
  return out;
}

}  // namespace wattline::meter
