#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/table.h"
#include "kernel/utf8.h"
#include "kernel/yaml.h"
#include "ledger/label/entry.h"

namespace wattline::ledger {
namespace {

constexpr std::array<std::string_view, 4> metric_names{"accuracy", "f1", "rouge1", "rougeL"};

std::string key_of(std::string_view s) {
  std::string out;
  for (const char c : s)
    if (std::isalnum(static_cast<unsigned char>(c)))
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string text_of(const Json& v) {
  if (v.is_string()) return v.as_string();
  if (v.is_null()) return "";
  if (v.is_array()) {
    std::string out;
    for (const auto& item : v.as_array()) out += (out.empty() ? "" : ", ") + text_of(item);
    return out;
  }
  return v.dump();
}

// "['a', 'b']", as Python prints a list.
std::vector<std::string> python_list(std::string_view s) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < s.size(); ++at) {
    if (s[at] != '\'' && s[at] != '"') continue;
    const std::size_t end = s.find(s[at], at + 1);
    if (end == s.npos) break;
    if (end > at + 1) out.emplace_back(s.substr(at + 1, end - at - 1));
    at = end;
  }
  return out;
}

// "{'accuracy': 0.97, 'f1': nan}": the numbers that there are.
void python_metrics(std::string_view s, std::map<std::string, double>& out) {
  for (const auto name : metric_names) {
    for (const char quote : {'\'', '"'}) {
      const std::string key = fmt::format("{}{}{}:", quote, name, quote);
      const std::size_t at = s.find(key);
      if (at == s.npos) continue;
      const std::size_t begin = at + key.size(), end = std::min(s.find_first_of(",}", begin), s.size());
      if (const auto v = csv::read_number_slowly(csv::trimmed(s.substr(begin, end - begin))); v && std::isfinite(*v))
        out[std::string(name)] = *v;
    }
  }
}

// "2021-11-23", "2023-01-24 13:57:50+00:00": the month, or "".
std::string month_of(std::string_view s) {
  s = csv::trimmed(s).substr(0, 7);
  const bool is = s.size() == 7 && s[4] == '-' && csv::is_digit(s[0]) && csv::is_digit(s[1]) && csv::is_digit(s[2]) &&
                  csv::is_digit(s[3]) && (s[5] == '0' || s[5] == '1') && csv::is_digit(s[6]);
  return is ? std::string(s) : "";
}

void take_emissions(ModelEntry& m, const Json& v) {
  const auto read = [&](const Json& e) {
    if (e.is_null()) return;
    if (e.is_number() && e.as_number() >= 0 && std::isfinite(e.as_number())) {
      m.emissions = e.as_number();
      return;
    }
    std::string doubt;
    if (e.is_string()) m.emissions = read_emissions(e.as_string(), &doubt);
    if (!doubt.empty()) m.doubts.push_back("emissions: " + doubt);
    if (!m.emissions && !says_nothing(text_of(e)))
      m.doubts.push_back(fmt::format("emissions: '{}' is no amount of CO2e (grams, or with the unit g, kg, t)",
                                     shown_text(text_of(e))));
  };
  if (!v.is_object()) {
    read(v);
    return;
  }
  const auto text = [&](const char* key) {
    const Json* found = v.find(key);
    const std::string out = found ? text_of(*found) : "";
    return says_nothing(out) ? std::string() : out;
  };
  for (const char* key : {"emissions", "co2_eq_emissions", "value"})
    if (const Json* e = v.find(key)) {
      read(*e);
      break;
    }
  m.source = text("source");
  m.training_type = text("training_type");
  m.location = text("geographical_location");
  m.hardware = text("hardware_used");
  if (m.hardware.empty()) m.hardware = text("environment");
}

void take_tags(ModelEntry& m, const Json* tags) {
  if (!tags) return;
  if (tags->is_array())
    for (const auto& t : tags->as_array()) m.tags.push_back(text_of(t));
  else if (tags->is_string()) m.tags.push_back(tags->as_string());
}

std::optional<double> number_of(const Json* v) {
  if (v && v->is_number() && v->as_number() >= 0 && std::isfinite(v->as_number())) return v->as_number();
  return v && v->is_string() ? read_count(v->as_string()) : std::nullopt;
}

}  // namespace

