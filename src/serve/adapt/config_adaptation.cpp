// [adaptation] of the configuration file.
#include "serve/config_parts.h"

namespace wattline::serve {

void read_adaptation_table(TomlTable& root, AdaptationConfig& out) {
  auto t = root.table("adaptation");
  if (!t) return;
  auto users = static_cast<std::int64_t>(out.rule.users);
  t->read("enabled", out.enabled);
  t->read("prior", out.rule.prior, 0.1, 1e6);
  t->read("keep", out.rule.keep, 0.5, 1);
  t->read("half_life", out.rule.half_life, "s", Duration(60), Duration(3660.0 * 86400));
  t->read("most_shift", out.rule.most, 0, 0.5);
  t->read("explore", out.explore, 0, 0.5);
  t->read("users", users, 1, 1'000'000);
  t->read("file", out.file);
  out.rule.users = static_cast<std::size_t>(users);
  t->finish();
}

}  // namespace wattline::serve
