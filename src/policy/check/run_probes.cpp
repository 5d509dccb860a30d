#include "policy/check/run_probes.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/error.h"

namespace wattline::policy {
namespace {

using Result = ProbeOutcome::Result;
using Name = std::pair<std::string, std::string>;

std::string algorithm_of(const Decision& d) { return d.algorithm ? d.algorithm->name : "static"; }

std::vector<std::string> plugins_of(const Policy& p, const Decision& d) {
  std::vector<std::string> out;
  for (const auto& step : d.plugins) {
    std::string type = step.type.empty() ? step.name : step.type;
    for (const auto& named : p.plugins)
      if (named.name == step.name && !named.type.empty()) type = named.type;
    out.push_back(std::move(type));
  }
  return out;
}

// "complexity rule:hard" asserts the rule.
std::string rule_name(const std::string& type, const std::string& name) {
  return type == "complexity" ? name.substr(0, name.rfind(':')) : name;
}

class Runner {
 public:
  Runner(const Document& d, const ProbeSet& set, const LearnedFor& learned)
      : document_(d), set_(set), learned_(learned) {}

  ProbeReport run() {
    for (const auto& c : set_.cases) report_.outcomes.push_back(one(c));
    coverage();
    judge();
    return std::move(report_);
  }

 private:
  struct Compiled {
    std::shared_ptr<const Engine> engine;
    std::unique_ptr<Engine::Scratch> scratch;
    std::shared_ptr<const LearnedSignals> learned;
  };

  Compiled& compiled(const Policy& p) {
    const auto [at, is_new] = engines_.try_emplace(&p);
    if (is_new) try {
        std::vector<Finding> found;
        at->second.engine = Engine::compile(p, &found);
        at->second.scratch = at->second.engine->scratch();
        if (learned_) at->second.learned = learned_(p);
      } catch (const Error& e) {
        report_.findings.push_back(
            {Finding::Level::error, "cannot-compile", e.where(), e.message(), e.hint(), std::string()});
      }
    return at->second;
  }

  ProbeOutcome one(const ProbeCase& c) {
    ProbeOutcome out;
    out.probe = &c;
    const Policy& p = document_.policy_for(c.model);
    Compiled& e = compiled(p);
    if (!e.engine) {
      out.why = "the policy cannot be compiled";
      return out;
    }
    const ProbeRequest request(c);
    if (!e.learned && !e.engine->begin(request.view(), *e.scratch).empty()) {
      out.why = "it depends on learned signals";
      return out;
    }
    const Outcome got = e.engine->decide(request.view(), *e.scratch, e.learned.get());
    const Decision* d = got.decision < 0 ? nullptr : &p.decisions[static_cast<std::size_t>(got.decision)];
    if (d) out.decision = d->name;
    out.why = fault(c, p, d, e);
    out.result = out.why.empty() ? Result::passed : Result::failed;
    return out;
  }

  static std::string fault(const ProbeCase& c, const Policy& p, const Decision* d, const Compiled& e) {
    if (!c.recipe.empty() && p.name != c.recipe)
      return fmt::format("expects the recipe '{}', the model '{}' leads to '{}'", c.recipe, c.model, p.name);
    if (!c.decision.empty() && (!d || d->name != c.decision))
      return fmt::format("expects the decision '{}', got '{}'", c.decision, d ? d->name : "none");
    if (d && !c.algorithm.empty() && algorithm_of(*d) != c.algorithm)
      return fmt::format("expects the algorithm '{}', got '{}'", c.algorithm, algorithm_of(*d));
    if (d) {
      const auto plugins = plugins_of(p, *d);
      for (const auto& wanted : c.plugins)
        if (std::find(plugins.begin(), plugins.end(), wanted) == plugins.end())
          return fmt::format("expects the plugin '{}', got '{}'", wanted, fmt::join(plugins, "', '"));
      if (!c.alias.empty() &&
          std::none_of(d->models.begin(), d->models.end(), [&](const Candidate& m) { return m.model == c.alias; }))
        return fmt::format("expects the model '{}', which is none of the decision's", c.alias);
    }
    const auto infos = e.engine->signals();
    for (const auto& [type, name] : c.signals)
      for (std::size_t i = 0; i < infos.size(); ++i) {
        if (infos[i].type != type || infos[i].name != name) continue;
        const SignalValue v = e.engine->value(static_cast<SignalIndex>(i), *e.scratch);
        if (v.state != SignalValue::State::unknown && !v.match)
          return fmt::format("expects {}(\"{}\") to match, which does not", type, name);
      }
    return {};
  }

