#include "physics/load_curves.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "catalog/data_file.h"
#include "catalog/loader.h"
#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::physics {
namespace {

using catalog::DataFile;
using catalog::DataRow;

// Ours with the user's rows of the same name put over.
DataFile rows_of(const catalog::Catalog& from, const std::string& name, std::vector<std::string> keys,
                 DataFile::KeyOf key_of) {
  const std::string_view ours = catalog::Loader::embedded(name), given = from.file(name);
  DataFile out(name, ours, std::move(keys), std::move(key_of));
  if (given.data() != ours.data()) out.put_over(name, given);
  return out;
}

FactorUse with_source(FactorUse use, const std::string& licence, const Table& sources) {
  const auto& ids = sources.column("id").texts();
  if (const auto it = std::find(ids.begin(), ids.end(), use.source); it != ids.end()) {
    const auto at = static_cast<std::size_t>(it - ids.begin());
    use.source = sources.column("title").texts()[at];
    use.licence = sources.column("licence").texts()[at];
  }
  if (!licence.empty()) use.licence = licence;
  return use;
}

LoadKind kind_of(const DataRow& row) {
  const std::string& text = row.required("load");
  if (text == "spread") return LoadKind::spread;
  if (text == "packed") return LoadKind::packed;
  row.fail("load", fmt::format("'{}' found; spread or packed is allowed", text));
}

LoadCurve read_curve(const DataRow& row, const Table& sources) {
  LoadCurve c;
  c.name = row.required("name");
  c.device = row.text("device");
  c.family = row.text("family");
  c.load = kind_of(row);
  const std::string& basis = row.required("basis");
  if (basis != "package" && basis != "machine")
    row.fail("basis", fmt::format("'{}' found; package or machine is allowed", basis));
  c.package = basis == "package";
  c.tdp = row.quantity<Power>("tdp").value_or(Power(0));
  for (std::size_t i = 0; i < curve_points; ++i) c.watts[i] = row.required_number(fmt::format("w{}", i * 10));
  if (!(c.full() > c.idle()))
    row.fail("w100",
             fmt::format("{} at full load is not above the {} of w0", to_string(c.full()), to_string(c.idle())));
  c.error = row.number("error");
  c.use = with_source({"physics.cpu.curve." + c.name,
                       fmt::format("power by load of {}", c.name),
                       fmt::format("{} to {}", to_string(c.idle(), 3), to_string(c.full(), 3)),
                       row.required("source"),
                       row.text("year"),
                       {}},
                      row.text("licence"), sources);
  return c;
}

WallPower read_wall(const DataRow& row) {
  WallPower w;
  w.device = row.required("device");
  w.family = row.required("family");
  w.line = row.text("line");
  w.systems = row.integer("systems");
  w.cores = row.integer("cores");
  w.tdp = Power(row.required_number("tdp"));
  w.idle = Power(row.required_number("idle"));
  w.full = Power(row.required_number("full"));
  if (!(w.full > w.idle) || !(w.tdp > Power(0)))
    row.fail("full", fmt::format("{} at full load, {} idle and a TDP of {}: not what a server draws", to_string(w.full),
                                 to_string(w.idle), to_string(w.tdp)));
  w.key = catalog::device_key(w.device);
  w.source = row.required("source");
  w.year = row.text("year");
  w.licence = row.text("licence");
  return w;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }
bool digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// Lower case, runs of anything else than letters and digits one blank, without "(R)" and "CPU": " intel xeon
// e5 2620 v3 ".
std::string words_of(std::string_view name) {
  std::string out = " ";
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)))
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (out.back() != ' ') out += ' ';
  }
  if (out.back() != ' ') out += ' ';
  for (const char* noise : {" r ", " tm ", " cpu ", " processor "})
    for (auto at = out.find(noise); at != out.npos; at = out.find(noise))
      out.erase(at, std::string_view(noise).size() - 1);
  return out;
}

// The digits (and letters) of the word after `before`, "" when there is none.
std::string word_after(const std::string& words, std::string_view before) {
  const auto at = words.find(before);
  if (at == words.npos) return {};
  const auto from = at + before.size();
  return words.substr(from, words.find(' ', from) - from);
}

