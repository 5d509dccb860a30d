#include "policy/evaluate/workload.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/table.h"

namespace wattline::policy {
namespace {

constexpr std::size_t most_models = 16;

void check(double value, double low, double high, std::string_view what, std::string_view where) {
  if (std::isnan(value)) return;
  if (!(value >= low && value <= high))
    throw bad_input(fmt::format("{} {} is out of range; {} to {} is allowed", what, value, low, high),
                    std::string(where));
}

void check(const RecordedAnswer& a, std::string_view where) {
  check(a.quality, 0, 1, "quality", where);
  check(a.energy, 0, 1e15, "energy (J)", where);
  check(a.seconds, 0, 1e9, "time (s)", where);
  check(a.output_tokens, 0, 1e9, "output tokens", where);
}

double tokens_of(std::string_view text) { return std::ceil(static_cast<double>(text.size()) / 4); }

// What one column of a CSV file says of one model.
struct ModelColumn {
  std::size_t model;
  std::size_t column;
  int quantity;
};
struct Quantity {
  std::string_view suffix;
  double scale;
};
constexpr Quantity quantities[] = {{"_correct", 1},       {"_quality", 1}, {"_score_1_10", 0.1}, {"_energy_j", 1},
                                   {"_output_tokens", 1}, {"_seconds", 1}, {"_avg_logprob", 1},  {"_margin", 1},
                                   {"_format_ok", 1},     {"_response", 1}};
enum { correct, quality, score, energy, output_tokens, seconds, logprob, margin, format_ok, response };

std::size_t model_index(Workload& w, std::string_view name, std::string_view where) {
  const auto found = std::find(w.models.begin(), w.models.end(), name);
  if (found != w.models.end()) return static_cast<std::size_t>(found - w.models.begin());
  if (w.models.size() == most_models)
    throw bad_input(fmt::format("more than {} models; '{}' is one too many", most_models, name), std::string(where));
  w.models.emplace_back(name);
  return w.models.size() - 1;
}

Workload read_columns(std::string_view content, std::string_view where) {
  const Table table = read_csv(content, where, {.infer = false});
  Workload w;
  std::vector<ModelColumn> columns;
  const auto& all = table.columns();
  const auto text = [&](std::initializer_list<std::string_view> names) -> const std::vector<std::string>* {
    for (const auto name : names)
      if (const Column* c = table.find(name)) return &c->texts();
    return nullptr;
  };
  for (std::size_t c = 0; c < all.size(); ++c)
    for (int q = 0; q < static_cast<int>(std::size(quantities)); ++q)
      if (const auto suffix = quantities[q].suffix; all[c].name.size() > suffix.size() && all[c].name.ends_with(suffix))
        columns.push_back(
            {model_index(w, std::string_view(all[c].name).substr(0, all[c].name.size() - suffix.size()), where), c, q});
  const auto* prompt = text({"prompt"});
  if (!prompt)
    throw bad_input("there is no column 'prompt'", std::string(where),
                    "a workload has a prompt and, for each model, NAME_correct, NAME_quality or NAME_score_1_10");
  const auto *domain = text({"domain", "subject", "category"}), *id = text({"id", "question_id"}),
             *turn = text({"turn"}), *contaminated = text({"contaminated"}), *tokens = text({"prompt_tokens"});
  const auto number = [&](const std::string& cell, std::size_t row, std::string_view column) {
    if (cell.empty()) return RecordedAnswer::unknown;
    char* end = nullptr;
    const double v = std::strtod(cell.c_str(), &end);
    if (end != cell.c_str() + cell.size() || !std::isfinite(v))
      throw bad_input(fmt::format("'{}' is no number", cell), fmt::format("{}:{}: {}", where, row + 2, column));
    return v;
  };
  for (std::size_t r = 0; r < prompt->size(); ++r) {
    RecordedPrompt& p = w.rows.emplace_back();
    p.prompt = (*prompt)[r];
    p.domain = domain ? (*domain)[r] : "";
    p.id = id ? (*id)[r] + (turn ? "/" + (*turn)[r] : "") : std::to_string(r + 1);
    p.contaminated = contaminated && (*contaminated)[r] == "1";
    p.prompt_tokens = tokens ? number((*tokens)[r], r, "prompt_tokens") : tokens_of(p.prompt);
    p.answers.resize(w.models.size());
    for (const auto& c : columns) {
      const std::string& cell = all[c.column].texts()[r];
      RecordedAnswer& a = p.answers[c.model];
      if (c.quantity == response) {
        if (std::isnan(a.output_tokens)) a.output_tokens = tokens_of(cell);
        continue;
      }
      const double v = number(cell, r, all[c.column].name) * quantities[c.quantity].scale;
      if (std::isnan(v)) continue;
      switch (c.quantity) {
        case correct:
        case quality:
        case score: a.quality = v; break;
        case energy: a.energy = v; break;
        case output_tokens: a.output_tokens = v; break;
        case seconds: a.seconds = v; break;
        case logprob: a.evidence.avg_logprob = v; break;
        case margin: a.evidence.margin = v; break;
        case format_ok: a.evidence.format_ok = v > 0.5; break;
      }
    }
    for (const auto& a : p.answers) check(a, fmt::format("{}:{}", where, r + 2));
  }
  return w;
}

Workload read_lines(std::string_view content, std::string_view where) {
  Workload w;
  std::size_t line = 0;
  while (!content.empty()) {
    ++line;
    const std::size_t end = std::min(content.find('\n'), content.size());
    const std::string_view text = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string at = fmt::format("{}:{}", where, line);
    const Json json = parse_json(text, at);
    try {
      RecordedPrompt& p = w.rows.emplace_back();
      p.prompt = json.at("prompt").as_string();
      p.domain = json.text_or("domain", "");
      p.id = json.text_or("id", std::to_string(line));
      p.prompt_tokens = json.number_or("prompt_tokens", tokens_of(p.prompt));
      if (const Json* c = json.find("contaminated"); c && !c->is_null()) p.contaminated = c->as_bool();
      for (const auto& [model, row] : json.at("answers").as_object()) {
        const std::size_t m = model_index(w, model, at);
        if (p.answers.size() <= m) p.answers.resize(m + 1);
        RecordedAnswer& a = p.answers[m];
        a.quality = row.at("quality").as_number();
        a.energy = row.number_or("energy_j", RecordedAnswer::unknown);
        a.seconds = row.number_or("seconds", RecordedAnswer::unknown);
        a.output_tokens = row.number_or("output_tokens", RecordedAnswer::unknown);
        if (const Json* v = row.find("avg_logprob"); v && !v->is_null()) a.evidence.avg_logprob = v->as_number();
        if (const Json* v = row.find("margin"); v && !v->is_null()) a.evidence.margin = v->as_number();
        if (const Json* v = row.find("self_verify"); v && !v->is_null()) a.evidence.self_verify = v->as_number();
        if (const Json* v = row.find("format_ok"); v && !v->is_null()) a.evidence.format_ok = v->as_bool();
        if (const Json* v = row.find("votes"); v && !v->is_null() && !v->as_array().empty()) {
          a.evidence.votes_first = v->as_array()[0].as_integer();
          if (v->as_array().size() > 1) a.evidence.votes_second = v->as_array()[1].as_integer();
          if (a.evidence.votes_first < 0 || a.evidence.votes_second < 0 || a.evidence.votes_first > 1'000'000 ||
              a.evidence.votes_second > 1'000'000)
            throw bad_input("votes are whole numbers from 0 to 1000000");
        }
        check(a, "answers." + model);
      }
    } catch (const Error& e) {
      throw e.at(at);
    }
  }
  for (auto& p : w.rows) p.answers.resize(w.models.size());
  return w;
}

}  // namespace

Workload read_workload(std::string_view content, std::string_view where) {
  const std::size_t first = content.find_first_not_of(" \t\r\n");
  Workload w = first != std::string_view::npos && content[first] == '{' ? read_lines(content, where)
                                                                        : read_columns(content, where);
  w.name = where;
  if (w.rows.empty()) throw bad_input("there are no prompts in it", std::string(where));
  if (w.models.size() < 2)
    throw bad_input(fmt::format("answers of {} model{}; two or more are needed to choose between", w.models.size(),
                                w.models.size() == 1 ? "" : "s"),
                    std::string(where), "give each model a column NAME_correct or NAME_quality");
  for (const auto& p : w.rows) {
    check(p.prompt_tokens, 0, 1e9, "prompt_tokens", fmt::format("{}: {}", where, p.id));
    w.has_domains = w.has_domains || !p.domain.empty();
    for (const auto& a : p.answers) {
      w.has_energy = w.has_energy || !std::isnan(a.energy);
      w.has_lengths = w.has_lengths || !std::isnan(a.output_tokens);
      const Evidence& e = a.evidence;
      w.has_evidence = w.has_evidence || e.format_ok || e.avg_logprob || e.margin || e.self_verify || e.votes_first > 0;
    }
  }
  return w;
}

std::uint64_t prompt_hash(std::string_view prompt) {
  std::uint64_t h = 0xcbf29ce484222325U;  // FNV-1a, its bits mixed once more
  for (const char c : prompt) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93U;
  return h ^ (h >> 32);
}

Split split_by_prompt(const Workload& w, std::uint64_t folds) {
  Split split;
  std::vector<std::uint64_t> contaminated;
  for (const auto& p : w.rows)
    if (p.contaminated) contaminated.push_back(prompt_hash(p.prompt));
  std::sort(contaminated.begin(), contaminated.end());
  for (std::size_t r = 0; r < w.rows.size(); ++r) {
    const std::uint64_t h = prompt_hash(w.rows[r].prompt);
    if (std::binary_search(contaminated.begin(), contaminated.end(), h)) continue;
    (h % folds == 0 ? split.test : split.train).push_back(r);
  }
  return split;
}

}  // namespace wattline::policy
