#include "meter/attribution/gpu_users.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace wattline::meter {
namespace {

constexpr unsigned most_processes = 4096, most_boards = 256;

std::vector<nvml::ProcessInfo> running(const nvml::Api& api, nvml::Device device) {
  std::vector<nvml::ProcessInfo> out;
  if (!api.processes) return out;
  unsigned count = 0;
  const int code = api.processes(device, &count, nullptr);
  if ((code != nvml::done && code != nvml::too_small) || count == 0) return out;
  out.resize(std::min(count + 8, most_processes));  // some may start meanwhile
  count = static_cast<unsigned>(out.size());
  if (api.processes(device, &count, out.data()) != nvml::done) count = 0;
  out.resize(std::min<std::size_t>(count, out.size()));
  return out;
}

bool real(unsigned pid) { return pid > 0 && pid <= (1u << 22); }

class Users : public GpuUsers {
 public:
  explicit Users(std::shared_ptr<const nvml::Library> library) : library_(std::move(library)) {
    unsigned count = 0;
    if (api().count(&count) != nvml::done) return;
    for (unsigned i = 0; i < std::min(count, most_boards); ++i) {
      Board b;
      if (api().handle(i, &b.device) == nvml::done) boards_[library_->uuid(b.device)] = b;
    }
  }

  GpuLook look(const std::string& id) override {
    const auto it = boards_.find(id);
    if (id.empty() || it == boards_.end()) return {};
    Board& board = it->second;
    unsigned mode = 0, pending = 0;
    if (api().mig_mode && api().mig_mode(board.device, &mode, &pending) == nvml::done && mode != 0)
      return of_slices(board);
    GpuLook out = by_utilization(board);
    if (!out.how.empty()) return out;
    for (const auto& p : running(api(), board.device))
      if (real(p.pid)) out.uses.push_back({static_cast<int>(p.pid), 1, {}});
    if (!out.uses.empty()) {
      out.how = "equal shares of its processes";
      out.factor = "meter.attribution.gpu_equal";
    }
    return out;
  }

 private:
  struct Board {
    nvml::Device device = nullptr;
    unsigned long long seen_us = 0;
  };
  const nvml::Api& api() const { return library_->api(); }

  GpuLook by_utilization(Board& board) {
    GpuLook out;
    if (!api().utilization) return out;
    unsigned count = 0;
    int code = api().utilization(board.device, nullptr, &count, board.seen_us);
    if (code != nvml::done && code != nvml::too_small) return out;
    std::vector<nvml::ProcessUtilization> samples(std::min(count + 8, most_processes));
    count = static_cast<unsigned>(samples.size());
    code = api().utilization(board.device, samples.data(), &count, board.seen_us);
    if (code != nvml::done) return out;
    samples.resize(std::min<std::size_t>(count, samples.size()));
    std::map<int, std::pair<double, int>> sums;  // by process: percent, samples
    for (const auto& s : samples) {
      board.seen_us = std::max(board.seen_us, s.timestamp_us);
      if (!real(s.pid) || s.sm > 100) continue;
      auto& [sum, n] = sums[static_cast<int>(s.pid)];
      sum += s.sm;
      ++n;
    }
    for (const auto& [pid, s] : sums)
      if (s.first > 0) out.uses.push_back({pid, s.first / s.second, {}});
    out.how = "share of SM utilisation";
    out.factor = "meter.attribution.gpu_sm";
    return out;
  }

  GpuLook of_slices(Board& board) {
    GpuLook out;
    unsigned most = 0;
    if (!api().most_mig || !api().mig_handle || api().most_mig(board.device, &most) != nvml::done) return out;
    for (unsigned i = 0; i < std::min(most, 64u); ++i) {
      nvml::Device slice = nullptr;
      if (api().mig_handle(board.device, i, &slice) != nvml::done) continue;
      const auto processes = running(api(), slice);
      const double size = library_->multiprocessors(slice).value_or(1);
      for (const auto& p : processes)
        if (real(p.pid))
          out.uses.push_back({static_cast<int>(p.pid), size / static_cast<double>(processes.size()),
                              fmt::format("{}/{}", p.gpu_instance, p.compute_instance)});
    }
    out.how = "slices in use by their size";
    out.factor = "meter.attribution.gpu_slices";
    return out;
  }

  std::shared_ptr<const nvml::Library> library_;
  std::map<std::string, Board> boards_;
};

}  // namespace

std::unique_ptr<GpuUsers> nvml_users(std::shared_ptr<const nvml::Library> library) {
  if (!library || !library->usable()) return nullptr;
  return std::make_unique<Users>(std::move(library));
}

}  // namespace wattline::meter
