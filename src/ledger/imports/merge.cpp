#include "ledger/imports/merge.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/people/people.h"
#include "ledger/row.h"

namespace wattline::ledger::imports {
namespace {

constexpr std::size_t most_named = 5;

using Labels = std::vector<std::pair<std::string, std::string>>;

// A renamed file is the same file, and an erased person gets another pseudonym.
Labels compared(Labels labels) {
  std::erase_if(labels, [](const auto& l) { return l.first == "file" || l.first == "reason" || is_personal(l.first); });
  std::sort(labels.begin(), labels.end());
  return labels;
}

bool near(double a, double b) { return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b)); }

std::string or_none(const std::string& text) { return text.empty() ? "none" : text; }

bool put_right_by_hand(const Fact& f) {
  return std::any_of(f.labels.begin(), f.labels.end(), [](const auto& l) { return l.first == "reason"; });
}

std::string listed(const std::vector<std::string>& named, std::int64_t all) {
  const auto more = all - static_cast<std::int64_t>(named.size());
  return fmt::format("{}{}", fmt::join(named, "; "), more > 0 ? fmt::format("; and {} more", more) : "");
}

}  // namespace

std::string difference(const Fact& there, const Fact& here) {
  std::string out;
  const auto differs = [&](const char* what, const std::string& a, const std::string& b) {
    if (a != b) out += fmt::format("{}{} {} there, {} here", out.empty() ? "" : ", ", what, or_none(a), or_none(b));
  };
  differs("place", there.place, here.place);
  const auto joules = [](Energy e) { return e.base(); };
  if (!near(joules(there.energy.value()), joules(here.energy.value())))
    differs("energy", format_number(there.energy.value().in(units::kWh), 4) + " kWh",
            format_number(here.energy.value().in(units::kWh), 4) + " kWh");
  else if (!near(joules(there.energy.low()), joules(here.energy.low())) ||
           !near(joules(there.energy.high()), joules(here.energy.high())))
    out += fmt::format("{}the interval of the energy", out.empty() ? "" : ", ");
  differs("begin", to_string(there.begin), to_string(here.begin));
  differs("end", to_string(there.end), to_string(here.end));
  differs("kind", there.kind, here.kind);
  differs("model", there.model, here.model);
  differs("device", there.device, here.device);
  differs("tokens read", fmt::to_string(there.tokens_in), fmt::to_string(here.tokens_in));
  differs("tokens written", fmt::to_string(there.tokens_out), fmt::to_string(here.tokens_out));
  const Labels a = compared(there.labels), b = compared(here.labels);
  const auto text = [](const Labels& own, const Labels& other) {
    std::string list;
    for (const auto& l : own)
      if (std::find(other.begin(), other.end(), l) == other.end())
        list += fmt::format("{}{}={}", list.empty() ? "" : " ", l.first, l.second);
    return list;
  };
  if (a != b) differs("labels", text(a, b), text(b, a));
  return out;
}

void Merge::known(Fact&& fact, const std::string& where) {
  const auto row = writer_.known().standing(fact.uid);
  // A sealed row can be neither compared nor put right.
  if (!row) {
    ++sealed;
    ++same;
    return;
  }
  if (was_retracted(*row, fact)) return;
  const std::string uid = fact.uid;
  const std::string how = difference(row->fact, is_clean(fact) ? fact : checked(fact));
  if (how.empty()) {
    ++same;
    return;
  }
  if (put_right_by_hand(row->fact)) {
    ++by_hand;
    ++same;
    return;
  }
  if (changed_ == Changed::refuse)
    throw bad_input(fmt::format("'{}' was recorded before as something else: {}", uid, how), where,
                    "--changed correct puts it right, --changed keep leaves it as it is; nothing was recorded");
  if (changed_ == Changed::correct) return replace(*row, std::move(fact), corrected);
  ++different;
  if (different_.size() < most_named) different_.push_back(uid + ": " + how);
  ++same;
}

void Merge::known_by_name(Fact&& fact) {
  if (const auto row = writer_.known().standing(fact.uid); !row || !was_retracted(*row, fact)) ++same;
}

bool Merge::was_retracted(const Row& row, Fact& fact) {
  if (row.fact.kind != "retraction") return false;
  if (retracted_ == Retracted::restore) {
    replace(row, std::move(fact), restored);
    return true;
  }
  ++withdrawn;
  if (withdrawn_.size() < most_named) withdrawn_.push_back(fact.uid);
  ++same;
  return true;
}

void Merge::replace(const Row& row, Fact&& fact, std::int64_t& count) {
  fact.uid = free_uid(fact.uid);
  ++count;
  writer_.correct(row.fact.uid, std::move(fact));
}

std::string Merge::free_uid(const std::string& uid) {
  for (int n = 2;; ++n)
    if (std::string name = fmt::format("{}#{}", uid, n); !writer_.known().has(name)) return name;
}

std::string Merge::counts(std::int64_t fresh) const {
  return fmt::format("{} new, {} known{}{}", fresh, same, corrected ? fmt::format(", {} corrected", corrected) : "",
                     restored ? fmt::format(", {} restored", restored) : "");
}

void Merge::tell(Result& out, const std::string& what) const {
  const auto counted = [&](std::int64_t n, const char* is, const char* are) {
    return fmt::format("{} known {}{} {}", n, what, n == 1 ? "" : "s", n == 1 ? is : are);
  };
  if (different)
    out.warn(fmt::format("{} other than here: {}. --changed correct puts that right",
                         counted(different, "stays in the account,", "stay in the account,"),
                         listed(different_, different)));
  if (withdrawn)
    out.warn(fmt::format("{} retracted; recording does not bring that back: {}. Use --retracted restore",
                         counted(withdrawn, "was", "were"), listed(withdrawn_, withdrawn)));
  if (sealed)
    out.note(fmt::format("{} sealed: not compared with what is here, and no more to be changed.",
                         counted(sealed, "is", "are")));
  if (by_hand)
    out.note(fmt::format("{} put right by hand (`ledger correct`) and left so.", counted(by_hand, "was", "were")));
}

}  // namespace wattline::ledger::imports
