#include "policy/engine.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernel/error.h"
#include "policy/program.h"

namespace wattline::policy {
namespace {

// What a condition or a signal is as far as known: exact when nothing unknown could still change the confidence.
struct Truth {
  enum class Is : std::uint8_t { no, yes, unknown };
  Is is = Is::no;
  bool exact = true;
  float confidence = 0;
};

struct RunScratch : Engine::Scratch {
  std::vector<SignalValue> raw, value;  // as evaluated; behind gates and partitions
  std::vector<double> scores;
  std::vector<std::uint8_t> score_state, partition_state;  // 0: not computed
  std::vector<std::uint8_t> wanted;  // by signal
  std::vector<SignalIndex> needed;
  std::vector<Truth> decisions;
  std::unique_ptr<Heuristics::Scratch> text;
  TokenEstimate tokens;
};

enum : std::uint8_t { not_yet, open, done };  // of scores and partitions

// One decision under way: the program, the request and what is known so far.
class Run {
 public:
  Run(const Program& program, const RequestView& request, RunScratch& scratch)
      : p_(program), request_(request), s_(scratch) {}

  void restart() {
    std::fill(s_.raw.begin(), s_.raw.end(), SignalValue{});
    forget_derived();
    s_.needed.clear();
    std::fill(s_.wanted.begin(), s_.wanted.end(), std::uint8_t{0});
    s_.tokens = estimate_tokens(request_);
    p_.heuristics.begin(request_, s_.tokens, *s_.text);
  }

  // What follows from other signals is computed anew when more of them are known.
  void forget_derived() {
    std::fill(s_.value.begin(), s_.value.end(), SignalValue{});
    std::fill(s_.score_state.begin(), s_.score_state.end(), not_yet);
    std::fill(s_.partition_state.begin(), s_.partition_state.end(), not_yet);
  }

  void decide_all() {
    for (std::size_t d = 0; d < p_.decisions.size(); ++d) s_.decisions[d] = truth(p_.decisions[d]);
  }

  // The learned signals that can still change which decision wins.
  void collect_needed() {
    for (std::size_t d = 0; d < p_.decisions.size(); ++d) {
      const Truth& t = s_.decisions[d];
      if (t.is == Truth::Is::no || beaten(d)) continue;
      if (t.is == Truth::Is::unknown || (!t.exact && contested(d))) collect(p_.decisions[d]);
    }
  }

  Outcome best() const {
    Outcome out;
    out.prompt_tokens = s_.tokens.prompt;
    bool tiers = false;
    for (std::size_t d = 0; d < p_.decisions.size(); ++d)
      tiers |= s_.decisions[d].is == Truth::Is::yes && p_.policy.decisions[d].tier > 0;
    for (std::size_t d = 0; d < p_.decisions.size(); ++d) {
      if (s_.decisions[d].is != Truth::Is::yes) continue;
      if (out.decision >= 0 && !before(d, static_cast<std::size_t>(out.decision), tiers)) continue;
      out.decision = static_cast<int>(d);
      out.confidence = s_.decisions[d].confidence;
    }
    return out;
  }

 private:
  // Whether matching decision a is preferred to matching decision b.
  bool before(std::size_t a, std::size_t b, bool tiers) const {
    const Decision &l = p_.policy.decisions[a], &r = p_.policy.decisions[b];
    const float lc = s_.decisions[a].confidence, rc = s_.decisions[b].confidence;
    if (tiers && l.tier != r.tier) return l.tier < r.tier;
    if (tiers || p_.policy.strategy == Policy::Strategy::confidence) {
      if (lc != rc) return lc > rc;
      if (l.priority != r.priority) return l.priority > r.priority;
    } else {
      if (l.priority != r.priority) return l.priority > r.priority;
      if (lc != rc) return lc > rc;
    }
    return l.name < r.name;
  }

