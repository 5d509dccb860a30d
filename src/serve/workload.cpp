#include "serve/workload.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/table.h"
#include "kernel/units.h"
#include "lm/tasks.h"
#include "serve/http_client.h"

namespace wattline::serve {
namespace {

struct Prompt {
  std::string text, expected, task;
};

std::vector<Prompt> read_prompts(const WorkloadOptions& o) {
  CsvOptions as_text;
  as_text.infer = false;
  const std::string content = o.file.given() ? o.file.read(64u << 20) : std::string(lm::first_light_csv());
  const std::string where = o.file.given() ? o.file.name() : "built-in workload";
  const Table t = read_csv(content, where, as_text);
  const auto& prompts = t.column("prompt").texts();
  const Column* expected = t.find("expected");
  const Column* task = t.find("task");
  std::vector<Prompt> out;
  for (std::size_t i = 0; i < prompts.size(); ++i)
    out.push_back({prompts[i], expected ? expected->texts()[i] : "", task ? task->texts()[i] : ""});
  if (out.empty()) throw bad_input("holds no prompts", where);
  if (o.limit > 0 && static_cast<std::size_t>(o.limit) < out.size()) out.resize(static_cast<std::size_t>(o.limit));
  return out;
}

std::string words_of(std::string_view s) {
  std::string out = " ";
  for (unsigned char c : s) {
    if (std::isalnum(c) || c >= 0x80 || c == '-' || c == '.') out += static_cast<char>(std::tolower(c));
    else if (out.back() != ' ') out += ' ';
  }
  // A full stop ends a sentence; inside a number it is a point.
  while (out.ends_with('.') || out.ends_with(' ')) out.pop_back();
  return out + " ";
}

std::optional<Measure> read_measure(const Json* j) {
  if (!j || !j->is_object()) return std::nullopt;
  Measure m;
  m.value = j->number_or("value", 0);
  m.interval = {j->number_or("low", m.value), j->number_or("high", m.value)};
  m.unit = j->text_or("unit", "");
  m.method = parse_method(j->text_or("method", "modelled"));
  return m;
}

std::string first_model(const WorkloadOptions& o) {
  const auto reply = http_request("GET", o.url + "/v1/models", "", o.timeout);
  if (reply.status != 200) throw world_error(fmt::format("answers {} to GET /v1/models", reply.status), o.url);
  const Json listed = parse_json(reply.body, o.url + "/v1/models");
  const auto& data = listed.at("data").as_array();
  if (data.empty()) throw world_error("serves no model", o.url);
  for (const auto& m : data)
    if (m.at("id").as_string() == "auto") return "auto";
  return data[0].at("id").as_string();
}

// The interval of what an answer cost is far wider than the digits beyond.
double to_three_digits(double v) {
  if (v == 0 || !std::isfinite(v)) return v;
  const double scale = std::pow(10.0, 2 - std::floor(std::log10(std::abs(v))));
  return std::round(v * scale) / scale;
}

// A sum of answers' figures, in base units. The ends of the intervals are added: the errors are shared.
struct Sum {
  double value = 0, low = 0, high = 0;
  Method method = Method::measured;
  std::size_t of = 0;

