#include "text/soft_keywords.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/utf8.h"
#include "text/units.h"

namespace wattline::text {
namespace {

constexpr std::array<std::string_view, 38> function_words = {
    "a",    "an", "and", "are", "as", "at",   "be",   "by",   "do",    "for", "from", "how",  "i",
    "in",   "is", "it",  "me",  "my", "not",  "of",   "on",   "or",    "our", "so",   "that", "the",
    "this", "to", "up",  "was", "we", "what", "when", "with", "would", "you", "your", "can"};

bool function_word(std::string_view unit) {
  return std::find(function_words.begin(), function_words.end(), unit) != function_words.end();
}

void check_scale(const SoftMethod& method, const std::string& where) {
  const auto refuse = [&](double value, std::string_view what, std::string_view allowed) {
    throw bad_input(fmt::format("{} {} is out of its scale", what, value), where, fmt::format("allowed: {}", allowed));
  };
  if (const auto* m = std::get_if<Bm25Threshold>(&method); m && !(m->score >= 0))
    refuse(m->score, "BM25 threshold", "0 or more");
  if (const auto* m = std::get_if<JaccardThreshold>(&method); m && !(m->index >= 0 && m->index <= 1))
    refuse(m->index, "trigram threshold", "0 to 1");
  if (const auto* m = std::get_if<SimilarityPercent>(&method); m && !(m->percent >= 0 && m->percent <= 100))
    refuse(m->percent, "similarity", "0 to 100 percent");
  if (const auto* m = std::get_if<EditLimit>(&method); m && m->edits > 8)
    refuse(m->edits, "edit limit", "0 to 8 edits; a percentage of similarity is another option");
}

}  // namespace

SoftKeywords::SoftKeywords(const KeywordRule& rule, const SoftMethod& method)
    : op_(rule.op), letters_(rule.case_sensitive ? Case::keep : Case::fold), method_(method) {
  const std::string where = fmt::format("rule {}", shown_text(rule.name));
  check_scale(method, where);
  if (rule.keywords.empty())
    throw bad_input("a keyword rule without keywords never decides anything", where, "give it a keyword");
  std::vector<std::string> texts;
  for (const std::string& keyword : rule.keywords) {
    if (valid_utf8_prefix(keyword) != keyword.size())
      throw bad_input(fmt::format("'{}' is not UTF-8", shown_text(keyword)), where, "save the policy as UTF-8");
    std::string text = folded(keyword, letters_);
    if (text.starts_with(' ')) text.erase(0, 1);
    if (text.ends_with(' ')) text.pop_back();
    if (count_units(text) == 0)
      throw bad_input(fmt::format("'{}' holds no word", shown_text(keyword)), where, "remove it");
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
  }
  for (std::string& text : texts) {
    Keyword& k = keywords_.emplace_back();
    k.units = static_cast<std::uint32_t>(count_units(text));
    if (std::holds_alternative<JaccardThreshold>(method)) k.grams.assign(text);
    if (std::holds_alternative<SimilarityPercent>(method) || std::holds_alternative<EditLimit>(method))
      k.edits = EditPattern(text);
    std::string content;
    for (UnitWalk walk(text); walk.next();)
      if (!function_word(walk.unit())) content.append(walk.unit()).append(" ");
    if (!content.empty()) text = std::move(content);
  }
  if (const auto* m = std::get_if<Bm25Threshold>(&method)) {
    const std::vector<std::string_view> documents(texts.begin(), texts.end());
    bm25_ = Bm25(documents, m->parameters);
  }
}

// Every keyword against every run of as many units.
template <class Near>
void SoftKeywords::search(Scratch& scratch, Near&& near) const {
  scratch.units.clear();
  for (UnitWalk walk(scratch.buffer); walk.next();)
    scratch.units.emplace_back(static_cast<std::uint32_t>(walk.begin()), static_cast<std::uint32_t>(walk.end()));
  for (std::size_t k = 0; k < keywords_.size(); ++k) {
    const std::size_t run = keywords_[k].units;
    for (std::size_t i = 0; i + run <= scratch.units.size() && !scratch.found[k]; ++i) {
      const auto begin = scratch.units[i].first, end = scratch.units[i + run - 1].second;
      scratch.found[k] = near(keywords_[k], std::string_view(scratch.buffer).substr(begin, end - begin));
    }
  }
}

KeywordHit SoftKeywords::match(std::string_view text, Scratch& scratch) const {
  scratch.found.assign(keywords_.size(), 0);
  if (const auto* m = std::get_if<Bm25Threshold>(&method_)) {
    scratch.scores.resize(keywords_.size());
    bm25_.score(text, scratch.scores, scratch.bm25);
    for (std::size_t k = 0; k < keywords_.size(); ++k)
      scratch.found[k] = scratch.scores[k] > 0 && scratch.scores[k] >= m->score;
  } else {
    scratch.buffer.clear();
    fold_into(text, scratch.buffer, letters_);
    if (const auto* j = std::get_if<JaccardThreshold>(&method_))
      search(scratch, [&](const Keyword& k, std::string_view run) {
        scratch.grams.assign(run);
        return k.grams.jaccard(scratch.grams) >= j->index;
      });
    else if (const auto* s = std::get_if<SimilarityPercent>(&method_))
      search(scratch, [&](const Keyword& k, std::string_view run) { return k.edits.within(run, *s); });
    else
      search(scratch, [&, limit = std::get<EditLimit>(method_)](const Keyword& k, std::string_view run) {
        return k.edits.within(run, limit);
      });
  }
  KeywordHit hit;
  hit.total = static_cast<std::uint32_t>(keywords_.size());
  hit.found = static_cast<std::uint32_t>(std::count(scratch.found.begin(), scratch.found.end(), 1));
  hit.matched = op_ == KeywordOperator::any   ? hit.found > 0
                : op_ == KeywordOperator::all ? hit.found == hit.total
                                              : hit.found == 0;
  hit.confidence = hit.matched ? 0.5 + 0.5 * hit.found / hit.total : 0;
  return hit;
}

}  // namespace wattline::text
