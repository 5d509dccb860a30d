#include "serve/line.h"

#include <map>

#include <fmt/format.h>

#include "serve/place_shown.h"

namespace wattline::serve {
namespace {

// What the answers of one model on one device add up to.
struct Group {
  const Basis* basis = nullptr;
  Energy energy{0}, deviation{0}, prefill{0}, decode{0}, routing{0}, waste{0};
};

class Links {
 public:
  void add(const std::string& from, const std::string& to, Energy e, Carbon c) {
    if (e.base() <= 0) return;
    auto& link = links_[{from, to}];
    link.first += e;
    link.second += c;
  }
  std::vector<LineLink> list() const {
    std::vector<LineLink> out;
    for (const auto& [ends, flow] : links_)
      out.push_back({ends.first, ends.second, flow.first.base(), flow.second.base()});
    return out;
  }

 private:
  std::map<std::pair<std::string, std::string>, std::pair<Energy, Carbon>> links_;
};

void write(JsonWriter& w, const char* name, const Measure& m) {
  w.key(name).begin_object();
  w.member("value", m.value).member("low", m.interval.low).member("high", m.interval.high);
  w.member("unit", m.unit).member("method", to_string(m.method)).key("sources").begin_array();
  for (const auto& s : m.sources) w.value(s);
  w.end_array().end_object();
}

}  // namespace

Line draw_line(const std::vector<AnswerPtr>& answers, const std::function<const Footprint&(const Basis&)>& footprint_of,
               Time started) {
  Line line;
  line.since = answers.empty() ? started : answers.front()->begin;
  line.answers = answers.size();
  std::map<const Basis*, Group> groups;
  for (const auto& a : answers) {
    line.since = std::min(line.since, a->begin);
    line.tokens_in += a->tokens_in;
    line.tokens_out += a->tokens_out;
    Group& g = groups[a->basis.get()];
    g.basis = a->basis.get();
    g.energy += a->energy.value();
    g.deviation += a->energy.sd();
    if (a->status == AnswerStatus::ok) {
      g.prefill += a->prefill;
      g.decode += a->decode;
      g.routing += a->routing + a->looking;
    } else {
      g.waste += a->energy.value();
    }
  }
  Estimate<Energy> energy = Estimate<Energy>::exact(Energy(0));
  Estimate<Carbon> carbon = Estimate<Carbon>::exact(Carbon(0));
  Estimate<Volume> water = Estimate<Volume>::exact(Volume(0));
  Links links;
  for (const auto& [key, g] : groups) {
    const Basis& b = *g.basis;
    const Footprint& footprint = footprint_of(b);
    // One model's answers share the model of their energy: its error does not average out.
    auto e = Estimate<Energy>::with_sd(g.energy, g.deviation, b.energy.method, {}).from_factor(energy_cause(b));
    for (const auto& s : b.energy.sources) e.raw().add_source(s);
    const auto c = footprint.grid().carbon(e);
    energy += e;
    carbon += c;
    water += footprint.grid().water(e);
    if (g.energy.base() <= 0) continue;
    const double pue = footprint.grid().pue.value();
    const Energy overhead = g.energy * (pue - 1);
    // Carbon is drawn per joule of the site, so that it flows through the nodes as energy does.
    const CarbonIntensity per_joule = c.value() / (g.energy * pue);
    const std::string grid = fmt::format("grid {}", place_shown(b.place));
    const std::string model = b.model;
    links.add(grid, "overhead", overhead, overhead * per_joule);
    links.add(grid, b.device, g.energy, g.energy * per_joule);
    links.add(b.device, model, g.energy, g.energy * per_joule);
    links.add(model, "prefill", g.prefill, g.prefill * per_joule);
    links.add(model, "decode", g.decode, g.decode * per_joule);
    links.add(model, "routing", g.routing, g.routing * per_joule);
    links.add(model, "waste", g.waste, g.waste * per_joule);
    links.add("prefill", "answered", g.prefill, g.prefill * per_joule);
    links.add("decode", "answered", g.decode, g.decode * per_joule);
    links.add("routing", "answered", g.routing, g.routing * per_joule);
  }
  line.energy = energy.measure("J");
  line.carbon = carbon.measure("gCO2e");
  line.water = water.measure("mL");
  line.links = links.list();
  return line;
}

std::string to_json(const Line& line, const catalog::Grid& home, std::string_view place_name) {
  JsonWriter w;
  w.begin_object().member("since", to_string(line.since, 3)).member("answers", line.answers);
  w.member("tokens_in", line.tokens_in).member("tokens_out", line.tokens_out);
  w.key("totals").begin_object();
  write(w, "energy", line.energy);
  write(w, "carbon", line.carbon);
  write(w, "water", line.water);
  w.end_object().key("place").begin_object();
  w.member("code", place_shown(home.place)).member("name", place_name);
  w.member("intensity_g_per_kwh", home.carbon_intensity.value().in(units::gCO2e_per_kWh));
  w.end_object().key("links").begin_array();
  for (const auto& l : line.links) {
    w.begin_object().member("from", l.from).member("to", l.to);
    w.member("energy_j", l.energy_j).member("carbon_g", l.carbon_g).end_object();
  }
  w.end_array().end_object();
  return w.take();
}

}  // namespace wattline::serve
