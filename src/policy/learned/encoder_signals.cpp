#include "policy/learned/encoder_signals.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include "kernel/error.h"
#include "policy/learned/classes.h"
#include "policy/learned/personal_data.h"
#include "policy/plugins/prompt_compression.h"
#include "policy/settings.h"
#include "text/domain.h"

namespace wattline::policy {
namespace {

using Vectors = std::vector<std::vector<float>>;

SignalValue known(bool match, double confidence, double raw) {
  return {SignalValue::State::known, match, match ? static_cast<float>(std::clamp(confidence, 0.0, 1.0)) : 0,
          static_cast<float>(raw)};
}
constexpr SignalValue failed{SignalValue::State::failed, false, 0, 0};

double best(const std::vector<float>& query, const Vectors& all) {
  double most = -1;
  for (const auto& v : all) most = std::max(most, static_cast<double>(text::dot(query, v)));
  return most;
}

// The texts of one request, encoded when first needed.
class Encoded {
 public:
  Encoded(const text::Encoder& encoder, const RequestView& asked, const std::optional<CompressionOptions>& compression)
      : request(asked), encoder_(encoder), compression_(compression) {}

  const RequestView& request;

  // What classifiers see of the query: all of it, or its most telling sentences.
  std::string_view classified() {
    if (!compression_) return request.query();
    if (!text_) text_ = compress_prompt(request.query(), *compression_).text;
    return *text_;
  }
  const std::vector<float>& query() {
    if (query_.empty()) query_ = encoder_.encoded(classified());
    return query_;
  }
  // Of the query as it was asked, for what must not be hidden among other sentences.
  const std::vector<float>& whole_query() {
    if (!compression_) return query();
    if (whole_.empty()) whole_ = encoder_.encoded(request.query());
    return whole_;
  }
  // The user's earlier turns, the latest first, up to `n`. `whole`: as they were said.
  const Vectors& earlier(std::size_t n, bool whole = false) {
    Vectors& turns = whole ? earlier_whole_ : earlier_;
    bool last = true;
    std::size_t seen = 0;
    for (auto m = request.messages.rbegin(); m != request.messages.rend() && seen < n; ++m) {
      if (m->role != Role::user) continue;
      if (std::exchange(last, false)) continue;
      if (seen == turns.size())
        turns.push_back(encoder_.encoded(
            compression_ && !whole ? std::string_view(compress_prompt(m->text, *compression_).text) : m->text));
      ++seen;
    }
    return turns;
  }

 private:
  const text::Encoder& encoder_;
  const std::optional<CompressionOptions>& compression_;
  std::optional<std::string> text_;
  std::vector<float> query_, whole_;
  Vectors earlier_, earlier_whole_;
};

using Rule = std::function<SignalValue(Encoded&)>;

class EncoderSignals final : public LearnedSignals {
 public:
  EncoderSignals(const Engine& engine, LearnedParts parts, std::vector<Finding>& findings)
      : parts_(std::move(parts)),
        domains_(text::domain_classifier(parts_.encoder)),
        compression_(prompt_compression_of(engine.policy(), findings)),
        rules_(engine.signals().size()) {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const auto& info = engine.signals()[i];
      if (!info.learned) continue;
      static const Signal none;
      const Signal& signal = info.rule >= 0 ? engine.policy().signals[static_cast<std::size_t>(info.rule)] : none;
      Settings s(signal.fields, fmt::format("signal {}(\"{}\")", info.type, info.name), signal.where, findings);
      rules_[i] = rule(info, s);
      if (!rules_[i])
        s.warn("unserved-signal", "nothing here can evaluate it, so it never matches",
               "give the candidates, the knowledge base or the classifier that it needs");
    }
  }

  void evaluate(const RequestView& request, std::span<const SignalIndex> wanted,
                std::chrono::steady_clock::time_point deadline, std::span<SignalValue> values) const override {
    Encoded texts(*parts_.encoder, request, compression_);
    for (const SignalIndex i : wanted) {
      if (std::chrono::steady_clock::now() >= deadline) values[i] = {SignalValue::State::late, false, 0, 0};
      else values[i] = rules_[i] ? told(i, texts) : failed;
    }
  }

