// Keyword rules in one pass against RE2::Set (and Hyperscan where it is installed) over the same text; the
// sentence encoder against the floating-point work that it has to do.
#include <memory>

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <re2/set.h>

#include "ratios.h"
#include "text/dense.h"
#include "text/find_encoder.h"
#include "text/hashed_ngrams.h"
#include "text/keyword_matcher.h"
#include "text/language.h"
#include "text/shape.h"

#ifdef WATTLINE_HYPERSCAN
#include <hs/hs.h>
#endif

namespace wattline::text {
namespace {

// Twenty rules of ten keywords: the size of a routing policy.
const std::vector<KeywordRule>& rules() {
  static const auto made = [] {
    const std::vector<std::string> words = {"urgent",         "contract",    "prove",     "derive",    "refactor",
                                            "migration plan", "stack trace", "sources",   "treaty",    "dynasty",
                                            "roadmap",        "rollback",    "sharding",  "endpoint",  "recursion",
                                            "story",          "slogan",      "checklist", "liability", "indemnity"};
    std::vector<KeywordRule> all;
    for (std::size_t r = 0; r < 20; ++r) {
      KeywordRule rule{fmt::format("rule {}", r), {}, KeywordOperator::any, KeywordForm::literal};
      for (std::size_t k = 0; k < 10; ++k)
        rule.keywords.push_back(k == 0 ? words[r]
                                       : fmt::format("{} {}{}", words[(r + k) % 20], words[(r * 7 + k) % 20], k));
      all.push_back(rule);
    }
    return all;
  }();
  return made;
}

const std::string& prompt(std::size_t bytes) {
  static std::string text;
  static const std::string piece =
      "Please review this contract and tell me how the liability clause changes when the customer moves the endpoint; "
      "keep the answer short and cite your sources. The service restarts at night, and nobody knows why. ";
  text.clear();
  while (text.size() < bytes) text += piece;
  text.resize(bytes);
  return text;
}

template <std::size_t bytes>
void keyword_matcher(benchmark::State& state) {
  const KeywordMatcher matcher(rules());
  KeywordMatcher::Scratch scratch;
  const std::string& text = prompt(bytes);
  for (auto _ : state) benchmark::DoNotOptimize(matcher.match(text, scratch));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes));
}

template <std::size_t bytes>
void re2_set(benchmark::State& state) {
  re2::RE2::Options options;
  options.set_case_sensitive(false);
  options.set_max_mem(64 << 20);
  re2::RE2::Set set(options, re2::RE2::UNANCHORED);
  for (const auto& r : rules())
    for (const auto& k : r.keywords) set.Add("\\b" + re2::RE2::QuoteMeta(k) + "\\b", nullptr);
  set.Compile();
  const std::string& text = prompt(bytes);
  std::vector<int> found;
  for (auto _ : state) {
    found.clear();
    benchmark::DoNotOptimize(set.Match(text, &found));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes));
}

#ifdef WATTLINE_HYPERSCAN
template <std::size_t bytes>
void hyperscan(benchmark::State& state) {
  std::vector<std::string> patterns;
  for (const auto& r : rules())
    for (const auto& k : r.keywords) patterns.push_back("\\b" + re2::RE2::QuoteMeta(k) + "\\b");
  std::vector<const char*> texts;
  std::vector<unsigned> ids, flags;
  for (const auto& p : patterns) {
    texts.push_back(p.c_str());
    ids.push_back(static_cast<unsigned>(ids.size()));
    flags.push_back(HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH);
  }
  hs_database_t* database = nullptr;
  hs_scratch_t* scratch = nullptr;
  hs_compile_error_t* fault = nullptr;
  if (hs_compile_multi(texts.data(), flags.data(), ids.data(), static_cast<unsigned>(ids.size()), HS_MODE_BLOCK,
                       nullptr, &database, &fault) != HS_SUCCESS ||
      hs_alloc_scratch(database, &scratch) != HS_SUCCESS) {
    state.SkipWithError("Hyperscan does not take the patterns");
    return;
  }
  const std::string& text = prompt(bytes);
  int found = 0;
  const auto count = [](unsigned, unsigned long long, unsigned long long, unsigned, void* n) {
    ++*static_cast<int*>(n);
    return 0;
  };
  for (auto _ : state) {
    hs_scan(database, text.data(), static_cast<unsigned>(text.size()), 0, scratch, count, &found);
    benchmark::DoNotOptimize(found);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes));
  hs_free_scratch(scratch);
  hs_free_database(database);
}
#endif

