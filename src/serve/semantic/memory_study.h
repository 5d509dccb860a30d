// A memory of exact inputs in front of networks: the memory component of "Reducing Inference Energy Consumption Using
// Dual Complementary CNNs" (Kinnas, Violos, Kompatsiaris, Papadopoulos, arXiv 2412.01039), by the gateway's exact
// cache. The paper's memory also has perceptual hashes, which give one key to different images; this one has not: an
// input is found by the SHA-256 of its bytes.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "kernel/quantity.h"

namespace wattline::serve {

// All different.
std::vector<std::string> made_up_samples(std::size_t samples, std::size_t bytes, std::mt19937_64&);

// The paper's stream: every sample once, `ratio` times as many again, shuffled. A whole ratio repeats each sample that
// often; of the rest as many as are left, drawn without putting back.
std::vector<std::uint32_t> duplicated_stream(std::size_t samples, double ratio, std::mt19937_64&);

struct MemoryRun {
  std::uint64_t inputs = 0, hits = 0, wrong = 0;  // wrong: found what another input had left
  double cpu_s = 0;  // hashing, looking up and keeping
  double hit_share() const { return inputs == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(inputs); }
};
// `room`: share of the samples that it has room for.
MemoryRun run_memory(std::span<const std::string> samples, std::span<const std::uint32_t> stream, double room = 1);

// Energy of an input: (1 - h)(E_a + u E_b) + E_hash.
Energy memory_identity(double hit_share, Energy first, Energy second, double second_share, Energy hash);

}  // namespace wattline::serve
