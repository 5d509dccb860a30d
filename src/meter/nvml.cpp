#include "meter/nvml.h"

#include <algorithm>

#include <fmt/format.h>

#include "meter/nvml_library.h"
#include "meter/proc_files.h"

namespace wattline::meter {
namespace {

using nvml::Device;
using nvml::Library;
using LibraryPtr = std::shared_ptr<const Library>;

class NvmlSource : public Source {
 public:
  NvmlSource(LibraryPtr library, Device device, SourceInfo info)
      : library_(std::move(library)), device_(device), info_(std::move(info)) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override {
    const nvml::Api& api = library_->api();
    unsigned long long millijoules = 0;
    unsigned milliwatts = 0;
    const bool counter = info_.kind == SourceKind::energy;
    const int code = counter ? api.energy(device_, &millijoules) : api.power(device_, &milliwatts);
    if (code != nvml::done) {
      trouble_ = fmt::format("{}: {}", info_.where, library_->text(code));
      return std::nullopt;
    }
    trouble_.clear();
    return (counter ? static_cast<double>(millijoules) : static_cast<double>(milliwatts)) * 1e-3;
  }
  std::string trouble() const override { return trouble_; }
  std::optional<double> watts_now() override {
    if (const auto instant = library_->field(device_, nvml::field_power_instant)) return *instant * 1e-3;
    unsigned milliwatts = 0;
    if (library_->api().power(device_, &milliwatts) != nvml::done) return std::nullopt;
    return static_cast<double>(milliwatts) * 1e-3;
  }

 private:
  LibraryPtr library_;
  Device device_;
  SourceInfo info_;
  std::string trouble_;
};

// The module that a GPU shares with its processor.
class ModuleSource : public Source {
 public:
  ModuleSource(LibraryPtr library, Device device, SourceInfo info)
      : library_(std::move(library)), device_(device), info_(std::move(info)) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override {
    const auto milliwatts = library_->field(device_, nvml::field_power_instant, 1);
    if (!milliwatts) return std::nullopt;
    return *milliwatts * 1e-3;
  }
  std::string trouble() const override { return info_.where + " gives no reading"; }

 private:
  LibraryPtr library_;
  Device device_;
  SourceInfo info_;
};

std::string mend_of(int code) {
  if (code == nvml::no_permission) return "run as root, or give access to /dev/nvidia* (group video)";
  if (code == nvml::lost) return "the board has fallen off the bus: restart the machine";
  return "the board does not tell its power";
}

// Power is the mean of the last second from Ampere on, but of an instant on GA100 and what was before it
// (arXiv:2312.02741, section 4).
Duration averaging_of(const Library& library, Device device, std::string_view name) {
  unsigned architecture = 0;
  if (!library.api().architecture || library.api().architecture(device, &architecture) != nvml::done) return {};
  const auto is = [&](std::string_view model) {
    const auto at = name.find(model), end = at + model.size();  // "RTX A3000" is no A30
    return at != name.npos && (end == name.size() || name[end] == ' ' || name[end] == '-');
  };
  const bool ga100 = is("A100") || is("A800") || is("A30");
  return architecture >= 7 && architecture < 0xFFFF && !(architecture == 7 && ga100) ? Duration(1) : Duration(0);
}

std::optional<std::string> slices_of(const Library& library, Device device, const std::string& component) {
  const nvml::Api& api = library.api();
  unsigned current = 0, pending = 0, most = 0;
  if (!api.mig_mode || api.mig_mode(device, &current, &pending) != nvml::done || current == 0) return std::nullopt;
  std::string names;
  int n = 0;
  if (api.most_mig && api.mig_handle && api.most_mig(device, &most) == nvml::done) {
    for (unsigned i = 0; i < std::min(most, 64u); ++i) {
      Device slice = nullptr;
      if (api.mig_handle(device, i, &slice) != nvml::done) continue;
      const std::string uuid = library.uuid(slice);
      names += (names.empty() ? "" : ", ") + (uuid.empty() ? fmt::format("slice {}", i) : uuid);
      ++n;
    }
  }
  return fmt::format("{} is divided into {} slices (MIG{}{}): its power is that of the board, no slice has its own.",
                     component, n, names.empty() ? "" : ": ", names);
}

void add_board(Found& out, const LibraryPtr& library, unsigned index) {
  const nvml::Api& api = library->api();
  SourceInfo info;
  info.component = fmt::format("gpu-{}", index);
  info.family = "nvml";
  info.domain = Domain::gpu;
  info.gain = "meter.nvml.gain";
  info.update = Duration(0.1);
  const auto obstacle = [&](int code) {
    out.obstacles.push_back({"nvml", info.component, library->text(code), mend_of(code)});
  };
  Device device = nullptr;
  if (const int code = api.handle(index, &device); code != nvml::done) return obstacle(code);
  char name[96] = {};
  if (api.name(device, name, sizeof name - 1) == nvml::done) info.device = parse_name(name);
  info.id = library->uuid(device);
  unsigned long long millijoules = 0;
  unsigned milliwatts = 0;
  int code = api.energy ? api.energy(device, &millijoules) : nvml::not_supported;
  if (code == nvml::done) {
    info.where = fmt::format("nvmlDeviceGetTotalEnergyConsumption({})", index);
    info.resolution = 1e-3;
  } else if (code = api.power(device, &milliwatts); code == nvml::done) {
    info.kind = SourceKind::power;
    info.where = fmt::format("nvmlDeviceGetPowerUsage({})", index);
    info.averaged = averaging_of(*library, device, info.device);
  } else {
    return obstacle(code);
  }
  if (auto slices = slices_of(*library, device, info.component)) out.notes.push_back(std::move(*slices));
  SourceInfo module = info;
  out.sources.push_back(std::make_unique<NvmlSource>(library, device, std::move(info)));
  if (const auto watts = library->field(device, nvml::field_power_instant, 1); watts && *watts > 0) {
    module.component = fmt::format("module-{}", index);
    module.where = fmt::format("nvmlDeviceGetFieldValues({}, field {}, module)", index, nvml::field_power_instant);
    module.domain = Domain::platform;
    module.kind = SourceKind::power;
    module.resolution = 0;
    module.averaged = Duration(0);
    module.counted = false;
    module.not_counted_because = "it contains the GPU and its processor";
    out.sources.push_back(std::make_unique<ModuleSource>(library, device, std::move(module)));
  }
}

}  // namespace

Found find_nvml(const std::string& path) {
  Found out;
  const auto library = Library::open(path);
  if (!library->usable()) {
    if (library->opened())
      out.obstacles.push_back({"nvml", "NVIDIA GPUs", library->trouble(),
                               "the driver and its library must be of one version; restart after an update"});
    else
      out.obstacles.push_back({"nvml", "NVIDIA GPUs", library->trouble(),
                               "its driver; in a container: --gpus all with "
                               "NVIDIA_DRIVER_CAPABILITIES=utility",
                               true});
    return out;
  }
  unsigned count = 0;
  if (const int code = library->api().count(&count); code != nvml::done) {
    out.obstacles.push_back({"nvml", "NVIDIA GPUs", "cannot count the boards: " + library->text(code), mend_of(code)});
    return out;
  }
  if (count == 0)
    out.obstacles.push_back({"nvml", "NVIDIA GPUs", "the driver runs and has no board", "nothing to do", true});
  for (unsigned i = 0; i < std::min(count, 1024u); ++i) add_board(out, library, i);
  return out;
}

}  // namespace wattline::meter
