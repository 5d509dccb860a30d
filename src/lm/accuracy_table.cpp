#include "lm/evaluation.h"

namespace wattline::lm {

Table accuracy_table(const std::vector<TaskAccuracy>& all) {
  Table t("lm.accuracy.v1");
  t.text("task").number("accuracy", "%", "answers that say exactly what was asked for");
  t.number("low", "%", "95 % interval (Wilson)").number("high", "%", "95 % interval (Wilson)");
  t.integer("right").integer("asked").text("what", "what is asked");
  for (const auto& a : all) {
    const Interval i = wilson(a.right, a.asked);
    std::string what;
    for (const auto& task : tasks())
      if (task.name == a.task) what = task.description;
    t.add_row({a.task, 100 * a.accuracy(), 100 * i.low, 100 * i.high, a.right, a.asked, what});
  }
  return t;
}

}  // namespace wattline::lm