  std::string description() const override {
    return fmt::format(
        "{} ({} values; {}){}; classes by the nearest of a few sentences, personal data by form: heuristic",
        parts_.encoder->name(), parts_.encoder->width(), parts_.encoder->limits(),
        compression_ ? fmt::format(", prompts shortened to {} tokens", compression_->target_tokens) : std::string());
  }

 private:
  // An encoder that another server has may fail: then the signal has failed, and a decision is made without it.
  SignalValue told(SignalIndex i, Encoded& texts) const {
    try {
      return rules_[i](texts);
    } catch (const Error&) {
      return failed;
    }
  }

  Vectors encode(const std::vector<std::string>& texts) const {
    Vectors out;
    for (const auto& t : texts) out.push_back(parts_.encoder->encoded(t));
    return out;
  }

  Rule rule(const Engine::SignalInfo& info, Settings& s) {
    if (info.type == "embedding" || info.type == "preference") return similarity(s);
    if (info.type == "complexity") return margin(info.name, s);
    if (info.type == "domain") return domain(info.name, s);
    if (info.type == "reask") return reasked(s);
    if (info.type == "jailbreak") return contrast(s);
    if (info.type == "pii") return personal(s);
    if (info.type == "user_feedback" || info.type == "fact_check" || info.type == "modality")
      return nearest_class(info);
    if (info.type == "kb") return knowledge(s);
    if (info.type == "kb_metric") return metric(info.name);
    return {};
  }

  Rule similarity(Settings& s) {
    auto phrases = s.texts("candidates");
    for (const auto& p : s.texts("examples")) phrases.push_back(p);
    if (phrases.empty()) return {};
    const double threshold = s.number("threshold", 0.7, -1, 1);
    return [vectors = encode(phrases), threshold](Encoded& t) {
      const double sim = best(t.query(), vectors);
      return known(sim >= threshold, sim, sim);
    };
  }

  Rule margin(const std::string& name, Settings& s) {
    const auto read = [&](std::string_view key) {
      auto b = s.block(key);
      return b ? encode(b->texts("candidates")) : Vectors{};
    };
    const Vectors hard = read("hard"), easy = read("easy");
    if (hard.empty() || easy.empty()) return {};
    const double theta = s.number("threshold", 0.1, 0, 2);
    const std::string level = name.substr(name.rfind(':') + 1);
    return [hard, easy, theta, level](Encoded& t) {
      const double m = best(t.query(), hard) - best(t.query(), easy);
      const std::string_view is = m > theta ? "hard" : m < -theta ? "easy" : "medium";
      return known(is == level, std::abs(m), m);
    };
  }

  Rule domain(const std::string& name, Settings& s) {
    auto categories = s.texts("mmlu_categories");
    if (categories.empty()) categories = {name};
    const auto& labels = domains_.head->labels();
    std::vector<std::size_t> mine;
    for (const auto& c : categories)
      if (const auto at = std::find(labels.begin(), labels.end(), c); at != labels.end())
        mine.push_back(static_cast<std::size_t>(at - labels.begin()));
    if (mine.empty()) return {};
    return [this, mine](Encoded& t) {
      thread_local text::Features features;
      std::vector<float> p(domains_.head->labels().size());
      domains_.classify(t.classified(), features, p);
      const auto top = static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
      double sum = 0;
      for (const std::size_t k : mine) sum += static_cast<double>(p[k]);
      return known(std::find(mine.begin(), mine.end(), top) != mine.end(), sum, sum);
    };
  }

  Rule reasked(Settings& s) {
    const double threshold = s.number("threshold", 0.8, -1, 1);
    const auto turns = static_cast<std::size_t>(s.number("lookback_turns", 1, 1, 100));
    return [threshold, turns](Encoded& t) {
      const Vectors& earlier = t.earlier(turns);
      if (earlier.size() < turns) return known(false, 0, 0);
      double least = 1;
      for (std::size_t i = 0; i < turns; ++i)
        least = std::min(least, static_cast<double>(text::dot(t.query(), earlier[i])));
      return known(least >= threshold, least, least);
    };
  }

