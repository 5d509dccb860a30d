#include "lm/evaluation.h"

namespace wattline::lm {

Table accuracy_table(const std::vector<TaskAccuracy>& all) {
  Table t("lm.accuracy.v1");
  t.text("task").number("accuracy", "%", "answers that say exactly what was asked for");
  t.number("low", "%", "95 % interval (Wilson)").number("high", "%", "95 % interval (Wilson)");
  t.integer("right").integer("asked").integer("level", "",
                                              "1 is the easiest; the smallest model is trained on it alone");
  t.text("what", "what is asked");
  for (const auto& a : all) {
    const Interval i = wilson(a.right, a.asked);
    std::string what;
    std::int64_t level = 1;
    for (const auto& task : tasks())
      if (task.name == a.task) {
        what = task.description;
        level = task.level;
      }
    t.add_row({a.task, 100 * a.accuracy(), 100 * i.low, 100 * i.high, a.right, a.asked, level, what});
  }
  return t;
}

}  // namespace wattline::lm
