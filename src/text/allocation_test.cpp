// The calls on a request's path allocate nothing once their scratch has seen a text as long.
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "text/bm25.h"
#include "text/shape.h"
#include "text/soft_keywords.h"
#include "text/structure.h"
#include "text/units.h"

namespace {
thread_local long allocations = 0;
}

// Sanitisers bring their own allocator, which libraries share.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WATTLINE_COUNTS_ALLOCATIONS 1
void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
#else
#define WATTLINE_COUNTS_ALLOCATIONS 0
#endif

namespace wattline::text {
namespace {

constexpr std::string_view prompt =
    "Please review the contract, step by step: 1) who is liable? 2) What if x + y = 3? Traceback: 请严格证明 ÉTÉ "
    "Error: it fails!! First we look, then we fix it.";

template <class F>
long allocations_of(F&& call) {
  for (int warm = 0; warm < 3; ++warm) call();
  const long before = allocations;
  for (int i = 0; i < 20; ++i) call();
  return allocations - before;
}

// Keeps the compiler from leaving the allocation out.
void use(void* p) { asm volatile("" : : "g"(p) : "memory"); }

TEST(Allocation, TheCounterCounts) {
  if (!WATTLINE_COUNTS_ALLOCATIONS) GTEST_SKIP() << "skipped: a sanitiser's allocator is used";
  EXPECT_EQ(allocations_of([] {
              int* p = new int(1);
              use(p);
              delete p;
            }),
            20);
}

TEST(Allocation, HotCallsAllocateNothing) {
  const std::vector<KeywordRule> rules = {
      {"a", {"contract", "liable", "证明"}}, {"b", {"step by step"}, KeywordOperator::all}, {"c", {R"(\d+\))"}}};
  const KeywordMatcher matcher(rules);
  KeywordMatcher::Scratch keywords;
  EXPECT_EQ(allocations_of([&] { matcher.match(prompt, keywords); }), 0);

  StructureRule dense{"d", StructureRule::Feature::density, StructureRule::Source::keywords};
  dense.keywords = {"contract", "if"};
  StructureRule order{"o", StructureRule::Feature::sequence, StructureRule::Source::sequences};
  order.sequences = {{"first", "then"}};
  StructureRule marks{"m", StructureRule::Feature::count, StructureRule::Source::pattern};
  marks.pattern = "[!?]";
  const std::vector<StructureRule> all = {dense, order, marks};
  const StructureRules structure(all);
  StructureRules::Scratch values;
  EXPECT_EQ(allocations_of([&] { structure.evaluate(prompt, values); }), 0);

  SoftKeywords::Scratch soft;
  for (const SoftMethod& method : {SoftMethod(Bm25Threshold{}), SoftMethod(JaccardThreshold{}),
                                   SoftMethod(SimilarityPercent{}), SoftMethod(EditLimit{})}) {
    const SoftKeywords rule(rules[0], method);
    EXPECT_EQ(allocations_of([&] { rule.match(prompt, soft); }), 0) << method.index();
  }
  ShapeScratch shape;
  EXPECT_EQ(allocations_of([&] { shape_of(prompt, shape); }), 0);
  EXPECT_EQ(allocations_of([&] { count_units(prompt); }), 0);
}

}  // namespace
}  // namespace wattline::text
