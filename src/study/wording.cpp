#include "study/wording.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "study/analysis.h"

namespace wattline::study {

std::string p_text(double p) {
  if (std::isnan(p)) return "no p";
  if (p < 1e-10) return "p < 1e-10";
  if (p < 1e-4) return fmt::format("p = {:.1e}", p);
  return "p = " + format_number(p, 2);
}

std::string with_unit(double value, const std::string& unit, int digits) {
  return format_number(value, digits) + (unit.empty() ? "" : " " + unit);
}

std::string quantity_of(const std::string& unit) {
  if (unit.empty()) return {};
  Dimension d;
  try {
    d = parse_unit(unit).dimension;
  } catch (const Error&) {
    return {};
  }
  if (d == Energy::dimension) return "energy";
  if (d == Power::dimension) return "power";
  if (d == Duration::dimension) return "time";
  if (d == Carbon::dimension) return "carbon";
  if (d == Money::dimension) return "money";
  if (d == Volume::dimension) return "water";
  return {};
}

namespace {

// How a difference of the quantity is said: "uses 12 % less energy than A".
struct Phrase {
  std::string verb, noun;  // verb "" : "VALUE is 12 % lower with B than with A"
};

Phrase phrase_of(const Grouped& data) {
  const std::string quantity = quantity_of(data.unit);
  Phrase p;
  if (quantity == "energy" || quantity == "water") p = {"uses", quantity};
  else if (quantity == "power") p = {"draws", quantity};
  else if (quantity == "time") p = {"takes", quantity};
  else if (quantity == "carbon") p = {"emits", quantity};
  else if (quantity == "money") p = {"costs", ""};
  if (!p.verb.empty() && !data.value_name.empty() && data.value_name != p.noun)
    p.noun += (p.noun.empty() ? "(" : " (") + data.value_name + ")";
  return p;
}

std::string what_of(const Grouped& data) {
  if (!data.value_name.empty()) return data.value_name;
  const std::string quantity = quantity_of(data.unit);
  return quantity.empty() ? "the value" : quantity;
}

// "B uses 12 % less energy than A".
std::string difference_sentence(const Grouped& data, const std::string& a, const std::string& b,
                                const std::string& amount, bool less) {
  const Phrase p = phrase_of(data);
  if (p.verb.empty())
    return fmt::format("{} is {} {} with {} than with {}", what_of(data), amount, less ? "lower" : "higher", b, a);
  return fmt::format("{} {} {} {}{}{} than {}", b, p.verb, amount, less ? "less" : "more", p.noun.empty() ? "" : " ",
                     p.noun, a);
}

std::string percent(double share, int digits = 3) { return format_number(100 * share, digits); }

// "8 to 16 %" of an interval on one side of zero; "12 % lower to 8 % higher" of one around it.
std::string range_text(Interval i, const std::string& unit, double scale, int digits = 3) {
  const double low = scale * i.low, high = scale * i.high;
  const std::string u = unit.empty() ? "" : " " + unit;
  if (low >= 0 || high <= 0) {
    const double near = std::min(std::abs(low), std::abs(high)), far = std::max(std::abs(low), std::abs(high));
    return fmt::format("{} to {}{}", format_number(near, digits), format_number(far, digits), u);
  }
  return fmt::format("{}{} lower to {}{} higher", format_number(-low, digits), u, format_number(high, digits), u);
}

std::string level(const Analysis& a) { return format_number(100 * a.options.confidence, 4) + " %"; }

void conclude_two(const Analysis& a, std::vector<std::string>& out) {
  const TwoGroups& t = *a.two;
  const Grouped& data = a.data;
  const std::string &first = data.groups[0].name, &second = data.groups[1].name;
  const Moments &ma = a.summaries[0].m, &mb = a.summaries[1].m;
  const std::string sizes = data.pairs     ? fmt::format("n = {} pairs", ma.n)
                            : ma.n == mb.n ? fmt::format("n = {} each", ma.n)
                                           : fmt::format("n = {} and {}", ma.n, mb.n);
  const bool less = t.means.difference < 0;
  if (!t.means.no_test.empty()) {
    if (t.means.difference == 0)
      out.push_back(fmt::format("The means of {} and {} are the same, {}. There is no test: {}.", first, second,
                                with_unit(ma.mean, data.unit), t.means.no_test));
    else
      out.push_back(fmt::format(
          "{}: means {} and {}. There is no test, so nothing says how sure that is: {}.",
          difference_sentence(data, first, second, with_unit(std::abs(t.means.difference), data.unit, 3), less),
          with_unit(ma.mean, data.unit), with_unit(mb.mean, data.unit), t.means.no_test));
    return;
  }
  if (t.means.p < a.options.alpha) {
    const std::string amount = t.relative ? percent(std::abs(t.relative->value)) + " %"
                                          : with_unit(std::abs(t.means.difference), data.unit, 3);
    const std::string range =
        t.relative ? range_text(t.relative->interval, "%", 100) : range_text(t.means.interval, data.unit, 1);
    out.push_back(fmt::format("{} ({}: {}), with {}, {}.", difference_sentence(data, first, second, amount, less),
                              level(a), range, sizes, p_text(t.means.p)));
    if (t.relative)
      out.push_back(fmt::format("Mean {} {} against {}: a difference of {} ({}: {}).", what_of(data),
                                with_unit(mb.mean, data.unit), with_unit(ma.mean, data.unit),
                                with_unit(std::abs(t.means.difference), data.unit, 3), level(a),
                                range_text(t.means.interval, data.unit, 1)));
    return;
  }
  const std::string seen =
      t.relative ? percent(std::abs(t.relative->value)) + " %" : with_unit(std::abs(t.means.difference), data.unit, 3);
  const std::string range =
      t.relative ? range_text(t.relative->interval, "%", 100) : range_text(t.means.interval, data.unit, 1);
  out.push_back(
      fmt::format("No difference in {} can be told between {} and {} with {} ({}). The mean of {} is {} {}, but "
                  "anything from {} fits the values ({}).",
                  what_of(data), first, second, sizes, p_text(t.means.p), second, seen, less ? "lower" : "higher",
                  range, level(a)));
  const double sd = t.means.standard_error * std::sqrt(static_cast<double>(ma.n) / (data.pairs ? 1 : 2));
  const std::size_t needed = needed_per_group(sd, 0.5 * t.detectable, a.options.alpha, a.options.power, data.pairs);
  std::string text =
      fmt::format("That is not the same as no difference: only from {} on ", with_unit(t.detectable, data.unit, 3));
  if (t.relative) text += fmt::format("({} % of {}) ", percent(t.detectable / std::abs(ma.mean)), first);
  text += fmt::format("would one have been found with {} % probability.", format_number(100 * a.options.power, 3));
  if (needed > 0)
    text += fmt::format(" To find half of that takes about {} {}.", needed, data.pairs ? "pairs" : "values a group");
  out.push_back(text);
}

void conclude_many(const Analysis& a, std::vector<std::string>& out) {
  const Grouped& data = a.data;
  const double p = a.main_p();
  const std::string test = a.welch->no_test.empty() ? "Welch's ANOVA" : "ANOVA";
  if (std::isnan(p)) {
    out.push_back(fmt::format("Whether the {} groups differ in {} cannot be tested: {}.", data.groups.size(),
                              what_of(data), a.classical->no_test));
    return;
  }
  const auto omega = format_number(100 * a.classical->omega_squared, 2);
  if (p >= a.options.alpha) {
    out.push_back(
        fmt::format("No difference in {} can be told among the {} groups ({}, {}). That is not the same as no "
                    "difference: see the intervals.",
                    what_of(data), data.groups.size(), test, p_text(p)));
  } else {
    out.push_back(fmt::format(
        "The {} groups differ in {} ({}, {}); the grouping explains about {} % of the variance (omega squared).",
        data.groups.size(), what_of(data), test, p_text(p), omega));
  }
  std::string same, others;
  const std::string& reference = data.groups[0].name;
  for (const Pair& pair : a.pairs) {
    const std::string& name = data.groups[pair.b].name;
    const bool told = pair.p_games_howell < a.options.alpha;
    if (pair.a != 0) {
      if (told) others += fmt::format("{}{} and {}", others.empty() ? "" : ", ", data.groups[pair.a].name, name);
      continue;
    }
    if (!told) {
      same += (same.empty() ? "" : ", ") + name;
      continue;
    }
    const double mean = a.summaries[0].m.mean;
    const std::string amount =
        relative_difference(data.groups[0].values, data.groups[pair.b].values, false, a.options.confidence)
            ? percent(std::abs(pair.welch.difference / mean)) + " %"
            : with_unit(std::abs(pair.welch.difference), data.unit, 3);
    out.push_back(fmt::format("{} (by {}; {} for all pairs together: {}; {}).",
                              difference_sentence(data, reference, name, amount, pair.welch.difference < 0),
                              with_unit(std::abs(pair.welch.difference), data.unit, 3), level(a),
                              range_text(pair.interval, data.unit, 1), p_text(pair.p_games_howell)));
  }
  if (!same.empty()) out.push_back(fmt::format("Not to be told from {}: {}.", reference, same));
  if (!others.empty()) out.push_back(fmt::format("Also to be told apart: {}.", others));
}

}  // namespace

std::vector<std::string> conclusions(const Analysis& a) {
  std::vector<std::string> out;
  if (a.two) conclude_two(a, out);
  else conclude_many(a, out);
  return out;
}

std::optional<Verdict> equivalence_verdict(const Analysis& a) {
  if (!a.options.margin) return std::nullopt;
  const std::string within = "+-" + with_unit(*a.options.margin, a.data.unit, 3);
  const std::string& reference = a.data.groups[0].name;
  Verdict v;
  double worst = 0;
  std::string not_shown;
  for (std::size_t i = 0; i < a.equivalences.size(); ++i) {
    worst = std::max(worst, a.equivalences[i].p());
    if (!(a.equivalences[i].p() < a.options.alpha))
      not_shown += (not_shown.empty() ? "" : ", ") + a.data.groups[i + 1].name;
  }
  v.holds = not_shown.empty();
  const std::string what = a.data.groups.size() == 2 ? a.data.groups[1].name + " is" : "all groups are";
  if (v.holds) {
    v.why =
        fmt::format("{} equivalent to {} within {} (two one-sided tests, {})", what, reference, within, p_text(worst));
  } else if (a.two && !a.two->means.no_test.empty()) {
    v.why = fmt::format("equivalence within {} cannot be tested: {}", within, a.two->means.no_test);
  } else {
    v.why = fmt::format(
        "equivalence to {} within {} is not shown for {} (two one-sided tests, {}); that does not show a difference "
        "either",
        reference, within, not_shown, p_text(worst));
  }
  return v;
}

}  // namespace wattline::study
