#include "serve/upstream.h"

#include <thread>

#include "kernel/time.h"

namespace wattline::serve {
namespace {

// Wall-clock shares of prefill and decode, where nothing better tells them apart.
void split_by_time(Answer& a, Energy total) {
  const bool known = a.first_token && a.latency.base() > 0;
  const double prefill = known ? std::min(1.0, a.first_token->base() / a.latency.base()) : 0;
  a.prefill = total * prefill;
  a.decode = total - a.prefill;
}

}  // namespace

const Basis& basis_now(const ServedModel& m) {
  if (!m.upstream || !m.upstream->metered) return *m.basis;
  const auto state = m.upstream->metered->state(static_cast<double>(monotonic_ns()) * 1e-9);
  return !state.known ? *m.basis : state.measured ? *m.metered_basis : *m.metered_model_basis;
}

void charge(Answer& a, const ServedModel& m, const Spent& s, const CpuEnergy& cpu) {
  a.basis = m.basis;
  Energy total{0}, sd{0};
  if (!s.reached) {
    a.prefill = a.decode = Energy(0);
  } else if (m.builtin) {
    const Duration spent = s.prefill_cpu + s.decode_cpu;
    total = cpu.of(spent);
    sd = cpu.sd_of(spent);
    a.prefill = cpu.of(s.prefill_cpu);
    a.decode = total - a.prefill;
  } else if (s.metered) {
    a.basis = s.metered->measured ? m.metered_basis : m.metered_model_basis;
    total = s.metered->energy;
    sd = s.metered->sd;
    split_by_time(a, total);
  } else if (m.upstream->share && s.cpu) {
    total = cpu.of(*s.cpu);
    sd = cpu.sd_of(*s.cpu);
    split_by_time(a, total);
  } else if (m.table) {
    if (m.unseen_basis) a.basis = m.unseen_basis;
    const auto cost = m.table->cost(static_cast<double>(s.tokens.in), static_cast<double>(s.tokens.cached),
                                    static_cast<double>(s.tokens.out), s.batch);
    total = cost.prefill + cost.decode;
    sd = cost.sd;
    a.prefill = cost.prefill;
    a.decode = cost.decode;
  } else {
    // The process cannot be seen and nothing models it: between none and all cores were busy with it.
    a.basis = m.unseen_basis;
    const Duration most =
        a.latency * static_cast<double>(std::max(1u, std::thread::hardware_concurrency())) / std::max(1.0, s.batch);
    total = cpu.of(most) / 2;
    sd = total / 1.96;
    split_by_time(a, total);
  }
  // Once for an answer, however often it was tried.
  const bool again = a.attempt == "retried" || a.attempt == "hedged";
  if (a.route && !again) {
    a.routing = cpu.of(a.route->cpu);
    total += a.routing;
    sd += cpu.sd_of(a.route->cpu);
  }
  if (a.look && !again) {
    a.looking = cpu.of(a.look->cpu);
    total += a.looking;
    sd += cpu.sd_of(a.look->cpu);
  }
  a.energy = Estimate<Energy>::with_sd(total, sd, a.basis->energy.method, {});
}

}  // namespace wattline::serve