  Rule contrast(Settings& s) {
    const Vectors bad = encode(s.texts("jailbreak_patterns")), good = encode(s.texts("benign_patterns"));
    if (bad.empty() || good.empty()) return {};
    const double threshold = s.number("threshold", 0.10, -2, 2);
    const std::size_t turns = s.flag("include_history", false) ? 64 : 0;
    return [bad, good, threshold, turns](Encoded& t) {
      double most = best(t.whole_query(), bad) - best(t.whole_query(), good);
      if (turns > 0)
        for (const auto& v : t.earlier(turns, true)) most = std::max(most, best(v, bad) - best(v, good));
      return known(most >= threshold, most, most);
    };
  }

  static Rule personal(Settings& s) {
    const double threshold = s.number("threshold", 0.5, 0, 1);
    const auto allowed = s.texts("pii_types_allowed");
    return [threshold, allowed](Encoded& t) {
      double most = 0;
      for (const auto& p : find_personal(t.request.query()))
        if (std::find(allowed.begin(), allowed.end(), to_string(p.kind)) == allowed.end())
          most = std::max(most, p.confidence);
      return known(most >= threshold && most > 0, most, most);
    };
  }

  Rule nearest_class(const Engine::SignalInfo& info) {
    Vectors mine, others;
    for (const auto& c : built_in_classes())
      if (c.type == info.type) (c.name == info.name ? mine : others).push_back(parts_.encoder->encoded(c.text));
    if (mine.empty()) return {};
    return [mine, others](Encoded& t) {
      const double here = best(t.query(), mine), there = best(t.query(), others);
      // Far from all sentences it belongs to none.
      constexpr double near = 0.45;
      return known(here > there && here >= near, here, here - there);
    };
  }

  const KnowledgeBase* find_base(const std::string& name) const {
    for (const auto& k : parts_.knowledge)
      if (k.name == name) return &k;
    return nullptr;
  }

  Rule knowledge(Settings& s) {
    const KnowledgeBase* base = find_base(s.text("kb"));
    auto target = s.block("target");
    if (!base || !target) return {};
    const bool group = target->choice("kind", {"label", "group"}) == 1;
    const std::string value = target->text("value");
    const bool best_only = s.choice("match", {"best", "threshold"}) == 0;
    const double threshold = s.number("threshold", 0, -1, 1);
    Vectors mine, others;
    for (const auto& label : base->labels)
      for (const auto& e : label.exemplars)
        ((group ? label.group : label.name) == value ? mine : others).push_back(parts_.encoder->encoded(e));
    if (mine.empty()) return {};
    return [mine, others, best_only, threshold](Encoded& t) {
      const double here = best(t.query(), mine);
      return known(here >= threshold && (!best_only || here > best(t.query(), others)), here, here);
    };
  }

  Rule metric(const std::string& name) {
    const auto dot = name.find('.');
    const KnowledgeBase* base = find_base(name.substr(0, dot));
    if (!base) return {};
    for (const auto& m : base->metrics) {
      if (m.name != name.substr(dot + 1)) continue;
      Vectors up, down;
      for (const auto& label : base->labels)
        for (const auto& e : label.exemplars) {
          if (label.group == m.positive) up.push_back(parts_.encoder->encoded(e));
          if (label.group == m.negative) down.push_back(parts_.encoder->encoded(e));
        }
      return [up, down](Encoded& t) {
        const double difference = best(t.query(), up) - best(t.query(), down);
        return known(true, std::abs(difference), difference);
      };
    }
    return {};
  }

  LearnedParts parts_;
  text::DomainClassifier domains_;
  std::optional<CompressionOptions> compression_;
  std::vector<Rule> rules_;
};

}  // namespace

std::shared_ptr<const LearnedSignals> make_encoder_signals(const Engine& engine, LearnedParts parts,
                                                           std::vector<Finding>& findings) {
  return std::make_shared<EncoderSignals>(engine, std::move(parts), findings);
}

}  // namespace wattline::policy
