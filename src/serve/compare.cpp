#include "serve/compare.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/table.h"
#include "kernel/units.h"
#include "lm/evaluation.h"
#include "lm/tasks.h"
#include "policy/selection.h"
#include "serve/http_client.h"
#include "serve/workload.h"
#include "text/find_encoder.h"
#include "text/similarity.h"

namespace wattline::serve {
namespace {

// Of ten questions six are easy, three harder and one hardest: shares of ours, told with the result.
constexpr int level_of_ten[] = {1, 1, 2, 1, 3, 1, 2, 1, 1, 2};

struct Question {
  std::string prompt, expected, task;
  int level = 1;
};

int level_of(std::string_view task) {
  for (const auto& t : lm::tasks())
    if (t.name == task) return t.level;
  return 1;
}

std::vector<Question> built_in_questions(std::int64_t n, Context& context) {
  std::mt19937_64 random = context.random("serve compare");
  std::vector<Question> out;
  while (static_cast<std::int64_t>(out.size()) < n) {
    const int level = level_of_ten[out.size() % 10];
    // What the router's predictions were learned from is of the other half.
    const lm::Problem p = lm::make_held_out(lm::Half::judging, random, level);
    if (level_of(p.task) == level) out.push_back({p.prompt, p.answer, p.task, level});
  }
  return out;
}

std::vector<Question> questions_of(const CompareOptions& o, Context& context) {
  if (!o.file.given()) return built_in_questions(o.questions, context);
  CsvOptions as_text;
  as_text.infer = false;
  const Table t = read_csv(o.file.read(std::size_t{64} << 20), o.file.name(), as_text);
  const auto &prompts = t.column("prompt").texts(), &expected = t.column("expected").texts();
  const Column* task = t.find("task");
  std::vector<Question> out;
  for (std::size_t i = 0; i < prompts.size(); ++i)
    out.push_back({prompts[i], expected[i], task ? task->texts()[i] : "", 1});
  if (out.empty()) throw bad_input("holds no prompts", o.file.name());
  return out;
}

std::vector<std::string> models_at(const CompareOptions& o) {
  const auto reply = http_request("GET", o.url + "/v1/models", "", o.timeout);
  if (reply.status != 200) throw world_error(fmt::format("answers {} to GET /v1/models", reply.status), o.url);
  const Json listed = parse_json(reply.body, o.url + "/v1/models");
  std::vector<std::string> out;
  bool router = false;
  for (const auto& m : listed.at("data").as_array()) {
    out.push_back(m.at("id").as_string());
    router |= out.back() == "auto";
  }
  if (router)
    for (const auto& a : policy::algorithms())
      if (a.name != "cheapest_adequate") out.push_back(fmt::format("auto/{}", a.name));
  return out;
}

struct Answered {
  std::string text;
  double joules = NAN, seconds = 0;
  Method method = Method::measured;  // of the joules
};

Answered ask(const CompareOptions& o, const std::string& model, const std::string& prompt) {
  JsonWriter w;
  w.begin_object().member("model", model).key("messages").begin_array().begin_object();
  w.member("role", "user").member("content", prompt).end_object().end_array();
  w.member("max_tokens", o.max_tokens).member("temperature", 0).end_object();
  const auto begin = std::chrono::steady_clock::now();
  const auto reply = http_request("POST", o.url + "/v1/chat/completions", w.take(), o.timeout);
  Answered out;
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const WorkloadAnswer a = read_answer(reply.body);
  out.text = a.text;
  if (a.energy) {
    out.joules = a.energy->value * parse_unit(a.energy->unit).scale;
    out.method = a.energy->method;
  }
  return out;
}

double mean(const std::vector<double>& v) {
  return v.empty() ? NAN : std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}

double rounded(double v, int digits) {
  const double scale = std::pow(10.0, digits);
  return std::round(v * scale) / scale;
}

}  // namespace

Comparison compare(const Tried& tried, const Tried& baseline, std::mt19937_64& random) {
  Comparison c;
  const std::size_t n = tried.right.size();
  const double right = std::accumulate(tried.right.begin(), tried.right.end(), 0.0);
  c.accuracy = right / static_cast<double>(n);
  const Interval i = lm::wilson(static_cast<std::int64_t>(right), static_cast<std::int64_t>(n));
  c.low = i.low;
  c.high = i.high;
  c.relative = c.accuracy / mean(baseline.right);
  c.joules = mean(tried.joules);
  c.saved = 1 - c.joules / mean(baseline.joules);
  constexpr int resamples = 2000;
  std::vector<double> saved;
  for (int r = 0; r < resamples; ++r) {
    double mine = 0, theirs = 0;
    for (std::size_t k = 0; k < n; ++k) {
      const auto pick = static_cast<std::size_t>(random() % n);
      mine += tried.joules[pick];
      theirs += baseline.joules[pick];
    }
    saved.push_back(1 - mine / theirs);
  }
  std::sort(saved.begin(), saved.end());
  c.saved_low = saved[resamples / 40];
  c.saved_high = saved[resamples - 1 - resamples / 40];
  return c;
}

Tried oracle(const std::vector<Tried>& all) {
  Tried out;
  for (std::size_t k = 0; k < all.at(0).right.size(); ++k) {
    const Tried* best = nullptr;
    for (const auto& t : all) {
      const bool better =
          !best || t.right[k] > best->right[k] || (t.right[k] == best->right[k] && t.joules[k] < best->joules[k]);
      if (better) best = &t;
    }
    out.right.push_back(best->right[k]);
    out.joules.push_back(best->joules[k]);
    out.seconds.push_back(best->seconds[k]);
    if (!best->alike.empty()) out.alike.push_back(best->alike[k]);
  }
  return out;
}

const Fields<CompareOptions>& compare_fields() {
  using O = CompareOptions;
  static const auto fields =
      Fields<O>()
          .text("url", &O::url, "the server's address, without /v1")
          .list("model", &O::models, "a model or router to ask, the largest model last; absent: all")
          .file("file", &O::file, "CSV with columns prompt and expected, and task if known")
          .integer("questions", &O::questions, "of the built-in tasks, where no file is given")
          .range(10, 100000)
          .flag("list", &O::list, "only show the questions; no server is asked")
          .integer("max-tokens", &O::max_tokens, "longest answer")
          .range(1, 100000)
          .quantity("timeout", &O::timeout, "s", "for one answer")
          .range(0.1, 3600);
  return fields;
}

Result run_compare(const CompareOptions& o, Context& context) {
  const auto questions = questions_of(o, context);
  if (o.list) {
    Result listed;
    listed.title = fmt::format("{} questions", questions.size());
    Table t;
    t.text("task").integer("level").text("prompt").text("expected");
    for (const auto& q : questions) t.add_row({q.task, static_cast<std::int64_t>(q.level), q.prompt, q.expected});
    listed.add(std::move(t));
    return listed;
  }
  const auto models = o.models.empty() ? models_at(o) : o.models;
  std::vector<std::size_t> plain;  // models, not routers
  for (std::size_t m = 0; m < models.size(); ++m)
    if (!models[m].starts_with("auto")) plain.push_back(m);
  if (plain.size() < 2)
    throw bad_input("needs two models at least to choose between", o.url, "--model NAME, several times");

  const auto encoder = text::find_encoder();
  std::vector<Tried> tried(models.size());
  Method method = Method::measured;  // the worst of all answers'
  for (std::size_t q = 0; q < questions.size(); ++q) {
    context.check_cancelled();
    context.progress(static_cast<double>(q) / static_cast<double>(questions.size()), questions[q].prompt);
    for (std::size_t m = 0; m < models.size(); ++m) {
      const Answered a = ask(o, models[m], questions[q].prompt);
      if (std::isnan(a.joules)) throw world_error("the server does not say what an answer cost", o.url);
      method = std::max(method, a.method);
      tried[m].right.push_back(answers(a.text, questions[q].expected));
      tried[m].joules.push_back(a.joules);
      tried[m].seconds.push_back(a.seconds);
      if (encoder.encoder->has_tokens())
        tried[m].alike.push_back(text::similarity(*encoder.encoder, a.text, questions[q].expected).f1);
    }
  }
  // The baseline is the model that costs most, as "always the largest".
  std::size_t largest = plain[0];
  for (const std::size_t m : plain)
    if (mean(tried[m].joules) > mean(tried[largest].joules)) largest = m;

  Result r;
  r.title = fmt::format("{} questions to {} models and routers at {}", questions.size(), models.size(), o.url);
  Table t("serve.compare.v1");
  t.text("asked").number("right", "%").number("low", "%", "95 % (Wilson)").number("high", "%", "95 % (Wilson)");
  t.number("of_largest", "%", "its accuracy over that of the largest");
  t.number("energy", "J", "of one answer, the mean, routing and failed attempts included");
  t.number("saved", "%", "of the energy of always asking the largest");
  t.number("saved_low", "%", "95 % (bootstrap over questions)").number("saved_high", "%", "95 %");
  Table more("serve.compare_more.v1");
  more.title = "How alike, how fast";
  more.text("asked").number("alike", "", "BERTScore-style F1 of answers and expected ones; likeness, not truth");
  more.number("latency", "ms", "the mean").number("latency_easy", "ms", "of the easy questions, the mean");
  more.number("easy_saved", "%", "of the largest's time for the easy questions");
  std::mt19937_64 random = context.random("serve compare bootstrap");
  std::vector<Tried> singles;
  for (const std::size_t m : plain) singles.push_back(tried[m]);
  const auto easy_of = [&](const Tried& x) {
    std::vector<double> easy;
    for (std::size_t q = 0; q < questions.size(); ++q)
      if (questions[q].level == 1) easy.push_back(x.seconds[q]);
    return mean(easy);
  };
  const auto row = [&](const std::string& name, const Tried& x) {
    const Comparison c = compare(x, tried[largest], random);
    t.add_row({name, rounded(100 * c.accuracy, 1), rounded(100 * c.low, 1), rounded(100 * c.high, 1),
               rounded(100 * c.relative, 1), c.joules, rounded(100 * c.saved, 1), rounded(100 * c.saved_low, 1),
               rounded(100 * c.saved_high, 1)});
    const double easy = easy_of(x);
    more.add_row({name, rounded(mean(x.alike), 3), rounded(1000 * mean(x.seconds), 2), rounded(1000 * easy, 2),
                  rounded(100 * (1 - easy / easy_of(tried[largest])), 1)});
    return c;
  };
  for (std::size_t m = 0; m < models.size(); ++m) {
    const bool always = std::find(plain.begin(), plain.end(), m) != plain.end();
    const Comparison c = row(always ? "always " + models[m] : models[m], tried[m]);
    if (models[m] == "auto")
      r.note(fmt::format(
          "auto: {:.1f} % less energy than always {} (95 % {:.1f} to {:.1f} %) at {:.1f} % of its accuracy, "
          "without labels; easy questions are answered in {:.0f} % less time.",
          100 * c.saved, models[largest], 100 * c.saved_low, 100 * c.saved_high, 100 * c.relative,
          100 * (1 - easy_of(tried[m]) / easy_of(tried[largest]))));
  }
  row("oracle", oracle(singles));
  t.caption = fmt::format(
      "Energy is {}, as the server says. The oracle knows which answers are right: for each question the cheapest "
      "right "
      "one, else the cheapest.",
      to_string(method));
  r.add(std::move(t));
  more.caption = fmt::format("Likeness by the encoder {}.", encoder.encoder->name());
  r.add(std::move(more));

  if (!o.file.given()) {
    Table levels("serve.compare_levels.v1");
    levels.title = "By level of the questions";
    levels.integer("level").integer("questions").text("asked").number("right", "%").number("energy", "J");
    for (int level = 1; level <= lm::hardest_level; ++level)
      for (std::size_t m = 0; m < models.size(); ++m) {
        if (models[m].find('/') != std::string::npos) continue;
        double n = 0, right = 0, joules = 0;
        for (std::size_t q = 0; q < questions.size(); ++q)
          if (questions[q].level == level) ++n, right += tried[m].right[q], joules += tried[m].joules[q];
        if (n > 0)
          levels.add_row({static_cast<std::int64_t>(level), static_cast<std::int64_t>(n), models[m],
                          rounded(100 * right / n, 1), joules / n});
      }
    levels.caption =
        "Held-out questions of the built-in tasks; six of ten are easy (level 1), three of level 2, one of level 3.";
    r.add(std::move(levels));
  }
  return r;
}

}  // namespace wattline::serve
