#include "policy/structure.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <re2/re2.h>

#include "text/fold.h"
#include "text/units.h"

namespace wattline::policy {

struct Structure::Source {
  std::unique_ptr<RE2> pattern;  // a pattern, or all keywords as one
  std::vector<std::vector<std::string>> sequences;  // folded
  bool bytes = false;
};

namespace {

double count_matches(const RE2& pattern, std::string_view text) {
  re2::StringPiece rest(text.data(), text.size()), hit;
  std::size_t at = 0;
  double n = 0;
  while (at <= text.size() && pattern.Match(rest, at, text.size(), RE2::UNANCHORED, &hit, 1)) {
    n += !hit.empty();
    at = static_cast<std::size_t>(hit.data() - text.data()) + std::max<std::size_t>(1, hit.size());
  }
  return n;
}

// Whether the markers stand in the text in this order.
bool in_order(const std::vector<std::string>& markers, std::string_view folded) {
  std::size_t at = 0;
  for (const auto& marker : markers) {
    for (;;) {
      at = folded.find(marker, at);
      if (at == std::string_view::npos) return false;
      if (text::has_cjk(marker) || text::word_bounded(folded, at, at + marker.size())) break;
      ++at;
    }
    at += marker.size();
  }
  return true;
}

std::string as_pattern(const std::vector<std::string>& keywords) {
  std::vector<std::string> parts;
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  for (const auto& k : keywords) {
    if (k.empty()) continue;
    std::string part = RE2::QuoteMeta(k);
    if (is_word(k.front())) part.insert(0, "\\b");
    if (is_word(k.back())) part += "\\b";
    parts.push_back(std::move(part));
  }
  return fmt::format("{}", fmt::join(parts, "|"));
}

}  // namespace

Structure::Structure(Feature feature, std::shared_ptr<const Source> source, Predicate predicate)
    : feature_(feature), source_(std::move(source)), predicate_(predicate) {}

double Structure::measure(std::string_view text, StructureScratch& scratch) const {
  if (feature_ == Feature::sequence) {
    scratch.folded.clear();
    text::fold_into(text, scratch.folded);
    return std::any_of(source_->sequences.begin(), source_->sequences.end(),
                       [&](const auto& markers) { return in_order(markers, scratch.folded); });
  }
  const double hits = source_->bytes ? static_cast<double>(text.size()) : count_matches(*source_->pattern, text);
  if (feature_ == Feature::exists) return hits > 0;
  if (feature_ == Feature::count) return hits;
  const auto units = static_cast<double>(text::count_units(text));
  return units > 0 ? hits / units : 0;
}

double Structure::confidence(double value) const {
  return std::max(0.5, 1 / (1 + std::exp(-4 * predicate_.distance(value))));
}

std::optional<Structure> read_structure(Settings& s) {
  auto feature = s.block("feature");
  const Predicate predicate = s.predicate("predicate");
  if (!feature) {
    s.fault("missing-field", "it needs a 'feature'",
            "feature: { type: \"count\", source: { type: \"regex\", pattern: \"[?]\" } }");
    return {};
  }
  const auto kind = static_cast<Structure::Feature>(feature->choice("type", {"count", "exists", "sequence", "density"}));
  auto source = std::make_shared<Structure::Source>();
  bool right = false;
  if (auto from = feature->block("source")) {
    const int type = from->choice("type", {"regex", "keyword_set", "sequence", "text"});
    std::string pattern = from->text("pattern");
    const auto keywords = from->texts("keywords");
    const bool case_sensitive = from->flag("case_sensitive", false);
    if (const Json* all = from->raw("sequences"); all && all->is_array())
      for (const auto& markers : all->as_array()) {
        auto& out = source->sequences.emplace_back();
        if (markers.is_array())
          for (const auto& m : markers.as_array())
            if (m.is_string()) out.push_back(text::folded(m.as_string()));
        if (out.empty()) from->fault("wrong-type", "'sequences' must be a list of lists of texts");
      }
    from->finish();
    source->bytes = type == 3;
    if (type == 1) pattern = as_pattern(keywords);
    if (type <= 1 && pattern.empty()) from->fault("missing-field", type == 0 ? "it has no 'pattern'" : "it has no 'keywords'");
    else if (type <= 1) {
      RE2::Options options;
      options.set_log_errors(false);
      options.set_case_sensitive(case_sensitive);
      source->pattern = std::make_unique<RE2>(pattern, options);
      if (!source->pattern->ok()) from->fault("bad-pattern", fmt::format("the pattern '{}': {}", pattern, source->pattern->error()));
    }
    const bool sequential = kind == Structure::Feature::sequence;
    if (sequential != (type == 2))
      from->fault("wrong-source", sequential ? "a sequence needs a source of type 'sequence'"
                                             : "a source of type 'sequence' is for the feature 'sequence' alone");
    else right = type == 2 ? !source->sequences.empty() : type == 3 || (source->pattern && source->pattern->ok());
    if (type == 2 && source->sequences.empty()) from->fault("missing-field", "it has no 'sequences'");
  } else {
    feature->fault("missing-field", "it needs a 'source'");
  }
  feature->finish();
  if (!right) return {};
  return Structure(kind, std::move(source), predicate);
}

}  // namespace wattline::policy
