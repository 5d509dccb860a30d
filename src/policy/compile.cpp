// From a policy as written to the tables that decide.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "kernel/error.h"
#include "policy/program.h"

namespace wattline::policy {
namespace {

class Compiler {
 public:
  Compiler(Policy policy, std::vector<Finding>& findings) : findings_(findings) { program_.policy = std::move(policy); }

  Program take() {
    signals();
    projections();
    gates();
    decisions();
    program_.heuristics.build(findings_);
    return std::move(program_);
  }

 private:
  void error(std::string code, const std::string& where, std::string message, std::string fix = {}) {
    findings_.push_back({Finding::Level::error, std::move(code), where, std::move(message), std::move(fix), {}});
  }

  SignalIndex add(std::string type, std::string name, int rule, bool learned, CompiledSignal compiled,
                  const std::string& where) {
    const auto index = static_cast<SignalIndex>(program_.signals.size());
    if (!by_name_.emplace(std::pair(type, name), index).second)
      error("duplicate-signal", where, fmt::format("there are two signals {}(\"{}\")", type, name),
            "rename one of them");
    if (program_.signals.size() >= 65000) throw bad_input("a policy has more than 65,000 signals", where);
    program_.infos.push_back({std::move(type), std::move(name), rule, learned});
    program_.signals.push_back(compiled);
    return index;
  }

  void signals() {
    const auto& all = program_.policy.signals;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Signal& s = all[i];
      const SignalType* type = find_signal_type(s.type);
      if (!type) {
        std::vector<std::string> known;
        for (const auto& t : signal_types()) known.emplace_back(t.name);
        error("unknown-signal-type", s.where, fmt::format("signal {}: there is no type '{}'", s.name, s.type),
              did_you_mean(s.type, known));
        continue;
      }
      CompiledSignal compiled;
      if (type->learned) compiled.source = CompiledSignal::Source::learned;
      else compiled.index = program_.heuristics.add(s, findings_);
      const int rule = static_cast<int>(i);
      if (s.type == "complexity")
        for (const char* level : {"easy", "medium", "hard"})
          add(s.type, fmt::format("{}:{}", s.name, level), rule, true, compiled, s.where);
      else add(s.type, s.name, rule, type->learned, compiled, s.where);
    }
  }

  // A signal that a condition or a sum refers to; a type may be left out where the name is unique.
  std::optional<SignalIndex> find(const std::string& type, const std::string& name, const std::string& where,
                                  const std::string& who) {
    if (const auto found = by_name_.find({type, name}); found != by_name_.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [key, index] : by_name_)
      if (key.first == type) names.push_back(key.second);
    error("unknown-signal", where, fmt::format("{} refers to {}(\"{}\"), which is not there", who, type, name),
          names.empty() ? fmt::format("no signal has the type '{}'", type) : did_you_mean(name, names));
    return {};
  }

  void projections() {
    auto& p = program_;
    for (const auto& projection : p.policy.projections)
      if (projection.kind == Projection::Kind::score) {
        score_by_name_.emplace(projection.name, static_cast<std::uint32_t>(p.scores.size()));
        p.scores.push_back({projection.name, {}});
      }
    for (const auto& projection : p.policy.projections)
      if (projection.kind == Projection::Kind::mapping) mapping(projection);
    std::size_t score = 0;
    for (const auto& projection : p.policy.projections) {
      if (projection.kind == Projection::Kind::partition) partition(projection);
      if (projection.kind == Projection::Kind::score) inputs(projection, p.scores[score++]);
    }
    for (std::uint32_t i = 0; i < p.scores.size(); ++i) {
      std::set<std::uint32_t> open;
      if (cyclic(i, open)) {
        error("projection-cycle", {}, fmt::format("projection score {} depends on itself", p.scores[i].name),
              "take one of the scores out of the circle");
        break;
      }
    }
  }

  bool cyclic(std::uint32_t score, std::set<std::uint32_t>& open) {
    if (!open.insert(score).second) return true;
    for (const auto& input : program_.scores[score].inputs) {
      if (input.from == CompiledScore::Input::From::score) {
        if (cyclic(input.index, open)) return true;
      } else if (const auto& s = program_.signals[input.index]; s.source == CompiledSignal::Source::mapping) {
        if (cyclic(program_.mappings[s.index].score, open)) return true;
      }
    }
    open.erase(score);
    return false;
  }

