#include "policy/adapt/adaptation_study.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/write_whole.h"
#include "study/summary.h"

namespace wattline::policy {
namespace {

constexpr Time start{1'750'000'000'000'000'000};
constexpr const char* names[] = {"usual", "strict, then lenient", "lenient, then strict"};

// How much more content than usual a user of a group is.
double leniency(std::size_t group, bool after, double strictness) {
  if (group == 0) return 0;
  return (group == 1) == after ? strictness : -strictness;
}

double quantile_of(std::vector<double> v, double q) {
  std::sort(v.begin(), v.end());
  return v.empty() ? std::nan("") : study::quantile(v, q);
}

}  // namespace

AdaptationOutcome simulate_adaptation(const AdaptationWorld& w, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  UserAdaptation adaptation(w.rule);
  AdaptationOutcome out;
  const auto half = w.requests / 2, quarter = std::max<std::int64_t>(1, w.requests / 8);
  struct Sum {
    double n = 0, small_before = 0, small_after = 0, seen_before = 0, seen_after = 0;
    double content = 0, content_without = 0, energy = 0, energy_without = 0;
  };
  std::vector<Sum> sums(3);
  out.shift.assign(3, std::vector<double>(static_cast<std::size_t>(w.requests), 0));
  std::vector<double> members(3, 0);
  std::vector<double> lag(static_cast<std::size_t>(w.users), -1);
  for (std::int64_t u = 0; u < w.users; ++u) members[static_cast<std::size_t>(u % 3)] += 1;
  for (std::int64_t r = 0; r < w.requests; ++r)
    for (std::int64_t u = 0; u < w.users; ++u) {
      const auto g = static_cast<std::size_t>(u % 3);
      const bool after = r >= half;
      const Time now = start + Duration(static_cast<double>(r) * 3600);
      const std::string user = std::to_string(u);
      const double predicted = w.hardest + (w.easiest - w.hardest) * unit();
      const double content = std::clamp(predicted + leniency(g, after, w.strictness), 0.0, 1.0);
      const double shift = adaptation.shift(user, "chat", now), luck = unit(), drawn = unit();
      bool small = std::clamp(predicted + shift, 0.0, 1.0) >= w.border;
      if (drawn < w.explore) small = drawn < w.explore / 2;
      const bool small_without = predicted >= w.border;
      Sum& s = sums[g];
      s.n += 1;
      s.content += !small || luck < content;
      s.content_without += !small_without || luck < content;
      s.energy += small ? w.small_energy : w.large_energy;
      s.energy_without += small_without ? w.small_energy : w.large_energy;
      if (!after && r >= half - quarter) s.seen_before += 1, s.small_before += small;
      if (r >= w.requests - quarter) s.seen_after += 1, s.small_after += small;
      if (small && unit() < w.rated) adaptation.learn(user, "chat", luck < content ? 1 : 0, predicted, now);
      const double moved = adaptation.shift(user, "chat", now);
      out.shift[g][static_cast<std::size_t>(r)] += moved / members[g];
      auto& its = lag[static_cast<std::size_t>(u)];
      if (g != 0 && after && its < 0 && (g == 1 ? moved > 0 : moved < 0)) its = static_cast<double>(r - half + 1);
    }
  for (std::size_t g = 0; g < 3; ++g) {
    const Sum& s = sums[g];
    const auto share = [](double part, double all) { return all > 0 ? part / all : std::nan(""); };
    out.groups.push_back({names[g], share(s.small_before, s.seen_before), share(s.small_after, s.seen_after),
                          share(s.content, s.n), share(s.content_without, s.n), share(s.energy, s.n),
                          share(s.energy_without, s.n)});
  }
  // Who has not come round by the end counts with all there were.
  for (std::size_t u = 0; u < lag.size(); ++u)
    if (u % 3 != 0) out.lag.push_back(lag[u] < 0 ? static_cast<double>(w.requests - half) : lag[u]);
  UserAdaptation loud(w.rule);
  for (int i = 0; i < 10'000; ++i) loud.learn("loud", "chat", 0, 0.99, start);
  for (std::int64_t u = 0; u < w.users; ++u)
    out.moved_by_one = std::max(out.moved_by_one, std::abs(loud.shift(std::to_string(u), "chat", start)));
  return out;
}

namespace {

Result study(const AdaptationWorld& w, Context& context) {
  if (w.hardest > w.easiest)
    throw bad_input(fmt::format("the hardest request ({}) is easier than the easiest ({})", w.hardest, w.easiest),
                    "hardest");
  const AdaptationOutcome o = simulate_adaptation(w, context.random("adaptation study")());
  const double median = quantile_of(o.lag, 0.5);
  Result r;
  r.title = fmt::format("Half of the users who change their mind are followed after {:.0f} requests", median);
  r.estimate("lag", "Requests until a change is followed",
             Estimate<Ratio>::within(Ratio(median), Ratio(quantile_of(o.lag, 0.025)), Ratio(quantile_of(o.lag, 0.975)),
                                     Method::modelled, "made users"),
             {}, "median and the range of 95 % of the users who changed");
  Table t("policy.adaptation.v1");
  t.title = "Users, with and without adaptation";
  t.text("users")
      .number("small_before", "", "share answered by the small model before the change, last quarter")
      .number("small_after", "", "likewise after it")
      .number("content", "", "share of answers that contented")
      .number("content_without", "", "the same without adaptation")
      .number("energy", "J", "an answer")
      .number("energy_without", "J", "the same without adaptation");
  for (const auto& g : o.groups)
    t.add_row({g.name, g.small_before, g.small_after, g.content, g.content_without, g.energy, g.energy_without});
  r.add(std::move(t));
  Figure f;
  f.title = "How far predictions are shifted";
  f.x = {.label = "requests of a user"};
  f.y = {.label = "shift, mean over users"};
  for (std::size_t g = 0; g < o.shift.size(); ++g) {
    Figure::Trace trace;
    trace.name = names[g];
    const std::size_t step = std::max<std::size_t>(1, o.shift[g].size() / 100);
    for (std::size_t i = 0; i < o.shift[g].size(); i += step)
      trace.x.push_back(static_cast<double>(i)), trace.y.push_back(o.shift[g][i]);
    f.traces.push_back(std::move(trace));
  }
  f.caption = "Half way the strict become lenient and the lenient strict.";
  r.add(std::move(f));
  r.note(fmt::format("10,000 verdicts of one user move the shift of any other by {}.", o.moved_by_one));
  r.note("Made users: this tells how the rule behaves, not how people do.");
  return r;
}

struct AdaptationOptions {
  InputFile state;
  std::string erase;
};

Result adaptation(const AdaptationOptions& o, Context&) {
  UserAdaptation users;
  try {
    users.restore(parse_json(o.state.read(std::size_t{512} << 20), o.state.name()));
  } catch (const Error& e) {
    throw e.where().starts_with(o.state.name()) ? e : e.at(o.state.name());
  }
  Result r;
  std::size_t gone = 0;
  if (!o.erase.empty()) {
    gone = users.erase(o.erase);
    if (gone == 0)
      throw Error(ErrorKind::not_found, fmt::format("nothing is known of the user '{}'", o.erase), o.state.name(),
                  "users are pseudonyms: without --erase all are listed");
    write_whole(o.state.name(), users.state().dump(1));
  }
  const auto all = users.entries(Time::now());
  r.title = gone > 0 ? fmt::format("{} entries erased, {} are left", gone, all.size())
                     : fmt::format("{} users and intents", all.size());
  Table t("policy.users.v1");
  t.text("user", "a pseudonym").text("intent", "the decision that the requests got");
  t.number("verdicts", "", "faded with time and by newer ones").number("good").number("expected", "", "as predicted");
  t.number("shift", "", "of what is predicted of models that are not the largest").time("at", "the last verdict");
  for (const auto& e : all) t.add_row({e.user, e.intent, e.n, e.verdicts, e.expected, e.shift, e.at});
  r.add(std::move(t));
  return r;
}

}  // namespace

Capability adaptation_study_capability() {
  using O = AdaptationWorld;
  static const auto fields =
      Fields<O>()
          .integer("users", &O::users, "a third usual, a third strict, a third lenient")
          .range(3, 10'000)
          .integer("requests", &O::requests, "of each")
          .range(16, 100'000)
          .number("border", &O::border, "predicted quality from which the small model answers")
          .range(0, 1)
          .number("strictness", &O::strictness, "how far strict and lenient users are from usual")
          .range(0, 1)
          .number("rated", &O::rated, "share of answers that get a verdict")
          .range(0, 1)
          .number("hardest", &O::hardest, "predicted quality of the hardest request")
          .range(0, 1)
          .number("explore", &O::explore, "share of requests left to chance")
          .range(0, 0.5)
          .number("small-energy", &O::small_energy, "J an answer of the small model")
          .range(0, 1e9)
          .number("large-energy", &O::large_energy, "J an answer of the large model")
          .range(0, 1e9);
  Capability c =
      capability<O>("serve", "adaptation-study", "How fast and how far a router adapts to its users.", study, fields);
  c.description =
      "Simulates users of different needs who change their mind half way, with the rule that [adaptation] of the "
      "gateway "
      "uses: per user and intent a posterior of \"a smaller model was good enough\" (prior strength 8, forgetting 0.98 "
      "a "
      "verdict) that shifts the border between models by at most 0.15. The paper on context-aware switching names such "
      "a "
      "component and does not publish its rule; this one is ours.";
  c.verb = Verb::predict;
  c.papers = {38};
  c.emits = {"policy.adaptation.v1"};
  c.examples = {{{"--users", "30", "--requests", "200"}, {}, "change their mind"}};
  return c;
}

Capability adaptation_capability() {
  using O = AdaptationOptions;
  static const auto fields = Fields<O>()
                                 .file("state", &O::state, "the file that [adaptation] of the gateway names")
                                 .required()
                                 .positional()
                                 .text("erase", &O::erase, "a pseudonym, of which everything is erased from the file");
  Capability c = capability<O>("serve", "adaptation", "What a gateway has learned of its users, and to erase it.",
                               adaptation, fields);
  c.description =
      "Users are pseudonyms, made from tenant, key and the request's `user` with a salt that is in the file. A gateway "
      "that runs keeps its own copy: erase there, at /v1/adaptation or /admin/v1/adaptation.";
  c.verb = Verb::account;
  c.doors = Doors::command_line;
  c.papers = {38};
  c.emits = {"policy.users.v1"};
  c.examples = {
      {{"users.json"},
       {{"users.json",
         R"({"version":1,"salt":"0123456789abcdef0123456789abcdef","entries":[{"user":"a1b2c3d4e5f60718","intent":"chat","verdicts":3,"expected":4.5,"n":6,"at":"2026-01-01T00:00:00Z"}]})"}},
       "1 users and intents"}};
  return c;
}

Claim adaptation_claim() {
  return {38, "a user-adaptive component shifts the border between models",
          "made users who change their mind, by our rule: wattline serve adaptation-study", [](Context&) {
            const AdaptationOutcome o = simulate_adaptation({}, 1);
            ClaimCheck c;
            c.verdict = ClaimVerdict::not_reproducible;
            c.ours = fmt::format("a change of mind is followed after {:.0f} requests (median of made users)",
                                 quantile_of(o.lag, 0.5));
            c.note = "the paper's rule, its users and its effect are not public";
            return c;
          }};
}

}  // namespace wattline::policy