  // Its value in `unit`, NaN when there is none.
  double add(const std::optional<Measure>& m, std::string_view unit) {
    if (!m) return std::nan("");
    const double scale = parse_unit(m->unit).scale;
    value += m->value * scale;
    low += m->interval.low * scale;
    high += m->interval.high * scale;
    method = std::max(method, m->method);
    ++of;
    return to_three_digits(m->value * scale / parse_unit(unit).scale);
  }
};

struct Totals {
  Sum energy, carbon, water;
  std::int64_t tokens = 0;
  std::size_t asked = 0, checked = 0, right = 0;
};

EstimateBlock block(std::string name, std::string label, const Sum& s, Dimension dimension) {
  const Unit unit = friendly_unit(s.value, dimension);
  Measure m{
      to_three_digits(s.value / unit.scale), {s.low / unit.scale, s.high / unit.scale}, unit.symbol, s.method, {}};
  return {std::move(name), std::move(label), std::move(m),
          fmt::format("{} in 1000 such answers",
                      format_quantity(s.value / static_cast<double>(s.of) * 1000, dimension, 3))};
}

double percent(std::size_t part, std::size_t all) {
  return all ? std::round(100.0 * static_cast<double>(part) / static_cast<double>(all)) : 0;
}

std::int64_t read_count(const Json& usage, std::string_view name) {
  const double n = usage.number_or(name, 0);
  if (!(n >= 0 && n <= 1e15)) throw world_error(fmt::format("{} of {}; from 0 to 1e15 can be", name, n), "server");
  return static_cast<std::int64_t>(n);
}

}  // namespace

bool answers(std::string_view answer, std::string_view expected) {
  const std::string wanted = words_of(expected);
  return wanted.size() > 2 && words_of(answer).find(wanted) != std::string::npos;
}

WorkloadAnswer read_answer(std::string_view body) {
  const Json j = parse_json(body, "answer");
  if (const Json* error = j.find("error")) throw world_error(error->text_or("message", error->dump()), "server");
  WorkloadAnswer a;
  const auto& choices = j.at("choices").as_array();
  if (choices.empty()) throw world_error("an answer without choices", "server");
  a.text = choices[0].at("message").text_or("content", "");
  a.model = j.text_or("model", "");
  if (const Json* usage = j.find("usage")) {
    a.tokens = read_count(*usage, "prompt_tokens") + read_count(*usage, "completion_tokens");
    if (const Json* own = usage->find("wattline")) {
      a.energy = read_measure(own->find("energy"));
      a.carbon = read_measure(own->find("carbon"));
      a.water = read_measure(own->find("water"));
    }
  }
  return a;
}

const Fields<WorkloadOptions>& workload_fields() {
  static const Fields<WorkloadOptions> fields =
      Fields<WorkloadOptions>()
          .text("url", &WorkloadOptions::url, "the server's address, without /v1")
          .text("model", &WorkloadOptions::model,
                "model to ask; the router auto when not given, or where there is none the server's first")
          .file("file", &WorkloadOptions::file,
                "CSV with a column prompt, and expected and task if known; without it about 40 built-in prompts")
          .integer("limit", &WorkloadOptions::limit, "only the first N prompts; 0 takes all")
          .range(0, 1e6)
          .flag("list", &WorkloadOptions::list, "only show the prompts; no server is asked")
          .integer("max-tokens", &WorkloadOptions::max_tokens, "longest answer")
          .range(1, 100000)
          .quantity("timeout", &WorkloadOptions::timeout, "s", "for one answer")
          .range(0.1, 3600);
  return fields;
}

Result run_workload(const WorkloadOptions& o, Context& context) {
  const auto prompts = read_prompts(o);
  if (o.list) {
    Result listed;
    listed.title = fmt::format("{} prompts", prompts.size());
    Table t;
    t.text("task").text("prompt").text("expected");
    for (const auto& p : prompts) t.add_row({p.task, p.text, p.expected});
    listed.add(std::move(t));
    return listed;
  }
  const std::string model = o.model.empty() ? first_model(o) : o.model;
  struct Asked {
    std::string answer, right, method, model;
    std::int64_t tokens = 0;
    double energy_j = 0, carbon_mg = 0, water_ml = 0;
  };
  std::vector<Asked> rows;
  Totals all;
  std::map<std::string, Totals> by_task;
  std::set<std::string> methods, models;
  for (const auto& prompt : prompts) {
    context.check_cancelled();
    context.progress(static_cast<double>(all.asked) / static_cast<double>(prompts.size()), prompt.text);
    JsonWriter w;
    w.begin_object().member("model", model).key("messages").begin_array().begin_object();
    w.member("role", "user").member("content", prompt.text).end_object().end_array();
    w.member("max_tokens", o.max_tokens).member("temperature", 0).end_object();
    const auto reply = http_request("POST", o.url + "/v1/chat/completions", w.take(), o.timeout);
    const WorkloadAnswer a = read_answer(reply.body);
    Asked row{a.text, "", a.energy ? std::string(to_string(a.energy->method)) : "not said", a.model, a.tokens};
    const bool has_key = !prompt.expected.empty(), ok = has_key && answers(a.text, prompt.expected);
    if (has_key) row.right = ok ? "yes" : "no";
    for (Totals* sum : {&all, &by_task[prompt.task]}) {
      ++sum->asked;
      sum->tokens += a.tokens;
      sum->checked += has_key;
      sum->right += ok;
      row.energy_j = sum->energy.add(a.energy, "J");
      row.carbon_mg = sum->carbon.add(a.carbon, "mgCO2e");
      row.water_ml = sum->water.add(a.water, "mL");
    }
    methods.insert(row.method);
    models.insert(row.model);
    rows.push_back(std::move(row));
  }

  Result r;
  r.title = fmt::format("{} prompts to {} at {}", all.asked, model, o.url);
  Table t("workload.answers.v1");
  t.text("prompt").text("answer").text("right", "yes, no, or empty when no answer was expected");
  t.integer("tokens", "token", "prompt and answer together")
      .number("energy", "J")
      .number("carbon", "mgCO2e")
      .number("water", "mL");
  if (models.size() > 1) t.text("model", "that answered");
  if (methods.size() > 1) t.text("method");  // else the totals say it
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto& row = rows[i];
    std::vector<Table::Cell> cells{prompts[i].text, std::move(row.answer), row.right,   row.tokens,
                                   row.energy_j,    row.carbon_mg,         row.water_ml};
    if (models.size() > 1) cells.emplace_back(row.model);
    if (methods.size() > 1) cells.emplace_back(row.method);
    t.add_row(std::move(cells));
  }
  r.add(std::move(t));

  if (by_task.size() > 1) {
    Table tasks;
    tasks.title = "By task";
    tasks.text("task")
        .integer("asked")
        .integer("right")
        .number("share", "%")
        .integer("tokens", "token")
        .number("energy", "J", "of one answer, the mean");
    for (const auto& [task, sum] : by_task)
      tasks.add_row(
          {task, static_cast<std::int64_t>(sum.asked), static_cast<std::int64_t>(sum.right),
           sum.checked ? percent(sum.right, sum.checked) : std::nan(""), sum.tokens,
           sum.energy.of ? to_three_digits(sum.energy.value / static_cast<double>(sum.energy.of)) : std::nan("")});
    tasks.caption = "Energy is that of one answer, the mean.";
    r.add(std::move(tasks));
  }

  std::string total = fmt::format("Total: {} answers, {} tokens", all.asked, all.tokens);
  if (all.checked > 0)
    total += fmt::format(", {} of {} right ({} %)", all.right, all.checked, percent(all.right, all.checked));
  r.note(total);
  if (all.energy.of > 0) r.add(block("energy", "Energy", all.energy, Energy::dimension));
  if (all.carbon.of > 0) r.add(block("carbon", "Carbon", all.carbon, Carbon::dimension));
  if (all.water.of > 0) r.add(block("water", "Water", all.water, Volume::dimension));
  if (all.energy.of < all.asked)
    r.warn(fmt::format("{} of {} answers came without a cost: this server does not account for energy",
                       all.asked - all.energy.of, all.asked));
  return r;
}

}  // namespace wattline::serve