ModelEntry read_model_card(std::string_view text, std::string_view where) {
  const Json root = read_document(text, where);
  if (!root.is_object())
    throw bad_input("no model card: a list of keys and values is wanted", std::string(where),
                    "give a card with YAML front matter, or the JSON of https://huggingface.co/api/models/NAME");
  ModelEntry m;
  m.row = 1;
  // The Hub's API has the card's own metadata under cardData.
  const Json* card = root.find("cardData");
  const Json& data = card && card->is_object() ? *card : root;
  for (const char* key : {"id", "modelId", "model_id", "model_name"})
    if (const Json* id = root.find(key); id && m.id.empty()) m.id = text_of(*id);
  if (m.id.empty()) m.id = std::string(where);
  for (const char* key : {"co2_eq_emissions", "co2_emissions", "emissions"})
    if (const Json* v = data.find(key)) {
      take_emissions(m, *v);
      break;
    }
  if (m.hardware.empty())
    if (const Json* v = data.find("hardware_used"); v && !says_nothing(text_of(*v))) m.hardware = text_of(*v);
  for (const Json* from : {&root, &data})
    if (const Json* task = from->find("pipeline_tag"); task && task->is_string() && !says_nothing(task->as_string()))
      m.task = task->as_string();
  take_tags(m, data.find("tags"));
  if (&data != &root) take_tags(m, root.find("tags"));
  m.downloads = number_of(root.find("downloads"));
  m.size = number_of(root.find("size"));
  if (!m.size) m.size = number_of(root.find("usedStorage"));
  m.dataset_size = number_of(data.find("datasets_size"));
  if (!m.dataset_size) m.dataset_size = number_of(data.find("dataset_size"));
  m.parameters = number_of(data.find("parameters"));
  if (const Json* tensors = root.find("safetensors"); tensors && tensors->is_object() && !m.parameters)
    m.parameters = number_of(tensors->find("total"));
  if (const Json* created = root.find("createdAt"); created && created->is_string())
    m.month = month_of(created->as_string());
  if (const Json* p = root.find("performance_score")) m.performance = number_of(p);
  // model-index: [{results: [{metrics: [{type, value}]}]}], shares or percentages.
  if (const Json* index = data.find("model-index"); index && index->is_array())
    for (const auto& model : index->as_array())
      if (const Json* results = model.find("results"); results && results->is_array())
        for (const auto& result : results->as_array())
          if (const Json* list = result.find("metrics"); list && list->is_array())
            for (const auto& metric : list->as_array()) {
              const std::string type = metric.is_object() ? metric.text_or("type", "") : "";
              const double value = metric.is_object() ? number_of(metric.find("value")).value_or(NAN) : std::nan("");
              for (const auto name : metric_names)
                if (value <= 100 && key_of(type) == key_of(name))
                  m.metrics.emplace(name, value > 1 ? value / 100 : value);
            }
  return m;
}

