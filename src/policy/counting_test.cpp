#include <cstdlib>
#include <memory>
#include <new>

#include <gtest/gtest.h>

#include "policy/counting_testing.h"

namespace {
thread_local bool counting = false;
thread_local int allocations = 0;
}  // namespace

// Not inlined: the compiler would see free() after new.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (counting) ++allocations;
  if (void* p = std::malloc(size ? size : 1)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  if (counting) ++allocations;
  return std::malloc(size ? size : 1);
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace wattline::policy::tests {

CountAllocations::CountAllocations() { allocations = 0, counting = true; }
CountAllocations::~CountAllocations() { counting = false; }
int CountAllocations::so_far() const { return allocations; }

namespace {

TEST(CountAllocationsTest, Counts) {
  const CountAllocations count;
  const auto kept = std::make_unique<int>(3);
  EXPECT_EQ(count.so_far(), 1);
}

}  // namespace
}  // namespace wattline::policy::tests
