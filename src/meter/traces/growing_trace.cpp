#include "meter/traces/growing_trace.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <filesystem>

#include "kernel/error.h"
#include "kernel/write_whole.h"

namespace wattline::meter {

std::vector<ComponentEnergy> components_of(const Recording& recording, const catalog::Catalog& catalog, Series& load) {
  std::vector<ComponentEnergy> out;
  for (const auto& r : recording.records) {
    if (r.info.component == "load" && r.info.family == "model") {
      for (std::size_t i = 0; i < r.readings.size(); ++i)
        if (std::isfinite(r.readings.values[i])) load.add(r.readings.times[i], r.readings.values[i]);
      continue;
    }
    out.push_back(component_energy(r, recording.begin, recording.end, catalog));
  }
  return out;
}

GrowingTrace::GrowingTrace(std::string path, const catalog::Catalog& catalog)
    : path_(std::move(path)), catalog_(catalog) {
  std::error_code unknown;
  const auto status = std::filesystem::status(path_, unknown);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) return;
  file_.open(path_, std::ios::binary | std::ios::trunc);
  if (!file_) throw errno_error("write", path_, errno).at("--output");
}

void GrowingTrace::grow(const Recording& recording) {
  if (!file_.is_open()) return;
  Series load;
  const Table rows = power_series_table(components_of(recording, catalog_, load), &load);
  const auto& times = rows.column("time").integers();
  const std::string text = to_csv(rows);
  // A row is a line: no cell of ours holds a line end.
  std::size_t from = 0;
  for (std::size_t line = 0; from < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', from), text.size() - 1) + 1;
    const bool fresh = line == 0 ? !heading_ : line <= times.size() && times[line - 1] > last_;
    if (fresh) file_.write(text.data() + from, static_cast<std::streamsize>(end - from));
    from = end;
  }
  heading_ = true;
  if (!times.empty()) last_ = std::max(last_, times.back());
  file_.flush();
  if (!file_) throw errno_error("write", path_, errno).at("--output");
}

void GrowingTrace::finish(const Table& whole) {
  if (file_.is_open()) file_.close();
  write_whole(path_, to_csv(whole));
}

}  // namespace wattline::meter
