#include "meter/nvml_library.h"

#include <cmath>
#include <cstdlib>

#include <dlfcn.h>
#include <fmt/format.h>

#include "meter/proc_files.h"

namespace wattline::meter::nvml {

std::shared_ptr<const Library> Library::open(const std::string& given) {
  if (!given.empty()) return std::make_shared<Library>(given);
  const char* other = ::secure_getenv("WATTLINE_NVML_LIBRARY");
  return std::make_shared<Library>(other && *other ? other : "libnvidia-ml.so.1");
}

template <class F>
bool Library::load(F& function, const char* symbol) {
  function = reinterpret_cast<F>(::dlsym(handle_, symbol));
  if (!function) trouble_ = fmt::format("the library has no {}: too old", symbol);
  return function;
}

Library::Library(const std::string& path) : handle_(::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (!handle_) {
    const char* why = ::dlerror();
    trouble_ = why ? why : "cannot be opened";
    return;
  }
  const bool whole = load(api_.init, "nvmlInit_v2") && load(api_.shutdown, "nvmlShutdown") &&
                     load(api_.count, "nvmlDeviceGetCount_v2") && load(api_.handle, "nvmlDeviceGetHandleByIndex_v2") &&
                     load(api_.name, "nvmlDeviceGetName") && load(api_.power, "nvmlDeviceGetPowerUsage");
  if (!whole) return;
  load(api_.error, "nvmlErrorString");
  load(api_.energy, "nvmlDeviceGetTotalEnergyConsumption");
  load(api_.uuid, "nvmlDeviceGetUUID");
  load(api_.architecture, "nvmlDeviceGetArchitecture");
  load(api_.fields, "nvmlDeviceGetFieldValues");
  load(api_.mig_mode, "nvmlDeviceGetMigMode");
  load(api_.most_mig, "nvmlDeviceGetMaxMigDeviceCount");
  load(api_.mig_handle, "nvmlDeviceGetMigDeviceHandleByIndex");
  load(api_.processes, "nvmlDeviceGetComputeRunningProcesses_v3");
  load(api_.utilization, "nvmlDeviceGetProcessUtilization");
  load(api_.attributes, "nvmlDeviceGetAttributes_v2");
  trouble_.clear();
  if (const int code = api_.init(); code != done) trouble_ = fmt::format("{} does not start: {}", path, text(code));
  else started_ = true;
}

Library::~Library() {
  if (started_) api_.shutdown();
  if (handle_) ::dlclose(handle_);
}

std::optional<double> Library::multiprocessors(Device slice) const {
  Attributes a;
  if (!api_.attributes || api_.attributes(slice, &a) != done || a.multiprocessors == 0) return std::nullopt;
  return a.multiprocessors;
}

std::string Library::text(int code) const {
  const char* said = api_.error ? api_.error(code) : nullptr;
  return said ? fmt::format("{} (code {})", said, code) : fmt::format("code {}", code);
}

std::optional<double> Library::field(Device device, unsigned field, unsigned scope) const {
  if (!api_.fields) return std::nullopt;
  FieldValue value;
  value.field = field;
  value.scope = scope;
  if (api_.fields(device, 1, &value) != done) return std::nullopt;
  return number_in(value);
}

std::string Library::uuid(Device device) const {
  char text[96] = {};
  return api_.uuid && api_.uuid(device, text, sizeof text - 1) == done ? parse_name(text) : "";
}

std::optional<double> number_in(const FieldValue& v) {
  if (v.code != done) return std::nullopt;
  switch (v.type) {
    case 0: return std::isfinite(v.value.d) ? std::optional(v.value.d) : std::nullopt;
    case 1: return v.value.u;
    case 2: return static_cast<double>(v.value.ul);
    case 3: return static_cast<double>(v.value.ull);
    case 4: return static_cast<double>(v.value.ll);
    case 5: return v.value.i;
    default: return std::nullopt;
  }
}

}  // namespace wattline::meter::nvml