std::string version_of(const std::string& words) {
  for (const char* v : {" v2 ", " v3 ", " v4 ", " v5 ", " v6 "})
    if (has(words, v)) return std::string(v, 3);
  return {};
}

}  // namespace

std::string_view to_string(LoadKind kind) {
  return kind == LoadKind::spread ? "spread" : kind == LoadKind::packed ? "packed" : "unknown";
}

double curve_at(const std::array<double, curve_points>& values, double load) {
  if (!(load > 0)) return values.front();
  if (load >= 1) return values.back();
  const double x = load * (curve_points - 1);
  const auto i = static_cast<std::size_t>(x);
  return values[i] + (values[i + 1] - values[i]) * (x - static_cast<double>(i));
}

std::array<double, curve_points> LoadCurve::shape() const {
  std::array<double, curve_points> out{};
  const double range = (full() - idle()).base();
  for (std::size_t i = 0; i < curve_points; ++i) out[i] = range > 0 ? (watts[i] - watts[0]) / range : 0;
  return out;
}

std::shared_ptr<const LoadCurves> LoadCurves::load(const catalog::Catalog& from) {
  auto out = std::make_shared<LoadCurves>();
  out->sources = std::make_shared<const Table>(
      read_csv(from.file("sources.csv"), "sources.csv", {.delimiter = ',', .infer = false}));
  const DataFile curves = rows_of(from, "processor_curves.csv", {"name"}, catalog::name_key);
  for (const auto& row : curves.rows()) out->curves.push_back(read_curve(row, *out->sources));
  const DataFile walls = rows_of(from, "processor_walls.csv", {"device"}, catalog::device_key);
  for (const auto& row : walls.rows()) out->walls.push_back(read_wall(row));
  return out;
}

const WallPower* LoadCurves::find_wall(std::string_view device) const {
  const std::string key = catalog::device_key(device);
  const auto it = std::find_if(walls.begin(), walls.end(), [&](const auto& w) { return w.key == key; });
  return it == walls.end() ? nullptr : &*it;
}

FactorUse LoadCurves::use_of(const WallPower& w) const {
  return with_source({"physics.cpu.wall." + w.device,
                      fmt::format("servers with {}, per processor", w.device),
                      fmt::format("{} idle, {} full", to_string(w.idle, 3), to_string(w.full, 3)),
                      w.source,
                      w.year,
                      {}},
                     w.licence, *sources);
}

std::string processor_family(std::string_view device) {
  const std::string w = words_of(device);
  if (has(w, " epyc") || has(w, " opteron")) return "server AMD";
  for (const char* arm :
       {" graviton", " altra", " ampere", " neoverse", " grace ", " kunpeng", " thunderx", " cobalt "})
    if (has(w, arm)) return "server ARM";
  if (has(w, " xeon")) {
    // These Xeons are desktop dies.
    for (const char* small : {" xeon e3 ", " xeon e 2", " xeon x3", " xeon l3", " xeon w 1"})
      if (has(w, small)) return "client";
    return "server Intel";
  }
  for (const char* client :
       {" core ", " core2", " ryzen", " athlon", " pentium", " celeron", " apple m", " atom", " n100 "})
    if (has(w, client)) return "client";
  return {};
}

std::string processor_line(std::string_view device) {
  const std::string w = words_of(device);
  if (const std::string n = word_after(w, " epyc "); n.size() >= 4 && digit(n[0]) && digit(n[3]))
    return fmt::format("EPYC {}xx{}", n[0], n[3]);
  for (const char* letter : {"e3", "e5", "e7"})
    if (has(w, fmt::format(" xeon {} ", letter))) {
      std::string line = fmt::format("Xeon {}{}", letter, version_of(w));
      line[5] = 'E';
      return line;
    }
  for (const char* metal : {" platinum ", " gold ", " silver ", " bronze "})
    if (const std::string n = word_after(w, metal); n.size() >= 4 && digit(n[0]) && digit(n[1]))
      return fmt::format("Xeon x{}xx", n[1]);
  if (has(w, " opteron")) return "Opteron";
  return {};
}

}  // namespace wattline::physics