  // Whether some decision that matches for certain wins over this one, whatever is still unknown.
  bool beaten(std::size_t d) const {
    const Decision& mine = p_.policy.decisions[d];
    for (std::size_t other = 0; other < p_.decisions.size(); ++other) {
      if (other == d || s_.decisions[other].is != Truth::Is::yes) continue;
      const Decision& theirs = p_.policy.decisions[other];
      if (p_.all_tiered) {
        if (theirs.tier < mine.tier) return true;
      } else if (!p_.tiered && p_.policy.strategy == Policy::Strategy::priority) {
        if (theirs.priority > mine.priority) return true;
      }
    }
    return false;
  }

  // Whether another decision that may match is set apart from this one by confidence alone.
  bool contested(std::size_t d) const {
    const Decision& mine = p_.policy.decisions[d];
    for (std::size_t other = 0; other < p_.decisions.size(); ++other) {
      if (other == d || s_.decisions[other].is == Truth::Is::no) continue;
      const Decision& theirs = p_.policy.decisions[other];
      if (p_.tiered ? theirs.tier == mine.tier || !p_.all_tiered
                    : p_.policy.strategy == Policy::Strategy::confidence || theirs.priority == mine.priority)
        return true;
    }
    return false;
  }

  Truth truth(Tree at) {
    const Node& node = p_.nodes[at];
    switch (node.kind) {
      case Condition::Kind::leaf: {
        const SignalValue& v = resolve(node.signal);
        if (v.state == SignalValue::State::unknown) return {Truth::Is::unknown, false, 0};
        if (v.state != SignalValue::State::known)
          return {node.on_error ? Truth::Is::yes : Truth::Is::no, true, node.on_error ? 1.f : 0.f};
        return {v.match ? Truth::Is::yes : Truth::Is::no, true, v.match ? v.confidence : 0};
      }
      case Condition::Kind::none: {
        const Truth part = truth(at + 1);
        if (part.is == Truth::Is::unknown) return part;
        const bool yes = part.is == Truth::Is::no;
        return {yes ? Truth::Is::yes : Truth::Is::no, true, yes ? 1.f : 0.f};
      }
      case Condition::Kind::all: {
        Truth all{Truth::Is::yes, true, 0};
        float parts = 0;
        for (Tree part = at + 1; part < node.end; part = p_.nodes[part].end) {
          const Truth t = truth(part);
          if (t.is == Truth::Is::no) return t;
          if (t.is == Truth::Is::unknown) all.is = Truth::Is::unknown;
          all.exact &= t.exact;
          all.confidence += t.confidence;
          ++parts;
        }
        if (parts > 0) all.confidence /= parts;
        return all;
      }
      case Condition::Kind::any: {
        Truth any{Truth::Is::no, true, 0};
        for (Tree part = at + 1; part < node.end; part = p_.nodes[part].end) {
          const Truth t = truth(part);
          if (t.is == Truth::Is::no) continue;
          any.exact &= t.exact;
          if (t.is == Truth::Is::yes) {
            any.is = Truth::Is::yes;
            any.confidence = std::max(any.confidence, t.confidence);
          } else if (any.is == Truth::Is::no) {
            any.is = Truth::Is::unknown;
          }
        }
        return any;
      }
    }
    return {};
  }

  const SignalValue& base(SignalIndex i) {
    SignalValue& v = s_.raw[i];
    const CompiledSignal& signal = p_.signals[i];
    if (v.state == SignalValue::State::unknown && signal.source == CompiledSignal::Source::heuristic)
      v = p_.heuristics.evaluate(signal.index, request_, *s_.text);
    return v;
  }

  // A signal as conditions see it: behind its gate and its partition, or put out by a mapping.
  const SignalValue& resolve(SignalIndex i) {
    SignalValue& v = s_.value[i];
    if (v.state != SignalValue::State::unknown) return v;
    const CompiledSignal& signal = p_.signals[i];
    if (signal.source == CompiledSignal::Source::mapping) map(p_.mappings[signal.index]);
    else if (signal.partition >= 0) part(static_cast<std::size_t>(signal.partition));
    else v = gated(i);
    return v;
  }

  SignalValue gated(SignalIndex i) {
    if (const auto gate = p_.signals[i].gate; gate >= 0) {
      const Truth t = truth(static_cast<Tree>(gate));
      if (t.is == Truth::Is::unknown) return {};
      if (t.is == Truth::Is::no) return {SignalValue::State::known, false, 0, 0};
    }
    return base(i);
  }

