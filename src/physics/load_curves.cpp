#include "physics/load_curves.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "catalog/data_file.h"
#include "catalog/loader.h"
#include "catalog/single_rows.h"
#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::physics {
namespace {

using catalog::DataFile;
using catalog::DataRow;

// Ours with the user's rows of the same name put over.
DataFile rows_of(const catalog::Catalog& from, const std::string& name, std::vector<std::string> keys,
                 DataFile::KeyOf key_of, const DataFile::Wanted& wanted = {}) {
  const std::string_view ours = catalog::Loader::embedded(name), given = from.file(name);
  if (given.data() == ours.data()) return DataFile(name, ours, std::move(keys), std::move(key_of), wanted);
  DataFile out(name, ours, std::move(keys), std::move(key_of));
  out.put_over(name, given);
  return out;
}

// Those asked for of sources.csv; the id itself where it is no row.
class SourceNames {
 public:
  explicit SourceNames(const catalog::Catalog& from)
      : text_(from.file("sources.csv")), ours_(text_.data() == catalog::Loader::embedded("sources.csv").data()) {}

  const catalog::Source& of(const std::string& id) {
    const auto [it, fresh] = known_.try_emplace(id, catalog::Source{id, {}});
    if (!fresh) return it->second;
    const std::string record = ours_ ? catalog::record_of(text_, id) : std::string(text_);
    if (record.empty()) return it->second;
    const Table rows = read_csv(record, "sources.csv", {.delimiter = ',', .infer = false});
    const auto& ids = rows.column("id").texts();
    if (const auto row = std::find(ids.begin(), ids.end(), id); row != ids.end()) {
      const auto at = static_cast<std::size_t>(row - ids.begin());
      it->second = {rows.column("title").texts()[at], rows.column("licence").texts()[at]};
    }
    return it->second;
  }

 private:
  const std::string_view text_;
  const bool ours_;
  std::map<std::string, catalog::Source> known_;
};

FactorUse with_source(FactorUse use, const std::string& licence, const catalog::Source& source) {
  use.source = source.title;
  use.licence = licence.empty() ? source.licence : licence;
  return use;
}

LoadKind kind_of(const DataRow& row) {
  const std::string& text = row.required("load");
  if (text == "spread") return LoadKind::spread;
  if (text == "packed") return LoadKind::packed;
  row.fail("load", fmt::format("'{}' found; spread or packed is allowed", text));
}

LoadCurve read_curve(const DataRow& row, SourceNames& sources) {
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
                       {},
                       row.text("year"),
                       {}},
                      row.text("licence"), sources.of(row.required("source")));
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

// Picks the rows of servers that tell something of processors, as they are looked for: the processor's own, else those of
// its line, else of its family. `table` is walked through once for that; then it is told the same rows again, in order.
class NearWalls {
 public:
  NearWalls(const std::vector<std::string>& devices, const std::string& name, std::string_view table) {
    for (const auto& d : devices) {
      Near near{catalog::device_key(d), processor_line(d), processor_family(d)};
      if (std::none_of(near_.begin(), near_.end(), [&](const Near& n) { return n.key == near.key; }))
        near_.push_back(std::move(near));
    }
    std::vector<Level> levels;  // by row and processor
    std::size_t device = 0, family = 0, line = 0;
    const DataFile seen(name, table, {}, catalog::device_key, [&](const DataFile& file, const auto& fields) {
      if (levels.empty()) device = file.column("device"), family = file.column("family"), line = file.column("line");
      for (Near& n : near_) {
        levels.push_back(level(n, fields[device], fields[line], fields[family]));
        n.level = std::min(n.level, levels.back());
      }
      return false;
    });
    for (std::size_t at = 0; at < levels.size(); at += near_.size()) {
      bool wanted = false;
      for (std::size_t i = 0; i < near_.size(); ++i)
        wanted = wanted || (near_[i].level != Level::none && levels[at + i] == near_[i].level);
      wanted_.push_back(wanted);
    }
  }
  bool operator()(const DataFile&, const std::vector<std::string_view>&) { return wanted_[next_++]; }

 private:
  enum class Level { own, line, family, none };
  struct Near {
    std::string key, line, family;
    Level level = Level::none;
  };
  // What is of a line is of its family too, and looked for before.
  static Level level(const Near& n, std::string_view device, std::string_view line, std::string_view family) {
    if (catalog::may_have_key(device, n.key) && catalog::device_key(device) == n.key) return Level::own;
    if (!n.line.empty() && line == n.line) return Level::line;
    return !n.family.empty() && family == n.family ? Level::family : Level::none;
  }
  std::vector<Near> near_;
  std::vector<bool> wanted_;
  std::size_t next_ = 0;
};

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

std::shared_ptr<const LoadCurves> LoadCurves::load(const catalog::Catalog& from) { return load(from, {}); }

std::shared_ptr<const LoadCurves> LoadCurves::load(const catalog::Catalog& from, std::vector<std::string> devices) {
  auto out = std::make_shared<LoadCurves>();
  SourceNames sources(from);
  const DataFile curves = rows_of(from, "processor_curves.csv", {"name"}, catalog::name_key);
  for (const auto& row : curves.rows()) out->curves.push_back(read_curve(row, sources));
  const std::string walls_name = "processor_walls.csv";
  DataFile::Wanted wanted;
  if (const std::string_view ours = catalog::Loader::embedded(walls_name);
      !devices.empty() && from.file(walls_name).data() == ours.data()) {
    // The model asks for the servers of the measured processors too.
    for (const auto& c : out->curves)
      if (c.package) devices.push_back(c.device);
    wanted = NearWalls(devices, walls_name, ours);
  }
  const DataFile walls = rows_of(from, walls_name, {"device"}, catalog::device_key, wanted);
  for (const auto& row : walls.rows()) {
    out->walls.push_back(read_wall(row));
    const std::string& id = out->walls.back().source;
    out->sources.try_emplace(id, sources.of(id));
  }
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
                      {},
                      w.year,
                      {}},
                     w.licence, sources.at(w.source));
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