  void partition(const Projection& projection) {
    Settings s(projection.fields, "projection partition " + projection.name, projection.where, findings_);
    CompiledPartition out;
    out.softmax = s.choice("semantics", {"exclusive", "softmax_exclusive"}) == 1;
    out.temperature = s.number("temperature", 1, 1e-6, 1e6);
    const auto members = s.texts("members");
    const std::string fallback = s.text("default");
    s.text("description");
    s.finish();
    if (members.empty()) return s.fault("partition-members", "it has no members", "name two or more signals");
    // Members are named alone; all are of one type, that of the first which has them all.
    std::string type;
    for (const auto& t : signal_types())
      if (std::all_of(members.begin(), members.end(), [&](const auto& m) {
            return by_name_.contains({std::string(t.name), m});
          })) {
        type = t.name;
        break;
      }
    if (type.empty())
      return s.fault("partition-members",
                     fmt::format("its members {} are not all signals of one type", fmt::join(members, ", ")),
                     "name signals of one type that are there");
    for (const auto& m : members) {
      const SignalIndex index = by_name_.at({type, m});
      auto& compiled = program_.signals[index];
      if (compiled.partition >= 0)
        s.fault("partition-shared-member", fmt::format("'{}' is in two partitions", m), "leave it in one");
      compiled.partition = static_cast<std::int32_t>(program_.partitions.size());
      out.members.push_back(index);
      if (m == fallback) out.fallback = index;
    }
    if (std::find(members.begin(), members.end(), fallback) == members.end())
      return s.fault(
          "partition-default",
          fallback.empty() ? "it has no default member" : fmt::format("its default '{}' is no member", fallback),
          fallback.empty() ? fmt::format("default = \"{}\"", members.back()) : did_you_mean(fallback, members));
    program_.partitions.push_back(std::move(out));
  }

  void mapping(const Projection& projection) {
    Settings s(projection.fields, "projection mapping " + projection.name, projection.where, findings_);
    CompiledMapping out;
    const std::string source = s.text("source");
    if (const auto found = score_by_name_.find(source); found != score_by_name_.end()) out.score = found->second;
    else {
      std::vector<std::string> names;
      for (const auto& [name, index] : score_by_name_) names.push_back(name);
      s.fault("unknown-projection", fmt::format("its source '{}' is no score", source), did_you_mean(source, names));
    }
    out.all = s.choice("method", {"threshold_bands", "multi_emit"}) == 1;
    if (auto calibration = s.block("calibration")) {
      calibration->choice("method", {"sigmoid_distance"});
      out.slope = calibration->number("slope", 12, 0, 1e6);
      calibration->finish();
    }
    for (auto& b : s.blocks("outputs")) {
      CompiledMapping::Band band;
      const std::string name = b.text("name");
      const auto bound = [&](std::string_view key, std::optional<double>& to) {
        if (b.has(key)) to = b.number(key, 0, -1e300, 1e300);
      };
      bound("gt", band.range.gt);
      bound("gte", band.range.gte);
      bound("lt", band.range.lt);
      bound("lte", band.range.lte);
      b.finish();
      if (name.empty()) {
        b.fault("missing-name", "an output needs a name");
        continue;
      }
      band.output = add("projection", name, -1, false,
                        {CompiledSignal::Source::mapping, static_cast<std::uint32_t>(program_.mappings.size()), -1, -1},
                        projection.where);
      out.bands.push_back(band);
    }
    s.text("description");
    s.finish();
    program_.mappings.push_back(std::move(out));
  }