  void part(std::size_t index) {
    if (s_.partition_state[index] != not_yet) return;
    s_.partition_state[index] = open;
    const CompiledPartition& partition = p_.partitions[index];
    for (const SignalIndex m : partition.members)
      if (gated(m).state == SignalValue::State::unknown) return;
    for (const SignalIndex m : partition.members) s_.value[m] = gated(m);
    SignalIndex winner = partition.fallback;
    float most = -1;
    for (const SignalIndex m : partition.members) {
      const SignalValue& v = s_.value[m];
      if (v.match && v.confidence > most) {
        most = v.confidence;
        winner = m;
      }
    }
    double sum = 0;
    for (const SignalIndex m : partition.members) {
      SignalValue& v = s_.value[m];
      if (v.match) sum += std::exp((static_cast<double>(v.confidence) - most) / partition.temperature);
      if (m != winner) v.match = false, v.confidence = 0;
    }
    SignalValue& won = s_.value[winner];
    if (most < 0) won = {SignalValue::State::known, true, 0, won.raw};  // no contender: the default, without evidence
    else if (partition.softmax) won.confidence = static_cast<float>(1 / sum);
    s_.partition_state[index] = done;
  }

  // The sum, or nothing while an input is unknown.
  const double* score(std::uint32_t index) {
    if (s_.score_state[index] == done) return &s_.scores[index];
    if (s_.score_state[index] == open) return nullptr;
    s_.score_state[index] = open;
    double sum = 0;
    for (const auto& input : p_.scores[index].inputs) {
      if (input.from == CompiledScore::Input::From::score) {
        const double* other = score(input.index);
        if (!other) return nullptr;
        sum += input.weight * *other;
        continue;
      }
      const SignalValue& v = resolve(static_cast<SignalIndex>(input.index));
      if (v.state == SignalValue::State::unknown) return nullptr;
      double x = input.miss;
      if (input.from == CompiledScore::Input::From::raw)
        x = v.state == SignalValue::State::known ? static_cast<double>(v.raw) : input.miss;
      else if (v.match)
        x = input.from == CompiledScore::Input::From::match ? input.match : static_cast<double>(v.confidence);
      sum += input.weight * x;
    }
    s_.score_state[index] = done;
    s_.scores[index] = sum;
    return &s_.scores[index];
  }

  void map(const CompiledMapping& mapping) {
    const double* x = score(mapping.score);
    if (!x) return;
    bool found = false;
    for (const auto& band : mapping.bands) {
      const bool in = (!found || mapping.all) && (!band.range.given() || band.range.holds(*x));
      found |= in;
      const double confidence = in ? 1 / (1 + std::exp(-mapping.slope * band.range.distance(*x))) : 0;
      s_.value[band.output] = {SignalValue::State::known, in, static_cast<float>(confidence), static_cast<float>(*x)};
    }
  }

  void collect(Tree at) {
    for (std::uint32_t i = at; i < p_.nodes[at].end; ++i)
      if (p_.nodes[i].kind == Condition::Kind::leaf) want(p_.nodes[i].signal);
  }

  void want(SignalIndex i) {
    if (s_.wanted[i] || s_.value[i].state != SignalValue::State::unknown) return;
    s_.wanted[i] = 1;
    const CompiledSignal& signal = p_.signals[i];
    if (signal.source == CompiledSignal::Source::mapping) return want_score(p_.mappings[signal.index].score);
    if (signal.partition >= 0)
      for (const SignalIndex m : p_.partitions[static_cast<std::size_t>(signal.partition)].members) want(m);
    if (signal.gate >= 0) {
      const Truth t = truth(static_cast<Tree>(signal.gate));
      if (t.is == Truth::Is::no) return;
      if (t.is == Truth::Is::unknown) collect(static_cast<Tree>(signal.gate));
    }
    if (signal.source == CompiledSignal::Source::learned && s_.raw[i].state == SignalValue::State::unknown)
      s_.needed.push_back(i);
  }

