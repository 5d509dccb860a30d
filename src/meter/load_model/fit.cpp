#include "meter/load_model/fit.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "kernel/write_whole.h"
#include "meter/host.h"
#include "meter/load_model/load_fit.h"

namespace wattline::meter {
namespace {

namespace fs = std::filesystem;
using physics::LoadKind;

enum class Kind { spread, packed };
struct FitOptions {
  InputFile trace;
  std::string device, output;
  std::int64_t packages = 0;
  Kind kind = Kind::spread;
  bool believe = false;
};

constexpr const char* header =
    "name,device,family,load,basis,tdp [W],w0 [W],w10 [W],w20 [W],w30 [W],w40 [W],w50 [W],w60 [W],w70 [W],w80 [W],w90 "
    "[W],"
    "w100 [W],error [%],year,source,note";

std::string quoted(std::string text) {
  if (text.find_first_of(",\"\n") == text.npos) return text;
  for (std::size_t at = 0; (at = text.find('"', at)) != text.npos; at += 2) text.insert(at, 1, '"');
  return '"' + text + '"';
}

std::string row_of(const LoadFit& f, const std::string& device, double packages, std::optional<Power> tdp, double error,
                   const std::string& file) {
  std::string out = quoted(fmt::format("{} {}, fitted", device, to_string(f.kind))) + ',' + quoted(device) + ',' +
                    physics::processor_family(device) + ',' + std::string(to_string(f.kind)) + ",package,";
  if (tdp) out += format_number(tdp->base(), 6);
  for (const double w : f.watts) out += fmt::format(",{:.4g}", w / packages);
  out += fmt::format(",{:.1f},{},{},{}", error * 100, to_string(Time::now()).substr(0, 4),
                     quoted("wattline meter fit of " + fs::path(file).filename().string()),
                     quoted(fmt::format("{} points; left out in turn they are {:.1f} % off", f.points, f.error * 100)));
  return out;
}

// The rows put into the file that --catalog reads, those of the same names in their place.
void write_rows(const fs::path& folder, const std::vector<std::string>& rows) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw errno_error("make the folder", folder.string(), failed.value());
  const fs::path path = folder / "processor_curves.csv";
  std::string text = std::string(header) + '\n';
  if (fs::exists(path)) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream old;
    old << in.rdbuf();
    std::string line;
    std::getline(old, line);
    if (line != header)
      throw bad_input("the file has other columns than those that are written here", path.string(),
                      "take another folder");
    const auto name = [](const std::string& row) {
      return row.substr(0, row.starts_with('"') ? row.find("\",") : row.find(','));
    };
    while (std::getline(old, line))
      if (std::none_of(rows.begin(), rows.end(), [&](const std::string& r) { return name(r) == name(line); }))
        text += line + '\n';
  }
  for (const auto& r : rows) text += r + '\n';
  write_whole(path, text);
}

