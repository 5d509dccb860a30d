#include "serve/workload.h"

#include <algorithm>
#include <cctype>
#include <map>

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

double in_unit(const Measure& m, std::string_view unit) { return m.value * parse_unit(m.unit).scale / parse_unit(unit).scale; }

std::string first_model(const WorkloadOptions& o) {
  const auto reply = http_request("GET", o.url + "/v1/models", "", o.timeout);
  if (reply.status != 200) throw world_error(fmt::format("answers {} to GET /v1/models", reply.status), o.url);
  const Json listed = parse_json(reply.body, o.url + "/v1/models");
  const auto& data = listed.at("data").as_array();
  if (data.empty()) throw world_error("serves no model", o.url);
  return data[0].at("id").as_string();
}

std::string shortened(std::string s, std::size_t columns) {
  std::replace(s.begin(), s.end(), '\n', ' ');
  if (s.size() <= columns) return s;
  std::size_t end = columns - 1;
  while (end > 0 && (static_cast<unsigned char>(s[end]) & 0xC0) == 0x80) --end;
  return s.substr(0, end) + "…";
}

struct Totals {
  double energy_j = 0, carbon_mg = 0, water_ml = 0;
  double energy_low = 0, energy_high = 0;  // ends of the intervals, added: the errors are shared
  std::int64_t tokens = 0;
  std::size_t asked = 0, checked = 0, right = 0, costed = 0;
};

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
  if (const Json* usage = j.find("usage")) {
    a.tokens = static_cast<std::int64_t>(usage->number_or("prompt_tokens", 0) + usage->number_or("completion_tokens", 0));
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
          .text("model", &WorkloadOptions::model, "model to ask; the server's first when not given")
          .file("file", &WorkloadOptions::file, "CSV with a column prompt, and expected and task if known; without it about 40 built-in prompts")
          .integer("limit", &WorkloadOptions::limit, "only the first N prompts; 0 takes all").range(0, 1e6)
          .flag("list", &WorkloadOptions::list, "only show the prompts; no server is asked")
          .integer("max-tokens", &WorkloadOptions::max_tokens, "longest answer").range(1, 100000)
          .quantity("timeout", &WorkloadOptions::timeout, "s", "for one answer").range(0.1, 3600);
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
  Table t("workload.answers.v1");
  t.text("prompt").text("answer").text("right", "yes, no, or empty when no answer was expected");
  t.integer("tokens", "token").number("energy", "J").number("carbon", "mgCO2e").number("water", "mL").text("method");
  Totals sum;
  std::map<std::string, std::pair<std::size_t, std::size_t>> by_task;
  Result r;
  for (const auto& prompt : prompts) {
    context.check_cancelled();
    context.progress(static_cast<double>(sum.asked) / static_cast<double>(prompts.size()), prompt.text);
    JsonWriter w;
    w.begin_object().member("model", model).key("messages").begin_array().begin_object();
    w.member("role", "user").member("content", prompt.text).end_object().end_array();
    w.member("max_tokens", o.max_tokens).member("temperature", 0).end_object();
    const auto reply = http_request("POST", o.url + "/v1/chat/completions", w.take(), o.timeout);
    const WorkloadAnswer a = read_answer(reply.body);
    ++sum.asked;
    sum.tokens += a.tokens;
    std::string right;
    if (!prompt.expected.empty()) {
      const bool ok = answers(a.text, prompt.expected);
      right = ok ? "yes" : "no";
      ++sum.checked;
      sum.right += ok;
      auto& [good, all] = by_task[prompt.task];
      good += ok;
      ++all;
    }
    const double none = std::nan("");
    if (a.energy) {
      ++sum.costed;
      const double scale = in_unit(*a.energy, "J") / (a.energy->value == 0 ? 1 : a.energy->value);
      sum.energy_j += in_unit(*a.energy, "J");
      sum.energy_low += a.energy->interval.low * scale;
      sum.energy_high += a.energy->interval.high * scale;
    }
    if (a.carbon) sum.carbon_mg += in_unit(*a.carbon, "mgCO2e");
    if (a.water) sum.water_ml += in_unit(*a.water, "mL");
    t.add_row({shortened(prompt.text, 44), shortened(a.text, 24), right, a.tokens,
               a.energy ? in_unit(*a.energy, "J") : none, a.carbon ? in_unit(*a.carbon, "mgCO2e") : none,
               a.water ? in_unit(*a.water, "mL") : none,
               a.energy ? std::string(to_string(a.energy->method)) : std::string("not said")});
  }
  r.title = fmt::format("{} prompts to {} at {}", sum.asked, model, o.url);
  r.add(std::move(t));
  if (by_task.size() > 1) {
    Table tasks;
    tasks.title = "Right by task";
    tasks.text("task").integer("asked").integer("right");
    for (const auto& [task, counts] : by_task)
      tasks.add_row({task, static_cast<std::int64_t>(counts.second), static_cast<std::int64_t>(counts.first)});
    r.add(std::move(tasks));
  }
  std::string total = fmt::format("Total: {} answers, {} tokens", sum.asked, sum.tokens);
  if (sum.checked > 0) total += fmt::format(", {} of {} right", sum.right, sum.checked);
  if (sum.costed > 0)
    total += fmt::format("; {} ({} .. {}), {}, {}", format_quantity(sum.energy_j, Energy::dimension, 3),
                         format_quantity(sum.energy_low, Energy::dimension, 2), format_quantity(sum.energy_high, Energy::dimension, 2),
                         format_quantity(sum.carbon_mg * 1e-3, Carbon::dimension, 3), format_quantity(sum.water_ml * 1e-3, Volume::dimension, 3));
  r.note(total);
  if (sum.costed < sum.asked)
    r.warn(fmt::format("{} of {} answers came without a cost: this server does not account for energy", sum.asked - sum.costed, sum.asked));
  return r;
}

}  // namespace wattline::serve
