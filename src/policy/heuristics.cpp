#include "policy/heuristics.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "kernel/error.h"
#include "text/keyword_matcher.h"
#include "text/language.h"
#include "text/soft_keywords.h"
#include "text/structure.h"

namespace wattline::policy {
namespace {

struct TextScratch : Heuristics::Scratch {
  const text::KeywordMatcher* matcher = nullptr;
  text::KeywordMatcher::Scratch keywords;
  const text::StructureRules* structures = nullptr;
  text::StructureRules::Scratch structure;
  text::SoftKeywords::Scratch soft;
  bool matched = false, measured = false;  // keywords and structures, of this request
  std::optional<text::Language> language;
  TokenEstimate tokens;
};

SignalValue known(bool match, double confidence = 1, double raw = 0) {
  return {SignalValue::State::known, match, match ? static_cast<float>(confidence) : 0, static_cast<float>(raw)};
}

std::string title_of(const Signal& s) { return fmt::format("signal {}(\"{}\")", s.type, s.name); }

bool same_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

}  // namespace

class Heuristics::Rule {
 public:
  virtual ~Rule() = default;
  virtual SignalValue evaluate(const RequestView&, TextScratch&) const = 0;
};

struct Heuristics::Texts {
  std::vector<text::KeywordRule> keywords;
  std::vector<std::string> keyword_wheres;
  std::optional<text::KeywordMatcher> matcher;
  std::vector<text::StructureRule> structures;
  std::vector<std::string> structure_wheres;
  std::optional<text::StructureRules> measure;
};

namespace {

using Rule = Heuristics::Rule;

// One rule of the matcher of all keywords, which runs when the first of them is asked for. A rule that matches is sure
// (confidence 1), as in the reference's decisions: the share of its keywords that it found (text/keyword_matcher.h) would
// make a long list of synonyms weaker with each.
class KeywordRuleRef : public Heuristics::Rule {
 public:
  explicit KeywordRuleRef(std::size_t index) : index_(index) {}
  SignalValue evaluate(const RequestView& request, TextScratch& s) const override {
    if (!s.matched) {
      s.matcher->match(request.query(), s.keywords);
      s.matched = true;
    }
    const text::KeywordHit& hit = s.keywords.hits[index_];
    return known(hit.matched, 1, hit.found);
  }

 private:
  std::size_t index_;
};

class ContextRule : public Heuristics::Rule {
 public:
  ContextRule(double low, double high) : low_(low), high_(high) {}
  SignalValue evaluate(const RequestView&, TextScratch& s) const override {
    const auto tokens = static_cast<double>(s.tokens.total());
    return known(tokens >= low_ && tokens <= high_, 1, tokens);
  }

 private:
  double low_, high_;
};

// Keywords that match nearly.
class SoftKeywordRule : public Heuristics::Rule {
 public:
  explicit SoftKeywordRule(text::SoftKeywords keywords) : keywords_(std::move(keywords)) {}
  SignalValue evaluate(const RequestView& request, TextScratch& s) const override {
    const text::KeywordHit hit = keywords_.match(request.query(), s.soft);
    return known(hit.matched, 1, hit.found);
  }

 private:
  text::SoftKeywords keywords_;
};

// One of all structure rules, which are measured when the first of them is asked for.
class StructureRuleRef : public Heuristics::Rule {
 public:
  explicit StructureRuleRef(std::size_t index) : index_(index) {}
  SignalValue evaluate(const RequestView& request, TextScratch& s) const override {
    if (!s.measured) {
      s.structures->evaluate(request.query(), s.structure);
      s.measured = true;
    }
    const text::StructureValue& v = s.structure.values[index_];
    return known(v.matched, v.confidence, v.value);
  }

 private:
  std::size_t index_;
};

// The language is found once for all rules.
class LanguageRule : public Heuristics::Rule {
 public:
  // A threshold of 0 is the reference's own, 0.3.
  LanguageRule(std::string code, double threshold)
      : code_(std::move(code)), threshold_(threshold > 0 ? threshold : 0.3) {}
  SignalValue evaluate(const RequestView& request, TextScratch& s) const override {
    if (!s.language) s.language = text::language_of(request.query());
    const bool match = s.language->code == code_ && s.language->confidence >= threshold_;
    return known(match, s.language->confidence, s.language->code == code_ ? s.language->confidence : 0);
  }

