#include "policy/plugins/answer_checks.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "text/bm25.h"
#include "text/language.h"
#include "text/units.h"

namespace wattline::policy {
namespace {

constexpr std::string_view names[] = {"empty", "refusal", "repetition", "json", "language", "numbers", "truncated"};

// As an answer begins that is none, in lower case. English only.
constexpr std::string_view refusals[] = {"i cannot ",
                                         "i can't ",
                                         "i can’t ",
                                         "i am unable to",
                                         "i'm unable to",
                                         "i’m unable to",
                                         "i am not able to",
                                         "i'm not able to",
                                         "i’m not able to",
                                         "i'm sorry, but i can",
                                         "i’m sorry, but i can",
                                         "i am sorry, but i can",
                                         "i'm sorry, i can",
                                         "sorry, but i can",
                                         "sorry, i can",
                                         "as an ai",
                                         "i won't ",
                                         "i will not ",
                                         "i must decline",
                                         "unfortunately, i can",
                                         "i apologize, but i can",
                                         "i'm not going to"};

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
  return s;
}

bool refuses(std::string_view text) {
  std::string begin(text.substr(0, 60));
  for (char& c : begin) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return std::any_of(std::begin(refusals), std::end(refusals),
                     [&](std::string_view r) { return begin.starts_with(r); });
}

// Whether the text is one JSON object or array. A fence of Markdown around it is none of it: who asked for JSON parses
// what came.
bool is_json(std::string_view text) {
  text = trimmed(text);
  if (text.empty() || (text[0] != '{' && text[0] != '[')) return false;
  try {
    parse_json(text);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

std::string_view to_string(AnswerCheck c) { return names[static_cast<std::size_t>(c)]; }

AnswerCheckOptions AnswerCheckOptions::read(Settings& s) {
  AnswerCheckOptions o;
  if (s.has("checks")) {
    o.on.fill(false);
    const std::vector<std::string> known(std::begin(names), std::end(names));
    for (const auto& name : s.texts("checks")) {
      const auto at = std::find(known.begin(), known.end(), name);
      if (at == known.end())
        s.fault("unknown-value", fmt::format("'checks' names '{}', which is no check", name),
                did_you_mean(name, known));
      else o.on[static_cast<std::size_t>(at - known.begin())] = true;
    }
  }
  o.action = static_cast<Action>(s.choice("action", {"tell", "block"}, 0));
  o.wants_json = s.flag("json", false);
  if (o.wants_json) o.on[static_cast<std::size_t>(AnswerCheck::json)] = true;
  return o;
}

std::vector<std::string> numbers_in(std::string_view text) {
  std::vector<std::string> out;
  const auto digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  for (std::size_t at = 0; at < text.size();) {
    if (!digit(at)) {
      ++at;
      continue;
    }
    std::string number;
    bool fraction = false;
    for (; at < text.size(); ++at) {
      if (digit(at)) number += text[at];
      // Groups of three; a point with digits behind it.
      else if (text[at] == ',' && !fraction && digit(at + 1) && digit(at + 2) && digit(at + 3) && !digit(at + 4))
        continue;
      else if (text[at] == '.' && !fraction && digit(at + 1)) {
        number += '.';
        fraction = true;
      } else break;
    }
    if (fraction) {
      while (number.back() == '0') number.pop_back();
      if (number.back() == '.') number.pop_back();
    }
    const std::size_t zeros = std::min(number.find_first_not_of('0'), number.size() - 1);
    number.erase(0, number[zeros] == '.' && zeros > 0 ? zeros - 1 : zeros);
    if (number.size() <= 2 && (number.size() == 1 || number < "13")) continue;
    out.push_back(std::move(number));
  }
  return out;
}

double repeated_share(std::string_view text) {
  std::vector<std::uint64_t> words;
  for (text::UnitWalk walk(text); walk.next() && words.size() < 20'000;) words.push_back(text::term_hash(walk.unit()));
  if (words.size() < 12) return 0;
  std::vector<bool> again(words.size(), false);
  for (std::size_t period = 3; period <= 40 && 2 * period <= words.size(); ++period) {
    std::size_t run = 0;  // words in a row that equal those one period before
    for (std::size_t i = period; i <= words.size(); ++i) {
      if (i < words.size() && words[i] == words[i - period]) {
        ++run;
        continue;
      }
      // Two repeats behind the first: three times in all.
      if (run >= 2 * period)
        for (std::size_t k = i - run; k < i; ++k) again[k] = true;
      run = 0;
    }
  }
  return static_cast<double>(std::count(again.begin(), again.end(), true)) / static_cast<double>(words.size());
}

AnswerContext answer_context(const Draft& d, const AnswerCheckOptions& o) {
  AnswerContext c;
  c.query = d.query();
  c.wants_json = o.wants_json;
  for (const auto& m : d.members)
    if (m.name == "response_format" && m.state != DraftMember::State::dropped)
      c.wants_json = c.wants_json || m.value.find("json") != std::string::npos;
  if (!o.on[static_cast<std::size_t>(AnswerCheck::numbers)]) return c;
  for (const auto& m : d.messages) {
    if (m.dropped) continue;
    for (const auto& t : m.texts) {
      // A question alone is nothing to answer from.
      c.has_context = c.has_context || m.role == Role::tool || t.text.size() > 400;
      for (auto& n : numbers_in(t.text)) c.numbers.push_back(std::move(n));
    }
  }
  std::sort(c.numbers.begin(), c.numbers.end());
  c.numbers.erase(std::unique(c.numbers.begin(), c.numbers.end()), c.numbers.end());
  return c;
}

std::vector<CheckFinding> check_answer(const AnswerText& a, const AnswerContext& c, const AnswerCheckOptions& o) {
  std::vector<CheckFinding> out;
  const auto on = [&](AnswerCheck k) { return o.on[static_cast<std::size_t>(k)]; };
  const std::string_view text = trimmed(a.text);
  if (on(AnswerCheck::truncated) && a.finish_reason == "length")
    out.push_back({AnswerCheck::truncated, "ended by its limit"});
  if (text.empty()) {
    if (on(AnswerCheck::empty) && !a.calls_tools) out.push_back({AnswerCheck::empty, "no text"});
    return out;
  }
  if (on(AnswerCheck::refusal) && refuses(text)) out.push_back({AnswerCheck::refusal, "begins as refusals do"});
  if (on(AnswerCheck::repetition))
    if (const double share = repeated_share(text); share >= 0.3)
      out.push_back({AnswerCheck::repetition, fmt::format("{:.0f} % of its words repeat", 100 * share)});
  if (on(AnswerCheck::json) && c.wants_json && !a.calls_tools && !a.cut && !is_json(text))
    out.push_back({AnswerCheck::json, "not one JSON object or array"});
  if (on(AnswerCheck::language) && !c.wants_json) {
    const auto asked = text::language_of(c.query), told = text::language_of(text);
    constexpr double sure = 0.7;
    if (asked.code != "und" && told.code != "und" && asked.code != told.code && asked.confidence >= sure &&
        told.confidence >= sure && text::count_units(c.query) >= 4 && text::count_units(text) >= 8)
      out.push_back({AnswerCheck::language, fmt::format("asked in {}, answered in {}", asked.code, told.code)});
  }
  if (on(AnswerCheck::numbers) && c.has_context) {
    auto told = numbers_in(text);
    std::sort(told.begin(), told.end());
    told.erase(std::unique(told.begin(), told.end()), told.end());
    const auto unknown = std::count_if(told.begin(), told.end(), [&](const std::string& n) {
      return !std::binary_search(c.numbers.begin(), c.numbers.end(), n);
    });
    if (unknown > 0)
      out.push_back(
          {AnswerCheck::numbers, fmt::format("{} of {} numbers stand nowhere in the request", unknown, told.size())});
  }
  return out;
}

}  // namespace wattline::policy
