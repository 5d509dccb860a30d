// How often a model is right, task by task, on held-out problems.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/estimate.h"
#include "kernel/table.h"
#include "lm/model.h"
#include "lm/tasks.h"

namespace wattline::lm {

struct TaskAccuracy {
  std::string task;
  std::int64_t asked = 0, right = 0;

  double accuracy() const { return asked == 0 ? 0 : static_cast<double>(right) / static_cast<double>(asked); }
};

// 95 % interval of a proportion (Wilson 1927, J. Am. Stat. Assoc. 22:209); 0..1 when none was asked.
Interval wilson(std::int64_t right, std::int64_t asked);

// Asks up to `questions` different held-out questions of one task, greedily. `on_answer` sees each
// and may throw to stop.
TaskAccuracy evaluate(const Model&, const std::string& task, int questions, std::mt19937_64 random,
                      const std::function<void(const Problem&, const std::string& answer, bool right)>& on_answer = {});

// What was measured of a built-in model when it was made (src/lm/data/NAME.accuracy.csv).
std::vector<TaskAccuracy> shipped_accuracy(std::string_view model);
std::string accuracy_csv(const std::vector<TaskAccuracy>&);
// The same for people: schema lm.accuracy.v1.
Table accuracy_table(const std::vector<TaskAccuracy>&);

}  // namespace wattline::lm