 private:
  std::string code_;
  double threshold_;
};

// Counts over roles, tools and images (wrp-router, section 4.1).
class ConversationRule : public Heuristics::Rule {
 public:
  enum class Source { message, tool_definition, tool_call, active_tool_loop, image };
  ConversationRule(Source source, std::optional<Role> role, bool non_user, bool exists, Predicate predicate)
      : source_(source), role_(role), non_user_(non_user), exists_(exists), predicate_(predicate) {}

  SignalValue evaluate(const RequestView& request, TextScratch&) const override {
    double n = 0;
    switch (source_) {
      case Source::message:
        for (const auto& m : request.messages) n += non_user_ ? m.role != Role::user : !role_ || m.role == *role_;
        break;
      case Source::tool_definition: n = static_cast<double>(request.tools.size()); break;
      case Source::tool_call:
        for (const auto& m : request.messages) n += m.tool_calls;
        break;
      case Source::active_tool_loop: n = !request.messages.empty() && request.messages.back().role == Role::tool; break;
      case Source::image:
        for (const auto& m : request.messages) n += m.images;
        break;
    }
    if (exists_) n = n > 0;
    return known(predicate_.holds(n), 1, n);
  }

 private:
  Source source_;
  std::optional<Role> role_;
  bool non_user_, exists_;
  Predicate predicate_;
};

// A field that the client set: untrusted, so never a right.
class MetadataRule : public Heuristics::Rule {
 public:
  MetadataRule(std::string field, std::vector<std::string> values)
      : field_(std::move(field)), values_(std::move(values)) {}
  SignalValue evaluate(const RequestView& request, TextScratch&) const override {
    for (const auto& p : request.metadata)
      if (p.name == field_)
        return known(values_.empty() || std::any_of(values_.begin(), values_.end(),
                                                    [&](const auto& v) { return same_without_case(v, p.value); }));
    return known(false);
  }

 private:
  std::string field_;
  std::vector<std::string> values_;
};

// Who asks, by the key alone. Without a key nobody has a role.
class RoleRule : public Heuristics::Rule {
 public:
  RoleRule(std::string role, std::vector<std::string> users, std::vector<std::string> groups)
      : role_(std::move(role)), users_(std::move(users)), groups_(std::move(groups)) {}
  SignalValue evaluate(const RequestView& request, TextScratch&) const override {
    const auto in = [](const auto& list, std::string_view name) {
      return std::find(list.begin(), list.end(), name) != list.end();
    };
    bool match = in(request.roles, role_) || (!request.user.empty() && in(users_, request.user)) ||
                 (!request.tenant.empty() && in(users_, request.tenant));
    for (const auto& g : request.groups) match |= in(groups_, g);
    return known(match);
  }

 private:
  std::string role_;
  std::vector<std::string> users_, groups_;
};

// Carbon and price of the grid now, the energy budget that is left, the battery.
class WorldRule : public Heuristics::Rule {
 public:
  WorldRule(double World::*value, Predicate predicate, std::optional<bool> on_battery)
      : value_(value), predicate_(predicate), on_battery_(on_battery) {}
  SignalValue evaluate(const RequestView& request, TextScratch&) const override {
    const double v = request.world.*value_;
    bool match = !on_battery_ || request.world.on_battery == *on_battery_;
    if (predicate_.given()) {
      if (std::isnan(v)) return {SignalValue::State::failed, false, 0, 0};
      match &= predicate_.holds(v);
    }
    return known(match, 1, std::isnan(v) ? 0 : v);
  }