  void want_score(std::uint32_t index) {
    if (s_.score_state[index] == done) return;
    for (const auto& input : p_.scores[index].inputs)
      if (input.from == CompiledScore::Input::From::score) want_score(input.index);
      else want(static_cast<SignalIndex>(input.index));
  }

  const Program& p_;
  const RequestView& request_;
  RunScratch& s_;
};

class CompiledEngine : public Engine {
 public:
  explicit CompiledEngine(Program program) : program_(std::move(program)) {}

  const Policy& policy() const override { return program_.policy; }
  std::span<const SignalInfo> signals() const override { return program_.infos; }

  std::unique_ptr<Scratch> scratch() const override {
    auto s = std::make_unique<RunScratch>();
    const std::size_t n = program_.signals.size();
    s->raw.resize(n);
    s->value.resize(n);
    s->wanted.resize(n);
    s->needed.reserve(n);
    s->scores.resize(program_.scores.size());
    s->score_state.resize(program_.scores.size());
    s->partition_state.resize(program_.partitions.size());
    s->decisions.resize(program_.decisions.size());
    s->text = program_.heuristics.scratch();
    return s;
  }

  std::span<const SignalIndex> begin(const RequestView& request, Scratch& scratch) const override {
    auto& s = static_cast<RunScratch&>(scratch);
    Run run(program_, request, s);
    run.restart();
    run.decide_all();
    run.collect_needed();
    return s.needed;
  }

  void put(SignalIndex i, SignalValue value, Scratch& scratch) const override {
    if (value.state == SignalValue::State::unknown) value.state = SignalValue::State::late;
    static_cast<RunScratch&>(scratch).raw.at(i) = value;
  }

  Outcome finish(const RequestView& request, Scratch& scratch) const override {
    auto& s = static_cast<RunScratch&>(scratch);
    Run run(program_, request, s);
    if (!s.needed.empty()) {
      // What was not given by now is late; so is what was never needed, which then changes nothing.
      for (std::size_t i = 0; i < s.raw.size(); ++i)
        if (program_.signals[i].source == CompiledSignal::Source::learned &&
            s.raw[i].state == SignalValue::State::unknown)
          s.raw[i].state = SignalValue::State::late;
      run.forget_derived();
      run.decide_all();
    }
    return run.best();
  }

  SignalValue value(SignalIndex i, const Scratch& scratch) const override {
    const auto& s = static_cast<const RunScratch&>(scratch);
    return s.value.at(i).state == SignalValue::State::unknown ? s.raw.at(i) : s.value[i];
  }

  double score(std::string_view projection, const Scratch& scratch) const override {
    const auto& s = static_cast<const RunScratch&>(scratch);
    for (std::size_t i = 0; i < program_.scores.size(); ++i)
      if (program_.scores[i].name == projection && s.score_state[i] == done) return s.scores[i];
    return std::numeric_limits<double>::quiet_NaN();
  }

  bool matched(int decision, const Scratch& scratch) const override {
    return static_cast<const RunScratch&>(scratch).decisions.at(static_cast<std::size_t>(decision)).is ==
           Truth::Is::yes;
  }

 private:
  Program program_;
};

}  // namespace

std::shared_ptr<const Engine> Engine::compile(Policy policy, std::vector<Finding>* findings) {
  std::vector<Finding> found;
  Program program = make_program(std::move(policy), found);
  const auto first =
      std::find_if(found.begin(), found.end(), [](const Finding& f) { return f.level == Finding::Level::error; });
  const std::optional<Error> error =
      first == found.end() ? std::nullopt : std::optional(bad_input(first->message, first->where, first->fix));
  if (findings) *findings = std::move(found);
  if (error) throw *error;
  return std::make_shared<CompiledEngine>(std::move(program));
}

Outcome Engine::decide(const RequestView& request, Scratch& scratch, const LearnedSignals* learned,
                       std::chrono::steady_clock::duration budget) const {
  const auto needed = begin(request, scratch);
  if (learned && !needed.empty()) {
    std::vector<SignalValue> values(signals().size());
    learned->evaluate(request, needed, std::chrono::steady_clock::now() + budget, values);
    for (const SignalIndex i : needed) put(i, values[i], scratch);
  }
  return finish(request, scratch);
}

}  // namespace wattline::policy
