// What a look into the semantic cache costs among 10,000 and 100,000 questions: the graph beside the scan of all, and
// what adding costs. Vectors of 512 values around 2,000 subjects, as questions lie; `recall` is the share of searches
// whose nearest the graph finds.
#include <map>
#include <random>

#include <benchmark/benchmark.h>

#include "policy/cache/near_index.h"
#include "text/encoder.h"

namespace {

using namespace wattline;
using policy::NearIndex;

constexpr std::size_t width = 512, subjects = 2000;

std::vector<float> drawn(std::mt19937_64& random) {
  std::normal_distribution<float> normal;
  std::vector<float> v(width);
  for (float& x : v) x = normal(random);
  text::normalise(v);
  return v;
}

class Questions {
 public:
  Questions() {
    for (std::size_t i = 0; i < subjects; ++i) centres_.push_back(drawn(random_));
  }
  std::vector<float> next() {
    auto v = drawn(random_);
    const auto& centre = centres_[random_() % subjects];
    for (std::size_t i = 0; i < width; ++i) v[i] = centre[i] + 0.6f * v[i];
    text::normalise(v);
    return v;
  }

 private:
  std::mt19937_64 random_{7};
  std::vector<std::vector<float>> centres_;
};

const NearIndex& index_of(std::size_t n) {
  static std::map<std::size_t, NearIndex> made;
  const auto it = made.find(n);
  if (it != made.end()) return it->second;
  Questions questions;
  NearIndex index(width);
  for (std::size_t i = 0; i < n; ++i) index.add(i, questions.next());
  return made.emplace(n, std::move(index)).first->second;
}

std::vector<std::vector<float>> asked() {
  Questions questions;
  for (int i = 0; i < 1000; ++i) questions.next();
  std::vector<std::vector<float>> out;
  for (int i = 0; i < 64; ++i) out.push_back(questions.next());
  return out;
}

void graph(benchmark::State& state) {
  const NearIndex& index = index_of(static_cast<std::size_t>(state.range(0)));
  const auto queries = asked();
  std::size_t at = 0;
  for (auto _ : state) benchmark::DoNotOptimize(index.search(queries[at++ % queries.size()], 8));
  double found = 0;
  for (const auto& q : queries) found += index.search(q, 1).at(0).id == index.scan(q, 1).at(0).id;
  state.counters["recall"] = found / static_cast<double>(queries.size());
  state.counters["MiB"] = static_cast<double>(index.bytes()) / (1 << 20);
}
BENCHMARK(graph)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

void scan(benchmark::State& state) {
  const NearIndex& index = index_of(static_cast<std::size_t>(state.range(0)));
  const auto queries = asked();
  std::size_t at = 0;
  for (auto _ : state) benchmark::DoNotOptimize(index.scan(queries[at++ % queries.size()], 8));
}
BENCHMARK(scan)->Arg(1'000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

// At the size where one leaves for each that comes: tombstones and the next graph included.
void replace(benchmark::State& state) {
  Questions questions;
  const auto n = static_cast<std::uint64_t>(state.range(0));
  NearIndex index(width);
  std::uint64_t next = 0, oldest = 0;
  while (next < n) index.add(next++, questions.next());
  for (auto _ : state) {
    state.PauseTiming();
    const auto v = questions.next();
    state.ResumeTiming();
    index.remove(oldest++);
    index.add(next++, v);
  }
}
BENCHMARK(replace)->Arg(10'000)->Iterations(8000)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