 private:
  double World::*value_;
  Predicate predicate_;
  std::optional<bool> on_battery_;
};

std::unique_ptr<Rule> never() { return std::make_unique<ContextRule>(1, 0); }

std::unique_ptr<Rule> context_rule(Settings& s) {
  const double low = s.tokens("min_tokens").value_or(0), high = s.tokens("max_tokens").value_or(1e18);
  if (low > high)
    s.fault("empty-range", fmt::format("min_tokens {} is above max_tokens {}", low, high), "exchange the two");
  return std::make_unique<ContextRule>(low, high);
}

text::StructureRule structure_rule(Settings& s, const Signal& signal) {
  text::StructureRule r;
  r.name = signal.name;
  if (auto feature = s.block("feature")) {
    r.feature =
        static_cast<text::StructureRule::Feature>(feature->choice("type", {"count", "exists", "density", "sequence"}));
    if (auto from = feature->block("source")) {
      r.source =
          static_cast<text::StructureRule::Source>(from->choice("type", {"regex", "keyword_set", "text", "sequence"}));
      r.pattern = from->text("pattern");
      r.keywords = from->texts("keywords");
      r.case_sensitive = from->flag("case_sensitive", false);
      if (const Json* all = from->raw("sequences"); all && all->is_array())
        for (const auto& markers : all->as_array()) {
          auto& out = r.sequences.emplace_back();
          if (markers.is_array())
            for (const auto& m : markers.as_array())
              if (m.is_string()) out.push_back(m.as_string());
        }
      from->finish();
    }
    feature->finish();
  } else {
    s.fault("missing-field", "it needs a 'feature'",
            "feature: { type: \"count\", source: { type: \"regex\", pattern: \"[?]\" } }");
  }
  const Predicate p = s.predicate("predicate");
  r.gt = p.gt, r.gte = p.gte, r.lt = p.lt, r.lte = p.lte;
  return r;
}

// How keywords are compared; nothing: as they are written.
std::optional<text::SoftMethod> soft_method(Settings& s) {
  const int method = s.choice("method", {"regex", "bm25", "ngram", "fuzzy"});
  const bool fuzzy = s.flag("fuzzy_match", false);
  // Of a regex rule a number of edits, of the method `fuzzy` a percentage; never one for the other.
  const double edits = s.number("fuzzy_threshold", method == 3 ? 82 : 2, 0, method == 3 ? 100 : 8);
  const double score = s.number("bm25_threshold", 0.1, 0, 1e6), index = s.number("ngram_threshold", 0.4, 0, 1);
  s.number("ngram_arity", 3, 3, 3);
  if (method == 1) return text::Bm25Threshold{score, {}};
  if (method == 2) return text::JaccardThreshold{index};
  if (method == 3) return text::SimilarityPercent{edits};
  if (fuzzy) return text::EditLimit{static_cast<std::uint32_t>(edits)};
  return {};
}

std::unique_ptr<Rule> soft_rule(const text::KeywordRule& rule, const text::SoftMethod& method, Settings& s) {
  try {
    return std::make_unique<SoftKeywordRule>(text::SoftKeywords(rule, method));
  } catch (const Error& e) {
    s.fault("bad-keyword", e.message(), e.hint());
    return never();
  }
}

std::unique_ptr<Rule> conversation_rule(Settings& s) {
  using Source = ConversationRule::Source;
  auto source = Source::message;
  std::optional<Role> role;
  bool non_user = false, exists = false;
  if (auto feature = s.block("feature")) {
    exists = feature->choice("type", {"count", "exists"}) == 1;
    if (auto from = feature->block("source")) {
      source = static_cast<Source>(
          from->choice("type", {"message", "tool_definition", "tool_call", "active_tool_loop", "image"}));
      static const std::vector<std::string_view> roles = {"any",       "user", "assistant", "system",
                                                          "developer", "tool", "non_user"};
      static constexpr Role values[] = {Role::user, Role::assistant, Role::system, Role::developer, Role::tool};
      const int r = from->choice("role", roles);
      non_user = r == 6;
      if (r >= 1 && r <= 5) role = values[r - 1];
      from->finish();
    }
    feature->finish();
  } else {
    s.fault("missing-field", "it needs a 'feature'", "feature: { type: \"count\", source: { type: \"message\" } }");
  }
  return std::make_unique<ConversationRule>(source, role, non_user, exists, s.predicate("predicate"));
}

std::unique_ptr<Rule> metadata_rule(Settings& s, const Signal& signal) {
  std::string field = s.text("field");
  auto values = s.texts("values");
  if (s.has("value")) values.push_back(s.text("value"));
  if (signal.type == "event") {
    // An event's own fields are metadata by other names; the first that is given counts.
    for (const char* name : {"event_type", "severity", "action_code", "temporal"})
      if (s.has(name) && field.empty()) {
        field = name;
        values = s.texts(name);
      }
  }
  if (field.empty()) s.fault("missing-field", "it names no metadata field", "field: \"...\"");
  return std::make_unique<MetadataRule>(field, values);
}

std::unique_ptr<Rule> role_rule(Settings& s, const Signal& signal) {
  std::string role = s.text("role", signal.name);
  std::vector<std::string> users, groups;
  for (auto& subject : s.blocks("subjects")) {
    const int kind = subject.choice("kind", {"User", "Group"});
    (kind == 0 ? users : groups).push_back(subject.text("name"));
    subject.finish();
  }
  return std::make_unique<RoleRule>(role, users, groups);
}

std::unique_ptr<Rule> world_rule(Settings& s, const Signal& signal) {
  static const std::pair<std::string_view, double World::*> values[] = {{"carbon", &World::carbon_intensity},
                                                                        {"price", &World::electricity_price},
                                                                        {"budget", &World::budget_left},
                                                                        {"battery", &World::battery}};
  double World::*value = &World::carbon_intensity;
  for (const auto& [name, member] : values)
    if (signal.type == name) value = member;
  std::optional<bool> on_battery;
  if (signal.type == "battery" && s.has("on_battery")) on_battery = s.flag("on_battery", true);
  const Predicate predicate = s.predicate("predicate");
  if (!predicate.given() && !on_battery)
    s.fault("missing-field", "it needs a predicate",
            "predicate: { lt: ... }, in the unit that docs/formats/policy.md gives");
  return std::make_unique<WorldRule>(value, predicate, on_battery);
}

}  // namespace

Heuristics::Heuristics() : texts_(std::make_unique<Texts>()) {}
Heuristics::~Heuristics() = default;
Heuristics::Heuristics(Heuristics&&) noexcept = default;
Heuristics& Heuristics::operator=(Heuristics&&) noexcept = default;

std::uint32_t Heuristics::add(const Signal& signal, std::vector<Finding>& findings) {
  Settings s(signal.fields, title_of(signal), signal.where, findings);
  s.text("description");
  std::unique_ptr<Rule> rule;
  if (signal.type == "keyword") {
    text::KeywordRule k;
    k.name = signal.name;
    k.op = static_cast<text::KeywordOperator>(s.choice("operator", {"OR", "AND", "NOR"}));
    k.keywords = s.texts("keywords");
    k.case_sensitive = s.flag("case_sensitive", false);
    const auto soft = soft_method(s);
    if (soft && !k.keywords.empty()) {
      rule = soft_rule(k, *soft, s);
    } else {
      rule = std::make_unique<KeywordRuleRef>(texts_->keywords.size());
      texts_->keywords.push_back(std::move(k));
      texts_->keyword_wheres.push_back(signal.where);
    }
  } else if (signal.type == "context") {
    rule = context_rule(s);
  } else if (signal.type == "structure") {
    rule = std::make_unique<StructureRuleRef>(texts_->structures.size());
    texts_->structures.push_back(structure_rule(s, signal));
    texts_->structure_wheres.push_back(signal.where);
  } else if (signal.type == "conversation") {
    rule = conversation_rule(s);
  } else if (signal.type == "metadata" || signal.type == "event") {
    rule = metadata_rule(s, signal);
  } else if (signal.type == "authz") {
    rule = role_rule(s, signal);
  } else if (signal.type == "language") {
    rule = std::make_unique<LanguageRule>(signal.name, s.number("threshold", 0, 0, 1));
  } else {
    rule = world_rule(s, signal);
  }
  s.finish();
  rules_.push_back(std::move(rule));
  return static_cast<std::uint32_t>(rules_.size() - 1);
}

namespace {

// Each rule alone first, so that a fault names the place of its own rule; then all as one.
template <class All, class Rule>
std::optional<All> build_all(const std::vector<Rule>& rules, const std::vector<std::string>& wheres,
                             std::string_view type, std::vector<Finding>& findings) {
  bool right = true;
  for (std::size_t i = 0; i < rules.size(); ++i) try {
      All(std::span(&rules[i], 1));
    } catch (const Error& e) {
      right = false;
      findings.push_back({Finding::Level::error,
                          fmt::format("bad-{}", type),
                          wheres[i],
                          fmt::format("signal {}(\"{}\"): {}", type, rules[i].name, e.message()),
                          e.hint(),
                          {}});
    }
  return right && !rules.empty() ? std::optional<All>(std::in_place, rules) : std::nullopt;
}

}  // namespace

void Heuristics::build(std::vector<Finding>& findings) {
  texts_->matcher = build_all<text::KeywordMatcher>(texts_->keywords, texts_->keyword_wheres, "keyword", findings);
  texts_->measure =
      build_all<text::StructureRules>(texts_->structures, texts_->structure_wheres, "structure", findings);
}

std::unique_ptr<Heuristics::Scratch> Heuristics::scratch() const {
  auto s = std::make_unique<TextScratch>();
  s->matcher = texts_->matcher ? &*texts_->matcher : nullptr;
  s->structures = texts_->measure ? &*texts_->measure : nullptr;
  return s;
}

void Heuristics::begin(const RequestView&, const TokenEstimate& tokens, Scratch& scratch) const {
  auto& s = static_cast<TextScratch&>(scratch);
  s.matched = s.measured = false;
  s.language.reset();
  s.tokens = tokens;
}

SignalValue Heuristics::evaluate(std::uint32_t rule, const RequestView& request, Scratch& scratch) const {
  return rules_[rule]->evaluate(request, static_cast<TextScratch&>(scratch));
}

}  // namespace wattline::policy
