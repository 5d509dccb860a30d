#include "ledger/label/population.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "study/correlation.h"
#include "study/rank.h"
#include "study/summary.h"

namespace wattline::ledger {
namespace {

struct Hardware {
  double count = 1;
  const catalog::Device* device = nullptr;
};

// "8 v100 16GB", "384 A100 80GB", "2x RTX 3090", "RTX 2080 Ti.": how many of which device of the catalog.
Hardware hardware_of(std::string_view text, const catalog::Catalog& catalog) {
  Hardware out;
  text = csv::trimmed(text);
  std::size_t digits = 0;
  while (digits < text.size() && csv::is_digit(text[digits])) ++digits;
  std::string_view name = text;
  if (digits > 0 && digits < 7) {
    std::string_view rest = text.substr(digits);
    const bool joined = !rest.empty() && rest.front() != ' ' && rest.front() != 'x' && rest.front() != 'X';
    if (!joined && !rest.empty()) {
      rest = csv::trimmed(rest);
      if (rest.starts_with("x ") || rest.starts_with("X ")) rest.remove_prefix(2);
      out.count = std::max(1.0, csv::read_number(text.substr(0, digits)).value_or(1));
      name = csv::trimmed(rest);
    }
  }
  out.device = catalog.find_device(name);
  if (out.device) return out;
  // "v100 16GB" names no one card: the first that has all of its words.
  std::vector<std::string> words;
  for (std::size_t at = 0; at < name.size() && words.size() < 8;) {
    const std::size_t end = std::min(name.find_first_of(" ,()", at), name.size());
    if (std::string key = catalog::device_key(name.substr(at, end - at)); !key.empty()) words.push_back(std::move(key));
    at = end + 1;
  }
  for (const auto& device : catalog.devices()) {
    if (out.device || words.empty()) break;
    const std::string key = catalog::device_key(device.name);
    if (std::all_of(words.begin(), words.end(), [&](const auto& w) { return key.find(w) != key.npos; }))
      out.device = &device;
  }
  return out;
}

double month_number(const std::string& month) {
  return 12.0 * std::stoi(month.substr(0, 4)) + std::stoi(month.substr(5, 2));
}

std::vector<double> emissions_where(const std::vector<ModelEntry>& models, auto&& wanted) {
  std::vector<double> out;
  for (const auto& m : models)
    if (m.emissions && wanted(m)) out.push_back(*m.emissions);
  return out;
}

Table groups_table(const std::vector<ModelEntry>& models) {
  Table t("ledger.label.groups.v1");
  t.title = "Reported emissions by group";
  t.caption = "medians with the middle half of the models; groups of one model have no spread";
  t.text("by").text("group").integer("models", "", "that report emissions");
  t.number("median", "gCO2e").number("quarter_low", "gCO2e").number("quarter_high", "gCO2e");
  const auto by = [&](const char* name, auto&& key) {
    std::map<std::string, std::vector<double>> groups;
    for (const auto& m : models)
      if (m.emissions) groups[key(m)].push_back(*m.emissions);
    if (groups.size() == 1 && groups.begin()->first == "not said") return;
    for (auto& [group, values] : groups) {
      std::sort(values.begin(), values.end());
      t.add_row({name, group, static_cast<std::int64_t>(values.size()), study::quantile(values, 0.5),
                 study::quantile(values, 0.25), study::quantile(values, 0.75)});
    }
  };
  const auto or_none = [](const std::string& s) { return s.empty() ? std::string("not said") : s; };
  by("domain", [&](const ModelEntry& m) { return or_none(m.domain); });
  by("task", [&](const ModelEntry& m) { return or_none(m.task); });
  by("training", [&](const ModelEntry& m) { return or_none(m.training_type); });
  by("source", [&](const ModelEntry& m) { return or_none(m.source); });
  by("report", [](const ModelEntry& m) { return std::string(m.automatic ? "automatic" : "by a person"); });
  return t;
}

Table tests_table(const std::vector<ModelEntry>& models) {
  Table t("ledger.label.tests.v1");
  t.title = "What goes with emissions";
  t.caption =
      "A correlation over models of different tasks is no cause. 'plus 1e-6' is the paper's way to keep zeros in "
      "a logarithm: without them the figure can change much.";
  t.text("test").text("of").number("value").number("p", "", "two-sided").integer("n");
  const auto fine = emissions_where(models, [](const auto& m) { return m.training_type == "fine-tuning"; });
  const auto pre = emissions_where(models, [](const auto& m) { return m.training_type == "pretraining"; });
  if (fine.size() >= 3 && pre.size() >= 3) {
    const auto test = study::mann_whitney(fine, pre);
    t.add_row({std::string("Mann-Whitney U") + (test.exact ? ", exact" : ""), "pretraining against fine-tuning",
               test.statistic, test.p, static_cast<std::int64_t>(fine.size() + pre.size())});
  }
  const auto correlate = [&](const char* test, const std::string& of, auto&& x, auto&& y, bool ranks) {
    std::vector<double> a, b;
    for (const auto& m : models) {
      const std::optional<double> u = x(m), v = y(m);
      if (u && v) {
        a.push_back(*u);
        b.push_back(*v);
      }
    }
    const auto c = ranks ? study::spearman(a, b) : study::pearson(a, b);
    if (c.n >= 3 && std::isfinite(c.r)) t.add_row({test, of, c.r, c.p, static_cast<std::int64_t>(c.n)});
  };
  const auto plain = [](const ModelEntry& m) { return m.emissions; };
  for (const char* name : {"accuracy", "f1", "rouge1", "rougeL"})
    correlate(
        "Spearman", fmt::format("emissions and {}", name), plain,
        [&](const ModelEntry& m) -> std::optional<double> {
          const auto it = m.metrics.find(name);
          return it == m.metrics.end() ? std::nullopt : std::optional(it->second);
        },
        true);
  correlate(
      "Spearman", "emissions and performance score", plain, [](const ModelEntry& m) { return m.performance; }, true);
  const auto logs = [&](const char* what, std::optional<double> ModelEntry::*member) {
    for (const bool constant : {true, false}) {
      const auto log_of = [constant](std::optional<double> v) -> std::optional<double> {
        if (!v || (!constant && *v <= 0)) return std::nullopt;
        return std::log(*v + (constant ? 1e-6 : 0));
      };
      correlate(
          "Pearson of logarithms", fmt::format("emissions and {}{}", what, constant ? ", plus 1e-6" : ", no zeros"),
          [&](const ModelEntry& m) { return log_of(m.emissions); },
          [&](const ModelEntry& m) { return log_of(m.*member); }, false);
    }
  };
  logs("model size", &ModelEntry::size);
  logs("data set size", &ModelEntry::dataset_size);
  return t;
}

void add_months(Result& out, const std::vector<ModelEntry>& models, const PopulationOptions& o) {
  struct Month {
    std::size_t all = 0;
    std::vector<double> emissions;
  };
  std::map<std::string, Month> months;
  std::size_t undated = 0, silent = 0;
  for (const auto& m : models) {
    silent += !m.emissions;
    if (m.month.empty()) {
      ++undated;
      continue;
    }
    auto& month = months[m.month];
    ++month.all;
    if (m.emissions) month.emissions.push_back(*m.emissions);
  }
  if (months.size() < 2) return;
  Table t("ledger.label.months.v1");
  t.title = "By month";
  t.text("month").integer("models").integer("reporting").number("share", "%").number("share_low", "%");
  t.number("share_high", "%", "95 %, Wilson").number("median", "gCO2e", "of those that report");
  std::vector<double> x, y;
  Figure figure;
  figure.title = "Median of the reported emissions by month";
  figure.x = {"month", "", false, true};
  figure.y = {"median", "gCO2e"};
  Figure::Trace trace;
  trace.name = "median";
  for (const auto& [name, month] : months) {
    const auto share = study::wilson(month.emissions.size(), month.all);
    const double median = month.emissions.empty() ? NAN : study::median(month.emissions);
    t.add_row({name, static_cast<std::int64_t>(month.all), static_cast<std::int64_t>(month.emissions.size()),
               100.0 * static_cast<double>(month.emissions.size()) / static_cast<double>(month.all), 100 * share.low,
               100 * share.high, median});
    if (!std::isfinite(median)) continue;
    if (const auto at = try_parse_date_time(name + "-01")) {
      trace.x.push_back(static_cast<double>(at->ns) * 1e-9);
      trace.y.push_back(median);
    }
    if (name < o.since) continue;
    x.push_back(month_number(name));
    y.push_back(median);
  }
  if (silent == 0)
    t.caption = "Every model of this table reports: its shares say nothing of the repository it is from.";
  figure.traces.push_back(std::move(trace));
  out.add(std::move(t)).add(std::move(figure));
  const auto fit = study::line_fit(x, y);
  if (std::isfinite(fit.slope))
    out.note(fmt::format("Trend of the monthly median{}: {} gCO2e a month (t {}, p {}, {} months).",
                         o.since.empty() ? "" : " since " + o.since, format_number(fit.slope, 3),
                         format_number(fit.t, 3), format_number(fit.p, 2), fit.n));
  if (undated) out.note(fmt::format("{} models have no date and are in no month.", undated));
}

}  // namespace

std::vector<Doubt> doubts_of(const ModelEntry& m, const catalog::Catalog& catalog, CarbonIntensity grid) {
  std::vector<Doubt> out;
  for (const auto& d : m.doubts) out.push_back({m.id, d, m.row});
  if (!m.emissions) return out;
  if (*m.emissions == 0) {
    out.push_back({m.id, "emissions of 0: no training costs nothing; not measured, or rounded away", m.row});
    return out;
  }
  const Hardware h = hardware_of(m.hardware, catalog);
  if (!h.device || h.device->board_power <= Power(0)) return out;
  const Energy energy = Carbon(*m.emissions) / grid;
  const double hours = (energy / (h.device->board_power * h.count)).in(units::hour);
  const double low = catalog.factor("label.plausible.hours_low").value / h.count;
  const double high = catalog.factor("label.plausible.hours_high").value;
  if (hours < low || hours > high) {
    const double other = hours < low ? hours * 1000 : hours / 1000;
    out.push_back({m.id,
                   fmt::format("{} is what {} x {} emits in {} h at full power on a grid of {} gCO2e/kWh: {} ({} h)",
                               to_string(Carbon(*m.emissions)), h.count, h.device->name, format_number(hours, 2),
                               format_number(grid.in(units::gCO2e_per_kWh), 3),
                               hours < low ? "were kilograms given where grams are wanted?"
                                           : "were milligrams given where grams are wanted?",
                               format_number(other, 2)),
                   m.row});
  }
  return out;
}

void add_population(Result& out, const std::vector<ModelEntry>& models, const PopulationOptions& o) {
  std::size_t reporting = 0;
  for (const auto& m : models) reporting += m.emissions.has_value();
  const auto share = study::wilson(reporting, models.size());
  out.note(fmt::format(
      "{} of {} models report emissions: {} % (95 % interval {} to {} %, Wilson).", reporting, models.size(),
      format_number(models.empty() ? 0 : 100.0 * static_cast<double>(reporting) / static_cast<double>(models.size()),
                    3),
      format_number(100 * share.low, 3), format_number(100 * share.high, 3)));
  out.add(groups_table(models));
  if (Table t = tests_table(models); t.rows() > 0) out.add(std::move(t));
  add_months(out, models, o);
}

double label_stability(const std::vector<ModelEntry>& models, const LabelScale& paper, Convention convention,
                       std::size_t resamples, Context& context) {
  std::vector<MetricValues> values;
  for (const auto& m : models) values.push_back(metric_values(m));
  const LabelScale scale = scale_of(models, paper);
  std::vector<int> first;
  for (const auto& v : values) {
    const auto label = label_of(v, scale, convention);
    first.push_back(label ? label->rating : -1);
  }
  auto random = context.random("label stability");
  std::size_t same = 0, all = 0;
  for (std::size_t i = 0; i < resamples; ++i) {
    context.check_cancelled();
    std::vector<ModelEntry> drawn;
    drawn.reserve(models.size());
    std::uniform_int_distribution<std::size_t> pick(0, models.size() - 1);
    for (std::size_t k = 0; k < models.size(); ++k) {
      const ModelEntry& m = models[pick(random)];
      ModelEntry bare;  // only what the boundaries need
      bare.emissions = m.emissions;
      bare.size = m.size;
      bare.dataset_size = m.dataset_size;
      bare.downloads = m.downloads;
      bare.performance = m.performance;
      drawn.push_back(std::move(bare));
    }
    const LabelScale other = scale_of(drawn, paper);
    for (std::size_t k = 0; k < values.size(); ++k) {
      if (first[k] < 0) continue;
      const auto label = label_of(values[k], other, convention);
      same += label && label->rating == first[k];
      ++all;
    }
  }
  return all ? static_cast<double>(same) / static_cast<double>(all) : NAN;
}

}  // namespace wattline::ledger