  void coverage() {
    std::set<Name> signals, outputs, asserted, with_algorithm, with_plugins, algorithms, plugins;
    // A signal that several recipes have under one name counts once, as the reference counts.
    const auto add = [&](const Policy& p) {
      for (const auto& s : p.signals) signals.insert({s.type, s.name});
      for (const auto& m : p.projections)
        if (const Json* all = m.fields.find("outputs"); all && all->is_array())
          for (const auto& o : all->as_array())
            if (const Json* n = o.find("name"); n && n->is_string()) outputs.insert({"projection", n->as_string()});
      for (const auto& d : p.decisions) {
        with_algorithm.insert({p.name, d.name});
        if (!d.plugins.empty()) with_plugins.insert({p.name, d.name});
      }
    };
    add(document_.main);
    for (const auto& p : document_.recipes) add(p);
    for (const auto& c : set_.cases) {
      const std::string& p = document_.policy_for(c.model).name;
      for (const auto& [type, name] : c.signals) asserted.insert({type, rule_name(type, name)});
      if (!c.algorithm.empty()) algorithms.insert({p, c.decision});
      if (!c.plugins.empty()) plugins.insert({p, c.decision});
    }
    const auto share = [](const std::set<Name>& of, const std::set<Name>& in) {
      if (of.empty()) return 100.0;
      const auto n = std::count_if(of.begin(), of.end(), [&](const Name& one) { return in.contains(one); });
      return 100.0 * static_cast<double>(n) / static_cast<double>(of.size());
    };
    report_.projections = share(outputs, asserted);
    signals.insert(outputs.begin(), outputs.end());
    report_.signals = share(signals, asserted);
    // Of the decisions that some probe expects at all.
    std::set<Name> expected;
    for (const auto& c : set_.cases) expected.insert({document_.policy_for(c.model).name, c.decision});
    const auto within = [&](std::set<Name> all) {
      std::erase_if(all, [&](const Name& n) { return !expected.contains(n); });
      return all;
    };
    report_.algorithms = share(within(with_algorithm), algorithms);
    report_.plugins = share(within(with_plugins), plugins);
  }

  void judge() {
    const auto add = [&](Finding::Level level, const char* code, const std::string& where, std::string message,
                         std::string fix, std::string example) {
      report_.findings.push_back({level, code, where, std::move(message), std::move(fix), std::move(example)});
    };
    std::size_t not_run = 0;
    for (const auto& o : report_.outcomes) {
      not_run += o.result == Result::not_run;
      if (o.result != Result::failed) continue;
      std::string query(ProbeRequest(*o.probe).view().query().substr(0, 200));
      add(Finding::Level::conflict, "failed-probe", o.probe->where,
          fmt::format("probe '{}' of '{}' {}", o.probe->id, o.probe->group, o.why),
          "change the policy, or what the probe expects", std::move(query));
    }
    if (not_run)
      add(Finding::Level::warning, "probes-not-run", set_.name,
          fmt::format("{} of {} probes were not run: {}", not_run, report_.outcomes.size(), first_reason()),
          "give an encoder and classifiers", "");
    const auto bar = [&](const char* what, double is, double least) {
      // Bars are written with one decimal.
      if (is + 0.05 < least)
        add(Finding::Level::conflict, "probes-coverage", set_.name,
            fmt::format("probes assert {:.1f} % of the {}; {:.1f} % are asked for", is, what, least), "add probes", "");
    };
    bar("signals", report_.signals, set_.min_signals);
    bar("projection outputs", report_.projections, set_.min_projections);
    bar("algorithms", report_.algorithms, set_.min_algorithms);
    bar("plugins", report_.plugins, set_.min_plugins);
  }

  std::string first_reason() const {
    for (const auto& o : report_.outcomes)
      if (o.result == Result::not_run) return o.why;
    return {};
  }

  const Document& document_;
  const ProbeSet& set_;
  const LearnedFor& learned_;
  std::map<const Policy*, Compiled> engines_;
  ProbeReport report_;
};

}  // namespace

std::size_t ProbeReport::count(ProbeOutcome::Result r) const {
  return static_cast<std::size_t>(
      std::count_if(outcomes.begin(), outcomes.end(), [&](const ProbeOutcome& o) { return o.result == r; }));
}

ProbeReport run_probes(const Document& d, const ProbeSet& set, const LearnedFor& learned) {
  return Runner(d, set, learned).run();
}

}  // namespace wattline::policy