void shape(benchmark::State& state) {
  ShapeScratch scratch;
  const std::string& text = prompt(1024);
  for (auto _ : state) benchmark::DoNotOptimize(shape_of(text, scratch));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * 1024));
}

void language(benchmark::State& state) {
  const std::string& text = prompt(1024);
  for (auto _ : state) benchmark::DoNotOptimize(language_of(text));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * 1024));
}

// Items are tokens: the inverse of items/s is the time of a token.
template <std::size_t bytes>
void sentence_encoder(benchmark::State& state) {
  static const FoundEncoder found = find_encoder();
  if (found.encoder->name() != "use-lite") {
    state.SkipWithError("the encoder package is not installed");
    return;
  }
  const std::string& text = prompt(bytes);
  std::vector<float> out(found.encoder->width());
  std::size_t tokens = 0;
  for (auto _ : state) tokens += found.encoder->encode(text, out).tokens;
  state.SetItemsProcessed(static_cast<std::int64_t>(tokens));
}

// The encoder's matrix products for as many tokens (39 for the shorter text, 128 for the longer), nothing else.
template <std::size_t tokens>
void matrix_products(benchmark::State& state) {
  struct Shape {
    std::size_t in, out;
  };
  std::vector<Dense> layers;
  for (const Shape s : {Shape{256, 768},
                        {256, 512},
                        {256, 512},
                        {512, 1536},
                        {1536, 512},
                        {512, 1536},
                        {512, 512},
                        {512, 1536},
                        {1536, 512}})
    layers.emplace_back(std::vector<float>(s.in * s.out, 0.01f), std::vector<float>(s.out), s.in, s.out);
  std::vector<float> x(tokens * 1536, 1.0f), y(tokens * 1536);
  for (auto _ : state)
    for (const Dense& d : layers) {
      d.apply(x.data(), y.data(), tokens);
      benchmark::DoNotOptimize(y.data());
    }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * tokens));
}

void hashed_ngrams(benchmark::State& state) {
  const HashedNgrams encoder;
  const std::string& text = prompt(256);
  std::vector<float> out(encoder.width());
  std::size_t units = 0;
  for (auto _ : state) units += encoder.encode(text, out).tokens;
  state.SetItemsProcessed(static_cast<std::int64_t>(units));
}

BENCHMARK(keyword_matcher<256>);
BENCHMARK(re2_set<256>);
BENCHMARK(keyword_matcher<65536>);
BENCHMARK(re2_set<65536>);
#ifdef WATTLINE_HYPERSCAN
BENCHMARK(hyperscan<256>);
BENCHMARK(hyperscan<65536>);
#endif
BENCHMARK(shape);
BENCHMARK(language);
BENCHMARK(sentence_encoder<192>);
BENCHMARK(matrix_products<39>);
BENCHMARK(sentence_encoder<2048>);
BENCHMARK(matrix_products<128>);
BENCHMARK(hashed_ngrams);

}  // namespace
}  // namespace wattline::text

int main(int argc, char** argv) {
  return wattline::bench::run(
      argc, argv,
      {{"keyword_matcher<256>", "re2_set<256>", "as long as RE2::Set over a prompt of 256 bytes"},
       {"keyword_matcher<65536>", "re2_set<65536>", "as long as RE2::Set over 64 KiB"},
       {"keyword_matcher<256>", "hyperscan<256>", "as long as Hyperscan over a prompt of 256 bytes"},
       {"keyword_matcher<65536>", "hyperscan<65536>", "as long as Hyperscan over 64 KiB"},
       {"sentence_encoder<192>", "matrix_products<39>", "its matrix products alone, some 39 tokens"},
       {"sentence_encoder<2048>", "matrix_products<128>", "its matrix products alone, 128 tokens"}});
}