  void inputs(const Projection& projection, CompiledScore& out) {
    Settings s(projection.fields, "projection score " + projection.name, projection.where, findings_);
    s.choice("method", {"weighted_sum"});
    for (auto& b : s.blocks("inputs")) {
      CompiledScore::Input input;
      const std::string type = b.text("type"), name = b.text("name");
      input.weight = b.number("weight", 1, -1e9, 1e9);
      input.match = b.number("match", 1, -1e9, 1e9);
      input.miss = b.number("miss", 0, -1e9, 1e9);
      const int from = b.choice("value_source", {"binary", "confidence", "raw", "score"});
      input.from = static_cast<CompiledScore::Input::From>(std::min(from, 2));
      if (type == "kb_metric") {
        const std::string metric = fmt::format("{}.{}", b.text("kb"), b.text("metric"));
        input.from = CompiledScore::Input::From::raw;
        const auto found = by_name_.find({type, metric});
        input.index = found != by_name_.end()
                          ? found->second
                          : add(type, metric, -1, true, {CompiledSignal::Source::learned, 0, -1, -1}, projection.where);
        out.inputs.push_back(input);
      } else if (const auto score = score_by_name_.find(name); type == "projection" && score != score_by_name_.end()) {
        input.from = CompiledScore::Input::From::score;
        input.index = score->second;
        out.inputs.push_back(input);
      } else if (const auto signal = find(type, name, projection.where, b.title())) {
        input.index = *signal;
        out.inputs.push_back(input);
      }
      b.finish();
    }
    s.text("description");
    s.finish();
    if (out.inputs.empty()) s.fault("empty-score", "it has no inputs", "give at least one");
  }

  // complexity rules may carry a condition under which alone they speak.
  void gates() {
    for (std::size_t i = 0; i < program_.policy.signals.size(); ++i) {
      const Signal& signal = program_.policy.signals[i];
      const Json* composer = signal.type == "complexity" ? signal.fields.find("composer") : nullptr;
      if (!composer || composer->is_null()) continue;
      const auto tree = flatten(condition_from(*composer, signal), signal.where,
                                fmt::format("the composer of complexity(\"{}\")", signal.name));
      for (std::size_t k = 0; k < program_.infos.size(); ++k)
        if (program_.infos[k].rule == static_cast<int>(i)) program_.signals[k].gate = static_cast<std::int32_t>(tree);
    }
  }

  Condition condition_from(const Json& j, const Signal& signal) {
    Settings s(j, fmt::format("signal {} {}, composer", signal.type, signal.name), signal.where, findings_);
    Condition c;
    if (s.has("type")) {
      c.kind = Condition::Kind::leaf;
      c.type = s.text("type");
      c.name = s.text("name");
    } else {
      c.kind = static_cast<Condition::Kind>(1 + s.choice("operator", {"AND", "OR", "NOT"}));
      if (const Json* parts = s.raw("conditions"); parts && parts->is_array())
        for (const auto& part : parts->as_array())
          if (part.is_object()) c.parts.push_back(condition_from(part, signal));
    }
    s.finish();
    return c;
  }

  Tree flatten(const Condition& c, const std::string& where, const std::string& who) {
    const auto at = static_cast<Tree>(program_.nodes.size());
    program_.nodes.push_back({c.kind, c.on_error, 0, 0});
    if (c.kind == Condition::Kind::leaf) {
      if (const auto signal = find(c.type, c.name, where, who)) program_.nodes[at].signal = *signal;
    } else if (c.kind == Condition::Kind::none && c.parts.size() != 1) {
      error("not-parts", where, fmt::format("{}: NOT has {} parts, but takes one", who, c.parts.size()));
    } else if (c.kind == Condition::Kind::any && c.parts.empty()) {
      error("or-parts", where, fmt::format("{}: OR has no parts and never matches", who),
            "give it parts, or take it out");
    }
    for (const auto& part : c.parts) flatten(part, where, who);
    program_.nodes[at].end = static_cast<std::uint32_t>(program_.nodes.size());
    return at;
  }

  void decisions() {
    std::set<std::string> names;
    program_.all_tiered = !program_.policy.decisions.empty();
    for (const auto& d : program_.policy.decisions) {
      if (d.name.empty()) error("missing-name", d.where, "a decision needs a name");
      else if (!names.insert(d.name).second)
        error("duplicate-decision", d.where, fmt::format("there are two decisions '{}'", d.name), "rename one of them");
      program_.decisions.push_back(flatten(d.when, d.where, fmt::format("decision {}", d.name)));
      program_.tiered |= d.tier > 0;
      program_.all_tiered &= d.tier > 0;
    }
  }

  std::vector<Finding>& findings_;
  Program program_;
  std::map<std::pair<std::string, std::string>, SignalIndex> by_name_;
  std::map<std::string, std::uint32_t> score_by_name_;
};

}  // namespace

Program make_program(Policy policy, std::vector<Finding>& findings) {
  return Compiler(std::move(policy), findings).take();
}

}  // namespace wattline::policy
