// How likely a model still holds the prefix of a session, told from its times to first token (wrp-router, section 7).
#pragma once

#include <span>

namespace wattline::policy {

// `recent`: its last times to first token, s, any order; `observed`: that of this session; `age`: s since then.
// warm = p20, cold = p80, reference = p50; raw = (cold - observed) / max(cold - warm, reference / 10), within 0 .. 1;
// reliability = (n - 5) / 45 . ((cold - warm) / reference) / 0.15 . 2^(-age / 60), parts within 0 .. 1;
// the probability is reliability raw + (1 - reliability) / 2. 0.5 when nothing is known.
double cache_warmth(std::span<const double> recent, double observed, double age);

}  // namespace wattline::policy
