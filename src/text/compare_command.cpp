// `text compare`: how alike two texts are, by every measure that routing uses.
#include <fmt/format.h>

#include "kernel/error.h"
#include "text/canonical.h"
#include "text/commands.h"
#include "text/edit_distance.h"
#include "text/find_encoder.h"
#include "text/fold.h"
#include "text/hashed_ngrams.h"
#include "text/language.h"
#include "text/ngrams.h"
#include "text/similarity.h"
#include "text/utf8.h"

namespace wattline::text {
namespace {

struct CompareOptions {
  std::string a, b;
};

Result compare_texts(const CompareOptions& o, Context&) {
  const FoundEncoder found = find_encoder();
  const Encoder& encoder = *found.encoder;
  Table t("text.similarity.v1");
  t.title = "Similarity";
  t.text("measure").number("value", "", "1 is alike").text("meaning");
  std::vector<float> a(encoder.width()), b(encoder.width());
  const EncodeFacts facts_a = encoder.encode(o.a, a), facts_b = encoder.encode(o.b, b);
  t.add_row({"cosine", static_cast<double>(dot(a, b)), fmt::format("of sentence vectors ({})", encoder.name())});
  if (encoder.has_tokens()) {
    const Similarity tokens = similarity(encoder, o.a, o.b);
    t.add_row({"late interaction a to b", tokens.precision, "mean over a's tokens of the best match in b"});
    t.add_row({"late interaction b to a", tokens.recall, "the other way"});
    t.add_row({"F1 of both", tokens.f1, "as BERTScore; likeness, not truth"});
  }
  const HashedNgrams ngrams;
  t.add_row(
      {"spelling", static_cast<double>(dot(ngrams.encoded(o.a), ngrams.encoded(o.b))), "cosine of hashed n-grams"});
  t.add_row({"trigrams", Trigrams(folded(o.a)).jaccard(Trigrams(folded(o.b))), "Jaccard index of character trigrams"});
  if (count_code_points(o.a) <= EditPattern::longest)
    t.add_row({"edits", EditPattern(folded(o.a)).similarity(folded(o.b)) / 100, "1 - edits / length of the longer"});

  Result r;
  r.title = fmt::format("cosine {:.3f}", static_cast<double>(dot(a, b)));
  r.add(std::move(t));
  const bool same = canonical_text(o.a) == canonical_text(o.b);
  r.note(same ? "Both have one cache key: they differ in case, spaces or final punctuation at most."
              : "They have different cache keys.");
  if (!same && confusable_skeleton(canonical_text(o.a)) == confusable_skeleton(canonical_text(o.b)))
    r.warn("they look alike and are not: letters of another script");
  if (facts_a.unknown_share > 0.2 || facts_b.unknown_share > 0.2)
    r.warn(fmt::format("{} does not know {:.0f} % of the tokens: its vectors say little here", encoder.name(),
                       100 * std::max(facts_a.unknown_share, facts_b.unknown_share)));
  if (facts_a.truncated || facts_b.truncated) r.warn("a text is longer than the encoder reads");
  r.note(fmt::format("Encoder: {} ({}), from {}.", encoder.name(), encoder.limits(), found.origin));
  return r;
}

}  // namespace

Capability compare_capability() {
  using O = CompareOptions;
  static const auto fields = Fields<O>()
                                 .text("a", &O::a, "one text")
                                 .required()
                                 .positional()
                                 .text("b", &O::b, "the other")
                                 .required()
                                 .positional();
  Capability c = capability<O>("text", "compare", "How alike two texts are.", compare_texts, fields);
  c.description =
      "The measures that signals and caches use, side by side: cosine of sentence vectors, late interaction of token "
      "vectors (ColBERT: Khattab and Zaharia 2020), spelling, trigrams, edits, and whether both have one cache key. A "
      "high cosine is no "
      "proof of one meaning: the small encoder gives 0.85 to \"What is the capital of France?\" and \"Paris is the "
      "capital of which country?\", and 0.51 to \"How do I reset my password?\" and \"I forgot my login credentials.\"";
  c.emits = {"text.similarity.v1"};
  c.examples = {{{"How do I reset my password?", "how do I reset  my password"}, {}, "one cache key"},
                {{"What is the capital of France?", "Paris is the capital of which country?"}, {}, "cosine"}};
  return c;
}

}  // namespace wattline::text
