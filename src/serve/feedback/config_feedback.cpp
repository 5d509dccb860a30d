// [feedback] of the configuration file.
#include "serve/config_parts.h"

namespace wattline::serve {

void read_feedback_table(TomlTable& root, FeedbackConfig& out) {
  auto t = root.table("feedback");
  if (!t) return;
  t->read("enabled", out.enabled);
  t->read("per_minute", out.per_minute, 0.1, 100'000);
  t->read("influence", out.influence, 0, 1e6);
  t->read("half_life", out.half_life, "s", Duration(1), Duration(366.0 * 86400));
  t->read("kept", out.kept, 1, 1'000'000);
  t->read("file", out.file);
  t->read("state", out.state);
  t->finish();
}

}  // namespace wattline::serve
