// How many cards' lives a training run consumes, and how many cards stand installed for it; pure.
// S. Falk, N. Kluge Corrêa and others, From FLOPs to Footprints, arXiv 2512.04142, section of methods:
//
//   N         = C / (F * MFU * L * 31,536,000)      lives of cards, with a fraction; no cluster
//   N_cluster = C / (F * MFU * T)                   cards at once, of a run of T seconds
//
// C FLOP of the model, F dense peak in FLOP/s, MFU 0..1, L years of life. A card is taken to compute all of
// its life; `busy` below 1 says otherwise.
//
// C, MFU and L are log-normal where a range (95 %) is given, with a spread of its own to each side: so is N,
// the variances of the logarithms added (exact where both sides are alike). The outer bounds take every range
// at its worst.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/estimate.h"

namespace wattline::ledger::materials {

// A figure, and its 95 % range where it is known as one.
struct Ranged {
  double value = 0;
  std::optional<Interval> range;
  // Of the logarithm, below and above the value; 0 without a range.
  double sigma_down() const;
  double sigma_up() const;
  double low() const { return range ? range->low : value; }
  double high() const { return range ? range->high : value; }
};

struct Training {
  Ranged flop, mfu, years;
  double peak = 0;  // FLOP/s, dense
  double seconds_per_year = 31'536'000;
  double busy = 1;  // share of its life in which a card computes
  double spares = 0;  // cards more, as a share
};

// Lives of cards at one point.
double lives(double flop, double peak, double mfu, double years, double seconds_per_year);

struct Consumed {
  double value = 0;
  Interval interval;  // 95 %
  Interval bounds;  // every range at its worst
  double sigma_down = 0, sigma_up = 0;  // of the logarithm
};
Consumed consumed(const Training&);
// Cards at once, for a run of `seconds`: the life does not matter.
Consumed installed(const Training&, double seconds);

std::int64_t rounded(double cards);  // half up

}  // namespace wattline::ledger::materials
