#include "ledger/disclose/disclose.h"

#include <algorithm>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "kernel/utf8.h"
#include "kernel/write_whole.h"
#include "ledger/disclose/manifest.h"
#include "ledger/disclose/rules.h"
#include "ledger/disclose/sci.h"
#include "ledger/label/entry.h"
#include "study/correlation.h"

namespace wattline::ledger::disclose {
namespace {

Table findings_table(const std::vector<Finding>& findings) {
  Table t("disclosure.items.v1");
  t.title = "Items";
  t.text("item").text("level").text("standing").text("value").text("why").text("asked_by");
  for (const auto& f : findings)
    t.add_row({f.item->path, std::string(to_string(f.item->level)), std::string(to_string(f.standing)), f.value, f.why,
               f.item->source});
  return t;
}

Table missing_table(const std::vector<Finding>& findings, Level upto) {
  Table t("disclosure.missing.v1");
  t.title = "What is missing and how to get it";
  t.text("item").text("level").text("unit").text("how");
  for (const auto& f : findings)
    if ((f.standing == Standing::missing || f.standing == Standing::malformed) && f.item->level <= upto)
      t.add_row({f.item->path, std::string(to_string(f.item->level)), f.item->unit,
                 f.standing == Standing::malformed ? f.why : f.item->how});
  return t;
}

Table rules_table(const std::vector<RuleResult>& rules) {
  Table t("disclosure.rules.v1");
  t.title = "Figures recomputed";
  t.text("rule").text("verdict").text("what").text("numbers").text("formula").text("tolerance");
  for (const auto& r : rules)
    t.add_row({r.id, std::string(to_string(r.verdict)), r.what, r.numbers, r.formula, r.tolerance});
  return t;
}

std::vector<std::string> words(const std::vector<std::string>& given, std::vector<std::string> fallback) {
  std::vector<std::string> out;
  for (const auto& g : given)
    for (std::size_t begin = 0; begin <= g.size();) {
      const std::size_t end = std::min(g.find(',', begin), g.size());
      if (end > begin) out.emplace_back(csv::trimmed(std::string_view(g).substr(begin, end - begin)));
      begin = end + 1;
    }
  return out.empty() ? fallback : out;
}

}  // namespace

Result disclose(const DiscloseOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  const auto policy = words(o.fail_on, {"core-missing", "contradiction"});
  for (const auto& p : policy)
    if (p != "core-missing" && p != "contradiction" && p != "malformed" && p != "questionable" && p != "none")
      throw bad_input(fmt::format("'{}' is no reason to fail", p), "fail-on",
                      "core-missing, contradiction, malformed, questionable, none");
  const Manifest m = read_manifest(o.file.read(), o.file.name());
  const auto items = schema(catalog);
  const auto findings = examine(m.items, items);
  const auto rules = check_rules(m.items, items, catalog);
  const bool contradiction = contradicted(rules);
  const Score s = score(findings, o.level, contradiction);

  std::size_t core_missing = 0, malformed = 0, contradictions = 0, questionable = 0;
  for (const auto& f : findings) {
    core_missing += f.item->level == Level::core && f.standing == Standing::missing;
    malformed += f.standing == Standing::malformed;
  }
  for (const auto& r : rules) {
    contradictions += r.verdict == RuleVerdict::contradicted;
    questionable += r.verdict == RuleVerdict::questionable;
  }
  Result out;
  out.title = fmt::format("Disclosure {}: grade {} at level {}", o.file.name(), s.grade, to_string(o.level));
  Table scores("disclosure.scores.v1");
  scores.title = "Completeness";
  scores.caption = "share of the weight of the items that apply: core 3, recommended 2, full 1; proposed by us";
  scores.text("level").number("complete", "%");
  scores.add_row({"core", 100 * s.core});
  scores.add_row({"recommended", 100 * s.recommended});
  scores.add_row({"full", 100 * s.full});
  out.add(std::move(scores));
  out.add(rules_table(rules));
  out.add(sci_table(sci(m.items, items)));
  if (Table t = missing_table(findings, o.level); t.rows() > 0) out.add(std::move(t));
  out.add(findings_table(findings));
  out.note(
      fmt::format("Read as {}, by schema {}. This says whether the disclosure is complete and agrees with itself; it "
                  "certifies nothing.",
                  m.form, schema_version));
  for (const auto& n : m.notes) out.warn(n);
  std::string why;
  const auto reason = [&](const char* name, std::size_t n, const char* text) {
    if (n && std::find(policy.begin(), policy.end(), name) != policy.end())
      why += fmt::format("{}{} {}", why.empty() ? "" : ", ", n, text);
  };
  reason("core-missing", core_missing, "core items missing");
  reason("contradiction", contradictions, "contradictions");
  reason("malformed", malformed, "malformed items");
  reason("questionable", questionable, "questionable figures");
  out.verdict = Verdict{why.empty(), why.empty() ? fmt::format("grade {}, nothing that fails", s.grade) : why};
  return out;
}

Result disclose_make(const MakeOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  const auto items = schema(catalog);
  Json manifest(Json::Object{});
  Result out;
  if (o.from.given()) {
    Manifest m = read_manifest(o.from.read(), o.from.name());
    manifest = std::move(m.items);
    for (const auto& n : m.notes) out.warn(n);
    out.note(fmt::format("Began with {}, read as {}.", o.from.name(), m.form));
  }
  if (o.measured.given()) {
    const Table t = read_csv(o.measured.read(), o.measured.name());
    const auto sum = [&](const char* column) {
      double total = 0;
      for (const double v : t.column(column).to_numbers())
        if (std::isfinite(v)) total += v;
      return total;
    };
    if (t.rows() == 0) throw bad_input("no rows", o.measured.name());
    double kwh = 0, kilos = 0, hours = 0;
    if (t.find("energy_consumed") && t.find("emissions")) {
      kwh = sum("energy_consumed");
      kilos = sum("emissions");
      hours = sum("duration") / 3600;
      set_path(manifest, "energy.tool", Json("CodeCarbon"));
    } else if (t.find("energy") && t.find("carbon") && t.find("begin") && t.find("end")) {
      kwh = sum("energy") / 3.6e6;
      kilos = sum("carbon") / 1000;
      const auto &begin = t.column("begin").integers(), &end = t.column("end").integers();
      for (std::size_t i = 0; i < t.rows(); ++i)
        if (begin[i] != missing_integer && end[i] != missing_integer)
          hours += (Time{end[i]} - Time{begin[i]}).in(units::hour);
      bool measured = true;
      if (const Column* method = t.find("method"))
        for (const auto& cell : method->texts()) measured = measured && cell == "measured";
      set_path(manifest, "energy.method", Json(measured ? "counter" : "estimate"));
    } else {
      throw bad_input("neither run records (ledger export) nor rows of CodeCarbon", o.measured.name(),
                      "columns energy, carbon, begin, end; or energy_consumed, emissions, duration");
    }
    set_path(manifest, "energy.value", Json(kwh));
    set_path(manifest, "carbon.emissions", Json(kilos));
    set_path(manifest, "run.hours", Json(hours));
    out.note(fmt::format("{} runs of {}: {} kWh, {} kgCO2e, {} h.", t.rows(), o.measured.name(), format_number(kwh),
                         format_number(kilos), format_number(hours)));
  }
  for (const auto& assignment : o.set) {
    const std::size_t equal = assignment.find('=');
    const std::string path = assignment.substr(0, std::min(equal, assignment.size()));
    std::vector<std::string> known;
    for (const auto& i : items) {
      known.push_back(i.path);
      if (!i.alternative.empty()) known.push_back(i.alternative);
    }
    if (equal == assignment.npos || std::find(known.begin(), known.end(), path) == known.end())
      throw unknown_name("item", path, known, "wattline ledger disclose FILE");
    const std::string value = assignment.substr(equal + 1);
    const auto item = std::find_if(items.begin(), items.end(), [&](const Item& i) { return i.path == path; });
    if (item != items.end() && item->type == "list") {
      Json::Array list;
      for (auto& w : words({value}, {})) list.emplace_back(std::move(w));
      set_path(manifest, path, Json(std::move(list)));
      continue;
    }
    const auto integer = csv::read_integer(value);
    const auto number = csv::read_number(value);
    set_path(manifest, path, integer ? Json(*integer) : number ? Json(*number) : Json(value));
  }
  const auto findings = examine(manifest, items);
  const Score s = score(findings, Level::core, contradicted(check_rules(manifest, items, catalog)));
  out.title = fmt::format("A disclosure, core items {} % complete", format_number(100 * s.core, 3));
  if (!o.write.empty()) {
    const bool boamps = o.write.ends_with(".boamps.json"), json = o.write.ends_with(".json"),
               yaml = o.write.ends_with(".yaml") || o.write.ends_with(".yml"), markdown = o.write.ends_with(".md");
    if (!json && !yaml && !markdown)
      throw bad_input(fmt::format("the name '{}' tells no form", shown_text(o.write)), "write",
                      "end it in .json, .yaml, .md or .boamps.json");
    write_whole(o.write, boamps ? to_boamps(manifest).dump(2) + "\n"
                         : json ? to_json_text(manifest)
                         : yaml ? to_yaml_text(manifest)
                                : to_markdown_text(manifest));
    out.note(fmt::format("Written to {}.", o.write));
  } else {
    Table t("disclosure.manifest.v1");
    t.title = "Manifest";
    t.text("item").text("value");
    for (const auto& f : findings)
      if (!f.value.empty()) t.add_row({f.item->path, f.value});
    out.add(std::move(t));
    out.note("--write FILE.yaml, .json, .md or .boamps.json writes it.");
  }
  if (Table t = missing_table(findings, Level::core); t.rows() > 0) out.add(std::move(t));
  return out;
}

Result disclose_corpus(const CorpusOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  const auto items = schema(catalog);
  struct Question {
    const char* what;
    std::vector<std::string> any_of;
  };
  const std::vector<Question> questions{{"artefacts (code or weights)", {"artefacts.code", "artefacts.weights"}},
                                        {"code", {"artefacts.code"}},
                                        {"weights", {"artefacts.weights"}},
                                        {"licence", {"artefacts.licence"}},
                                        {"hardware", {"hardware.device"}},
                                        {"time", {"run.hours"}},
                                        {"energy", {"energy.value"}},
                                        {"carbon", {"carbon.emissions"}},
                                        {"place", {"site.region"}},
                                        {"quality", {"quality.value"}}};
  std::vector<std::size_t> counts(questions.size(), 0);
  std::size_t all = 0, refused = 0, contradictions = 0, hardware_and_time = 0;
  Result out;
  Table faults("disclosure.faults.v1");
  faults.title = "Files that could not be read";
  faults.text("file").text("fault");
  const auto count = [&](const Json& manifest) {
    ++all;
    const auto has = [&](const std::string& path) { return text_at(manifest, path).has_value(); };
    for (std::size_t q = 0; q < questions.size(); ++q)
      counts[q] += std::any_of(questions[q].any_of.begin(), questions[q].any_of.end(), has);
    hardware_and_time += has("hardware.device") && has("run.hours");
    contradictions += contradicted(check_rules(manifest, items, catalog));
  };
  if (o.files.empty()) throw bad_input("no files", "files", "name cards, manifests or a table of models (CSV)");
  for (const auto& name : o.files) {
    context.check_cancelled();
    try {
      const std::string text = InputFile::from_path(name).read();
      if (name.ends_with(".csv")) {
        for (const auto& m : read_model_table(text, name).models) {
          Json manifest(Json::Object{});
          if (m.emissions) set_path(manifest, "carbon.emissions", Json(*m.emissions / 1000));
          if (!m.hardware.empty()) set_path(manifest, "hardware.device", Json(m.hardware));
          if (!m.location.empty()) set_path(manifest, "site.region", Json(m.location));
          if (m.performance || !m.metrics.empty()) set_path(manifest, "quality.value", Json(m.performance.value_or(0)));
          // A model of the Hub has its weights there.
          set_path(manifest, "artefacts.weights", Json("https://huggingface.co/" + m.id));
          count(manifest);
        }
      } else {
        count(read_manifest(text, name).items);
      }
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::cancelled) throw;
      ++refused;
      faults.add_row({name, e.message()});
    }
  }
  if (all == 0) throw bad_input(fmt::format("none of {} files could be read", o.files.size()), o.files.front());
  Table t("disclosure.corpus.v1");
  t.title = "What is disclosed";
  t.caption = "95 % intervals after Wilson";
  t.text("what").integer("disclose").integer("of").number("share", "%").number("low", "%").number("high", "%");
  Figure figure;
  figure.kind = Figure::Kind::bar;
  figure.title = "Share that discloses";
  figure.y = {"share", "%"};
  Figure::Trace trace;
  trace.name = "share";
  const auto row = [&](const std::string& what, std::size_t n) {
    const auto i = study::wilson(n, all);
    const double share = 100.0 * static_cast<double>(n) / static_cast<double>(all);
    t.add_row({what, static_cast<std::int64_t>(n), static_cast<std::int64_t>(all), share, 100 * i.low, 100 * i.high});
    trace.x.push_back(static_cast<double>(figure.categories.size()));
    trace.y.push_back(share);
    trace.low.push_back(100 * i.low);
    trace.high.push_back(100 * i.high);
    figure.categories.push_back(what.substr(0, what.find(' ')));
  };
  for (std::size_t q = 0; q < questions.size(); ++q) row(questions[q].what, counts[q]);
  row("hardware-and-time", hardware_and_time);
  row("contradictions", contradictions);
  figure.traces.push_back(std::move(trace));
  out.title = fmt::format("Disclosures of {}", all);
  out.add(std::move(t)).add(std::move(figure));
  if (refused) {
    out.add(std::move(faults));
    out.warn(fmt::format("{} files could not be read and are not counted", refused));
  }
  return out;
}

}  // namespace wattline::ledger::disclose