Result fit(const FitOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  Host host = read_host(Roots::from_environment());
  const bool this_machine = o.device.empty();
  if (!this_machine) {
    host.cpu = o.device;
    host.packages = 1;
  }
  if (o.packages > 0) host.packages = static_cast<int>(o.packages);
  if (host.cpu.empty()) throw bad_input("this machine does not name its processor", "--device", "give it a name");
  if (this_machine && host.virtual_machine && !o.believe)
    throw bad_input(
        "this is a virtual machine: its load is not that of the processors whose power a counter would tell",
        "--device", "name the processor that the trace is of, or give --believe");
  const HostModel model(host, catalog);
  const std::string device = model.known() ? model.device() : host.cpu;
  const auto points =
      read_load_points(o.trace.read(), o.trace.name(), o.kind == Kind::packed ? LoadKind::packed : LoadKind::spread);
  const auto fits = fit_load_curves(points, o.trace.name());

  Result out;
  out.title = fmt::format("Power by load of {}", device);
  double most = 0;
  for (const auto& f : fits) most = std::max(most, *std::max_element(f.watts.begin(), f.watts.end()));
  if (const auto why = model.doubt(Power(most), Duration(60))) {
    if (!o.believe) throw bad_input(*why, o.trace.name(), "record the packages alone; --believe takes it as it is");
    out.warn(*why);
  } else if (!model.design_power()) {
    out.note("The TDP is not known, so that it cannot be told whether cores were counted twice.");
  }
  Table table("");
  table.text("load").number("idle", "W").number("half", "W").number("full", "W").integer("points");
  table.number("error", "%", "mean, of points left out")
      .number("95 %", "%", "of them within")
      .number("other way", "%", "mean, on loads of the other kind");
  Figure figure;
  figure.title = "Power by load";
  figure.x = {"load", "%", false, false};
  figure.y = {"power", "W", false, false};
  std::vector<std::string> rows;
  for (const auto& f : fits) {
    table.add_row({std::string(to_string(f.kind)), f.watts.front(), f.watts[5], f.watts.back(),
                   static_cast<std::int64_t>(f.points), f.error * 100, f.error_95 * 100,
                   f.across ? *f.across * 100 : std::nan("")});
    Figure::Trace line, dots;
    line.name = fmt::format("{}, fitted", to_string(f.kind));
    dots.name = fmt::format("{}, recorded", to_string(f.kind));
    for (std::size_t i = 0; i < f.watts.size(); ++i) {
      line.x.push_back(10.0 * static_cast<double>(i));
      line.y.push_back(f.watts[i]);
    }
    const std::size_t every = std::max<std::size_t>(1, points.size() / 200);
    for (std::size_t i = 0; i < points.size(); i += every) {
      if (points[i].kind != f.kind) continue;
      dots.x.push_back(points[i].load * 100);
      dots.y.push_back(points[i].watts);
    }
    figure.traces.push_back(std::move(line));
    figure.traces.push_back(std::move(dots));
    // Another day and other work differ by more than points of one recording do.
    constexpr double least_error = 0.05;
    const double error = std::max(least_error, f.error_95);
    rows.push_back(
        row_of(f, device, host.packages,
               model.design_power() ? std::optional(*model.design_power() * (1.0 / host.packages)) : std::nullopt,
               error, o.trace.name()));
    out.estimate(std::string(to_string(f.kind)) + "_error",
                 fmt::format("Error of the curve, {} loads", to_string(f.kind)), Estimate<Ratio>::exact(f.error), "%",
                 "mean, of points left out of the fit");
    if (f.across)
      out.estimate(std::string(to_string(f.kind)) + "_across",
                   fmt::format("The same, on {} loads",
                               to_string(f.kind == LoadKind::spread ? LoadKind::packed : LoadKind::spread)),
                   Estimate<Ratio>::exact(*f.across), "%", "why the way of loading matters");
  }
  out.add(std::move(table));
  out.add(std::move(figure));
  if (fits.size() == 1)
    out.warn(
        fmt::format("only {} loads were recorded: the same load {} may cost up to three times as much or as little",
                    to_string(fits[0].kind),
                    fits[0].kind == LoadKind::spread ? "packed onto few busy threads" : "spread over all threads"));
  if (o.output.empty()) {
    out.note("Give --output FOLDER to write the curve as rows of the catalog; --catalog FOLDER then uses it.");
  } else {
    write_rows(o.output, rows);
    out.note(fmt::format("Written to {}: `wattline --catalog {} meter sources` uses it.",
                         (fs::path(o.output) / "processor_curves.csv").string(), o.output));
  }
  return out;
}

}  // namespace

Capability fit_capability() {
  static const auto fields =
      Fields<FitOptions>()
          .file("trace", &FitOptions::trace,
                "load and power: what `meter record` wrote, or a table with load [%] and power [W]")
          .required()
          .positional()
          .text("device", &FitOptions::device, "the processor; none: this machine's")
          .integer("packages", &FitOptions::packages,
                   "packages whose power the trace adds up; 0: this machine's, of another 1")
          .range(0, 64)
          .enumeration("load", &FitOptions::kind, {"spread", "packed"},
                       "how a trace that does not say was loaded: all threads part of the time, or some all the time")
          .text("output", &FitOptions::output, "folder for processor_curves.csv, which --catalog then uses")
          .flag("believe", &FitOptions::believe, "take it though it cannot be the power of the packages alone");
  Capability c = capability<FitOptions>("meter", "fit",
                                        "A curve of power by load for this processor, from a recording.", fit, fields);
  c.description =
      "Fits the power of a processor over its load (straight lines between 0, 10, ... 100 %) and says how far off the "
      "curve "
      "is on points that it has not seen: a tenth of the loads left out at a time, and, where the recording has both, "
      "loads of "
      "the other kind, since half a load on all threads and all of it on half of them cost differently. The rows it "
      "writes are "
      "the model's own curve for that processor from then on (`--catalog FOLDER`): on machines of the same kind where "
      "no counter "
      "may be read, or in their virtual machines. A recording above the design power, as meters show that add the "
      "cores to "
      "the package, is refused.";
  c.verb = Verb::observe;
  c.doors = Doors::command_line;
  c.consumes = {"power.series.v1"};
  std::string steps = "load [%],power [W]\n";
  for (int i = 0; i <= 10; ++i) steps += fmt::format("{},{}\n", i * 10, 20 + 9 * i - i * i / 4);
  c.examples = {{{"--trace", "steps.csv", "--device", "AMD EPYC 7302"},
                 {{"steps.csv", steps}},
                 "Power by load of AMD EPYC 7302"}};
  return c;
}

}  // namespace wattline::meter
