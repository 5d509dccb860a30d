// Counts what a thread takes from the heap; the operators are replaced in counting_test.cpp.
#pragma once

namespace wattline::policy::tests {

class CountAllocations {
 public:
  CountAllocations();
  ~CountAllocations();
  CountAllocations(const CountAllocations&) = delete;
  CountAllocations& operator=(const CountAllocations&) = delete;
  int so_far() const;
};

}  // namespace wattline::policy::tests
