// The capability `ledger disclose-badge`: a small picture (SVG) for a README that says what a disclosure adds up to. Its
// figure is recomputed from energy, PUE and intensity, never the stated one; where the rules that it rests on do not
// hold it says "not verified". It asks nothing of any network.
#pragma once

#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "kernel/capability.h"

namespace wattline::ledger::disclose {

enum class BadgeTone { good, open, bad };
struct Badge {
  std::string label, value;  // "carbon disclosed", "0.72 kgCO2e, grade A"
  BadgeTone tone = BadgeTone::open;
  std::string description;  // for screen readers and whoever looks into the file
};
// One element, no script, no link, no font of its own.
std::string to_svg(const Badge&);

struct BadgeOptions {
  InputFile file;
  std::string write;
};
// What the manifest's own text gives; `text` is what the description's digest is of.
Badge badge_of(std::string_view text, const std::string& name, const catalog::Catalog&);
Result disclose_badge(const BadgeOptions&, Context&);
Capability badge_capability();

}  // namespace wattline::ledger::disclose