ModelTable read_model_table(std::string_view text, std::string_view where) {
  CsvOptions options;
  options.infer = false;
  const Table t = read_csv(text, where, options);
  ModelTable out;
  const auto column = [&](std::string_view what, std::initializer_list<const char*> names) -> const Column* {
    for (const char* name : names)
      for (const auto& c : t.columns())
        if (key_of(c.name) == key_of(name)) {
          out.columns_used.push_back(c.name);
          return &c;
        }
    out.columns_missing.emplace_back(what);
    return nullptr;
  };
  const Column* id = column("model", {"modelId", "model_id", "id", "model", "name"});
  const Column* emissions =
      column("emissions", {"co2_eq_emissions", "co2_emissions", "emissions", "co2", "co2eq", "co2e"});
  if (!id || !emissions) {
    std::string names;
    for (const auto& c : t.columns())
      if (names.size() < 200) names += (names.empty() ? "" : ", ") + shown_text(c.name);
    throw bad_input(fmt::format("no column of the {}; the table has: {}", id ? "emissions" : "models", names),
                    std::string(where), "name the columns as the Hub does: modelId, co2_eq_emissions");
  }
  const Column* source = column("source", {"source"});
  const Column* training = column("training type", {"training_type"});
  const Column* location = column("location", {"geographical_location", "location"});
  const Column* hardware = column("hardware", {"hardware_used", "environment", "hardware"});
  const Column* domain = column("domain", {"domain"});
  const Column* task = column("task", {"pipeline_tag", "task"});
  const Column* created = column("date", {"created_at", "createdAt", "date"});
  const Column* tags = column("tags", {"tags", "library_name"});
  const Column* automatic = column("auto", {"auto"});
  const Column* size = column("size", {"size", "model_size"});
  const Column* data = column("dataset size", {"datasets_size", "dataset_size"});
  const Column* downloads = column("downloads", {"downloads"});
  const Column* parameters = column("parameters", {"parameters"});
  const Column* performance = column("performance", {"performance_score"});
  const Column* metrics = column("metrics", {"performance_metrics", "accuracy", "f1", "rouge1", "rougeL"});
  std::array<const Column*, 4> single{};
  for (std::size_t k = 0; k < single.size(); ++k) single[k] = t.find(metric_names[k]);
  const bool in_one = metrics && key_of(metrics->name) == "performancemetrics";
  std::vector<std::pair<const Column*, std::string>> flags;  // is_pruned
  for (const auto& c : t.columns())
    if (c.name.starts_with("is_")) flags.emplace_back(&c, c.name.substr(3));

  const double unit = emissions->unit.empty() ? 1 : 0;
  for (std::size_t r = 0; r < t.rows(); ++r) {
    ModelEntry m;
    m.row = r + 2;
    const auto word = [&](const Column* c) {
      const std::string s = c ? std::string(csv::trimmed(c->texts()[r])) : "";
      return says_nothing(s) ? std::string() : s;
    };
    const auto count = [&](const Column* c, const char* what) -> std::optional<double> {
      const std::string s = word(c);
      if (s.empty()) return std::nullopt;
      const auto v = read_count(s);
      if (!v) m.doubts.push_back(fmt::format("{}: '{}' is no number", what, shown_text(s)));
      return v;
    };
    m.id = word(id);
    if (m.id.empty()) m.id = fmt::format("row {}", r + 2);
    if (const std::string s = word(emissions); !s.empty()) {
      std::string doubt;
      m.emissions = read_emissions(unit == 1 ? s : s + " " + emissions->unit, &doubt);
      if (!m.emissions) m.doubts.push_back(fmt::format("emissions: '{}' is no amount of CO2e", shown_text(s)));
      else if (!doubt.empty()) m.doubts.push_back("emissions: " + doubt);
    }
    m.source = word(source);
    m.training_type = word(training);
    m.location = word(location);
    m.hardware = word(hardware);
    m.domain = word(domain);
    m.task = word(task);
    m.month = month_of(word(created));
    if (const std::string s = word(tags); !s.empty()) m.tags = s.starts_with('[') ? python_list(s) : std::vector{s};
    for (const auto& [c, name] : flags)
      if (const auto s = word(c); s == "1" || s == "1.0" || s == "True") m.tags.push_back(name);
    if (const auto s = word(automatic); s == "1" || s == "True" || s == "true") m.automatic = true;
    m.size = count(size, "size");
    m.dataset_size = count(data, "dataset size");
    m.downloads = count(downloads, "downloads");
    m.parameters = count(parameters, "parameters");
    m.performance = count(performance, "performance");
    if (in_one) python_metrics(word(metrics), m.metrics);
    for (std::size_t k = 0; k < single.size(); ++k)
      if (const auto s = word(single[k]); !s.empty())
        if (const auto v = csv::read_number(s); v && std::isfinite(*v)) m.metrics[std::string(metric_names[k])] = *v;
    out.models.push_back(std::move(m));
  }
  // Where the table has scores, the package knows why some models have none.
  if (!performance) fill_performance(out.models);
  return out;
}

}  // namespace wattline::ledger
