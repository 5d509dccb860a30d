#include "serve/semantic/claims.h"

#include <cmath>

#include <fmt/format.h>

#include "serve/semantic/memory_study.h"

namespace wattline::serve {
namespace {

constexpr std::size_t samples = 4000, bytes = 784;  // as many as, and as large as, the test images that we have

MemoryRun repeated_once(Context& context, double room) {
  auto random = context.random("memory claim");
  const auto inputs = made_up_samples(samples, bytes, random);
  return run_memory(inputs, duplicated_stream(samples, 1, random), room);
}

Claim memory_part() {
  return {6, "with every sample duplicated once, what was seen before is answered from memory without a network",
          "a shuffled stream in which each of 4,000 inputs comes twice, through our exact memory: wattline serve "
          "memory-study",
          [](Context& context) {
            const MemoryRun whole = repeated_once(context, 1), tight = repeated_once(context, 0.1);
            ClaimCheck c;
            c.verdict = whole.hits == samples && whole.wrong == 0 ? ClaimVerdict::holds : ClaimVerdict::differs;
            c.ours = fmt::format("{:.1f} % of {} inputs, {} wrong; {:.1f} % with room for a tenth of them",
                                 100 * whole.hit_share(), whole.inputs, whole.wrong, 100 * tight.hit_share());
            c.note = "exact keys; the paper's perceptual hashes also match other images, which is an error, not a hit";
            return c;
          }};
}

// The identity against a simulated pair of networks.
Claim identity() {
  return {6, "the energy of an input is (1 - h)(E_a + u E_b) + E_hash",
          "by the formula against our memory in front of two simulated networks that are charged as they run",
          [](Context& context) {
            auto random = context.random("memory identity");
            const auto inputs = made_up_samples(samples, bytes, random);
            const auto stream = duplicated_stream(samples, 1, random);
            const MemoryRun run = run_memory(inputs, stream);
            const double first = 2, second = 100, share = 0.33, hash = 0.05;
            double charged = hash * static_cast<double>(run.inputs);
            for (std::uint64_t n = 0; n < run.inputs - run.hits; ++n)
              charged += first + (static_cast<double>(random() >> 11) * 0x1p-53 < share ? second : 0);
            charged /= static_cast<double>(run.inputs);
            const double formula =
                memory_identity(run.hit_share(), Energy(first), Energy(second), share, Energy(hash)).base();
            ClaimCheck c;
            c.verdict = std::abs(charged / formula - 1) < 0.03 ? ClaimVerdict::holds : ClaimVerdict::differs;
            c.ours = fmt::format("{:.2f} mJ by the formula, {:.2f} mJ charged", formula, charged);
            c.note = "energies of the networks are ours (proposed)";
            return c;
          }};
}

Claim whole_saving() {
  return {6, "up to 85.8 % less energy than one large CNN, with every sample duplicated once",
          "memory part: wattline serve memory-study; the two networks follow with wattline learn dual",
          [](Context& context) {
            const double h = repeated_once(context, 1).hit_share();
            ClaimCheck c;
            c.verdict = ClaimVerdict::open;
            c.ours = fmt::format("{:.1f} % by the memory alone", 100 * h);
            c.note = fmt::format(
                "the factor 2 is in the stream: the pair of networks would have to save {:.1f} % of what is left, and "
                "without duplicates 71.6 % would be all of it",
                100 * (1 - (1 - 0.858) / (1 - h)));
            return c;
          }};
}

}  // namespace

std::vector<Claim> cache_claims() { return {memory_part(), identity(), whole_saving()}; }

}  // namespace wattline::serve
