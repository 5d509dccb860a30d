#include "policy/cache/agreement.h"

#include "policy/cache/particulars.h"
#include "text/canonical.h"
#include "text/proportion.h"
#include "text/units.h"

namespace wattline::policy {
namespace {

// Below this a word is most of the answer, and a vector says little.
constexpr std::size_t short_words = 8;

}  // namespace

Agreement agree(const text::Encoder& encoder, std::string_view a, std::string_view b, double least) {
  if (text::canonical_text(a) == text::canonical_text(b)) return {true, 1};
  Agreement out;
  out.likeness = static_cast<double>(text::dot(encoder.encoded(a), encoder.encoded(b)));
  const bool is_short = text::count_units(a) < short_words || text::count_units(b) < short_words;
  if (is_short) {
    const Particulars x = particulars_of(a), y = particulars_of(b);
    if (x.numbers != y.numbers || x.negations != y.negations) return out;
  }
  out.same = out.likeness >= least;
  return out;
}

Interval FalseHits::interval() const {
  return text::proportion_interval(static_cast<std::size_t>(wrong), static_cast<std::size_t>(judged));
}

}  // namespace wattline::policy
