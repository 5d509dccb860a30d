#include "ledger/disclose/manifest.h"

#include <cmath>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/utf8.h"
#include "kernel/yaml.h"
#include "ledger/disclose/schema.h"
#include "ledger/label/entry.h"

namespace wattline::ledger::disclose {
namespace {

// "8 x NVIDIA A100": count and name.
void set_hardware(Json& items, std::string_view text) {
  text = csv::trimmed(text);
  std::size_t digits = 0;
  while (digits < text.size() && digits < 7 && csv::is_digit(text[digits])) ++digits;
  std::string_view name = text;
  if (digits > 0 && digits < text.size() && (text[digits] == ' ' || text[digits] == 'x')) {
    name = csv::trimmed(text.substr(digits));
    if (name.starts_with("x ")) name = csv::trimmed(name.substr(2));
    if (const auto n = csv::read_integer(text.substr(0, digits))) set_path(items, "hardware.count", Json(*n));
  }
  set_path(items, "hardware.device", Json(name));
}

// What the Hub's own keys say, in our words.
Json from_card(std::string_view text, std::string_view where, std::vector<std::string>& notes) {
  const ModelEntry m = read_model_card(text, where);
  const Json root = read_document(text, where);
  Json items(Json::Object{});
  if (!m.id.empty() && m.id != where) set_path(items, "model.name", Json(m.id));
  if (m.parameters) set_path(items, "model.parameters", Json(*m.parameters));
  if (m.emissions) set_path(items, "carbon.emissions", Json(*m.emissions / 1000));
  if (!m.hardware.empty()) set_hardware(items, m.hardware);
  if (!m.location.empty()) set_path(items, "site.region", Json(m.location));
  if (m.training_type == "pretraining" || m.training_type == "pre-training")
    set_path(items, "stages", Json(Json::Array{Json("pretraining")}));
  else if (m.training_type == "fine-tuning") set_path(items, "stages", Json(Json::Array{Json("fine-tuning")}));
  if (m.size) set_path(items, "artefacts.weights_size", Json(*m.size));
  for (const char* key : {"license", "licence"})
    if (const Json* v = root.find(key); v && v->is_string()) set_path(items, "artefacts.licence", *v);
  if (!m.source.empty()) set_path(items, "carbon.source", Json(m.source));
  for (const auto& d : m.doubts) notes.push_back(d);
  notes.push_back("the keys of a Hub card hold few of the items; grams are taken to kilograms");
  return items;
}

bool is_boamps(const Json& j) { return j.find("task") && j.find("measures") && j.find("measures")->is_array(); }

// Rules for one form and back: a value of a report at a place of ours, times a factor.
struct Mapped {
  const char* ours;
  std::vector<std::string> theirs;  // "0" is the first of a list
  double factor = 0;  // theirs x factor = ours; 0: a text
  const char* unit = "";  // of ours
};
constexpr std::string_view not_stated = "not stated";  // where the schema wants what nobody said

// Ours as a number, whether it was written with its unit or not.
std::optional<double> ours_of(const Json& items, const Mapped& m) {
  Item item;
  item.path = m.ours;
  item.unit = m.unit;
  return number_at(items, item);
}
const std::vector<Mapped>& mapping() {
  static const std::vector<Mapped> all{
      {"purpose", {"task", "taskDescription"}, 0},
      {"model.name", {"task", "algorithms", "0", "algorithmName"}, 0},
      {"model.parameters", {"task", "algorithms", "0", "parametersNumber"}, 1e9},
      {"run.precision", {"task", "algorithms", "0", "quantization"}, 0},
      {"hardware.device", {"infrastructure", "components", "0", "componentName"}, 0},
      {"hardware.count", {"infrastructure", "components", "0", "nbComponent"}, 1},
      {"energy.value", {"measures", "0", "powerConsumption"}, 1, "kWh"},
      {"run.hours", {"measures", "0", "measurementDuration"}, 1.0 / 3600, "h"},
      {"run.utilisation", {"measures", "0", "averageUtilizationGpu"}, 1},
      {"energy.tool", {"measures", "0", "measurementMethod"}, 0},
      {"site.region", {"environment", "country"}, 0},
      {"carbon.intensity", {"environment", "powerSourceCarbonIntensity"}, 1, "gCO2e/kWh"},
      {"quality.value", {"task", "measuredAccuracy"}, 1},
      {"artefacts.licence", {"header", "licensing"}, 0},
      {"software", {"software", "language"}, 0}};
  return all;
}

const Json* follow(const Json& root, const std::vector<std::string>& steps) {
  const Json* at = &root;
  for (const auto& step : steps) {
    if (!at) return nullptr;
    if (step == "0") at = at->is_array() && !at->as_array().empty() ? &at->as_array().front() : nullptr;
    else at = at->find(step);
  }
  return at;
}

void place(Json& at, const std::vector<std::string>& steps, std::size_t i, Json value) {
  if (i == steps.size()) {
    at = std::move(value);
    return;
  }
  if (steps[i] == "0") {
    if (!at.is_array()) at = Json(Json::Array{});
    if (at.as_array().empty()) at.as_array().emplace_back(Json::Object{});
    place(at.as_array().front(), steps, i + 1, std::move(value));
    return;
  }
  if (!at.is_object()) at = Json(Json::Object{});
  Json inner = at.find(steps[i]) ? *at.find(steps[i]) : Json(Json::Object{});
  place(inner, steps, i + 1, std::move(value));
  at.set(steps[i], std::move(inner));
}

void flat(const Json& v, const std::string& path, std::string& out) {
  if (v.is_object() && !v.find("value")) {
    for (const auto& [key, value] : v.as_object())
      if (key != "boamps") flat(value, path.empty() ? key : path + "." + key, out);
    return;
  }
  std::string text = v.is_string() ? v.as_string() : v.dump();
  std::string safe;
  for (const char c : text) safe += c == '|' ? std::string("\\|") : c == '\n' ? std::string(" ") : std::string(1, c);
  out += fmt::format("| {} | {} |\n", path, safe);
}

}  // namespace

Json from_boamps(const Json& report) {
  // A report of ours carries its manifest, and what others changed since would be lost with it: theirs wins.
  Json items = report.find("wattlineDisclosure") && report.find("wattlineDisclosure")->is_object()
                   ? *report.find("wattlineDisclosure")
                   : Json(Json::Object{});
  for (const auto& m : mapping()) {
    const Json* v = follow(report, m.theirs);
    if (!v) continue;
    if (m.factor == 0 && v->is_string() && v->as_string() != not_stated) set_path(items, m.ours, *v);
    else if (m.factor != 0 && v->is_number()) {
      const double ours = v->as_number() * m.factor;
      // The same number but for the rounding of a unit stays as it was written.
      if (const auto there = ours_of(items, m); there && std::abs(*there - ours) <= 1e-9 * std::abs(ours)) continue;
      set_path(items, m.ours, m.factor == 1 ? *v : Json(ours));
    }
  }
  if (!report.find("wattlineDisclosure")) set_path(items, "boamps", report);
  return items;
}

Json to_boamps(const Json& items) {
  const Json* kept = items.find("boamps");
  Json report = kept && kept->is_object() ? *kept : Json(Json::Object{});
  for (const auto& m : mapping()) {
    const Json* v = at_path(items, m.ours);
    if (!v) continue;
    const Json* there = follow(report, m.theirs);
    if (m.factor == 0) {
      if (v->is_string() && !(there && *there == *v)) place(report, m.theirs, 0, *v);
      continue;
    }
    const auto ours = ours_of(items, m);
    if (!ours) continue;
    const double theirs = *ours / m.factor;
    if (there && there->is_number() && std::abs(there->as_number() - theirs) <= 1e-9 * std::abs(theirs)) continue;
    place(report, m.theirs, 0, m.factor == 1 && v->is_number() ? *v : Json(theirs));
  }
  if (kept && from_boamps(report) == items) return report;  // nothing of ours that theirs does not hold
  // What the schema requires and nobody stated is said to be so.
  const auto require = [&](std::vector<std::string> steps, Json value) {
    if (!follow(report, steps)) place(report, steps, 0, std::move(value));
  };
  require({"header", "reportDatetime"}, Json(not_stated));
  require({"task", "taskStage"}, Json(not_stated));
  require({"task", "taskFamily"}, Json(not_stated));
  require({"task", "algorithms", "0", "algorithmType"}, Json(not_stated));
  require({"task", "dataset", "0", "dataUsage"}, Json("input"));
  require({"task", "dataset", "0", "dataType"}, Json("other"));
  require({"measures", "0", "measurementMethod"}, Json(not_stated));
  if (const Json* env = report.find("environment"); env && !env->find("country"))
    place(report, {"environment", "country"}, 0, Json(not_stated));
  if (const Json* software = report.find("software"); software && !software->find("language"))
    place(report, {"software", "language"}, 0, Json(not_stated));
  require({"infrastructure", "infraType"}, Json("other"));
  require({"infrastructure", "components", "0", "componentType"}, Json("gpu"));
  report.set("wattlineDisclosure", items);
  return report;
}

Manifest read_manifest(std::string_view text, std::string_view where) {
  Manifest out;
  DocumentKind kind{};
  Json root = read_document(text, where, &kind);
  if (!root.is_object())
    throw bad_input("no disclosure: keys and values are wanted", std::string(where),
                    "ledger disclose-make writes one to begin with");
  const Json* version = root.find("wattline_disclosure");
  const Json* inner = root.find("disclosure");
  if (!version && inner && inner->is_object()) {
    root = Json(*inner);
    version = root.find("wattline_disclosure");
  }
  if (version) {
    if (!version->is_integer() || version->as_integer() < 1 || version->as_integer() > schema_version)
      throw bad_input(fmt::format("version {} of the disclosure is not known; {} is the newest",
                                  shown_text(version->dump()), schema_version),
                      std::string(where), "a newer Wattline reads it");
    out.form = kind == DocumentKind::markdown ? "front matter"
               : kind == DocumentKind::yaml   ? "YAML manifest"
                                              : "JSON manifest";
    Json items(Json::Object{});
    for (const auto& [key, value] : root.as_object())
      if (key != "wattline_disclosure") items.set(key, value);
    out.items = std::move(items);
    return out;
  }
  if (is_boamps(root)) {
    out.form = "BoAmps report";
    out.items = from_boamps(root);
    return out;
  }
  out.form = "model card";
  out.items = from_card(text, where, out.notes);
  return out;
}

namespace {
Json versioned(const Json& items) {
  Json out(Json::Object{});
  out.set("wattline_disclosure", schema_version);
  if (items.is_object())
    for (const auto& [key, value] : items.as_object()) out.set(key, value);
  return out;
}
}  // namespace

std::string to_json_text(const Json& items) { return versioned(items).dump(2) + "\n"; }
std::string to_yaml_text(const Json& items) { return yaml_from_json(versioned(items)); }
std::string to_markdown_text(const Json& items) {
  Json wrapped(Json::Object{});
  wrapped.set("disclosure", versioned(items));
  std::string out = "---\n" + yaml_from_json(wrapped) + "---\n\n# Disclosure of energy and environment\n\n";
  out +=
      "Complete and consistent as far as `wattline ledger disclose` says; it certifies nothing.\n\n| item | value "
      "|\n|---|---|\n";
  flat(items, "", out);
  return out;
}

}  // namespace wattline::ledger::disclose
