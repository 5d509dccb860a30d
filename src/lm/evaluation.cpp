#include "lm/evaluation.h"

#include <cmath>
#include <set>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/table.h"
#include "lm/corpus.h"
#include "lm/generate.h"

namespace wattline::lm {

Interval wilson(std::int64_t right, std::int64_t asked) {
  if (asked <= 0) return {0, 1};
  constexpr double z = 1.959963984540054;
  const auto n = static_cast<double>(asked);
  const double p = static_cast<double>(right) / n;
  const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  // Exact at the ends, where rounding would leave 1e-17.
  return {right == 0 ? 0 : std::max(0.0, middle - half), right == asked ? 1 : std::min(1.0, middle + half)};
}

TaskAccuracy evaluate(const Model& model, const std::string& task, int questions, std::mt19937_64 random,
                      const std::function<void(const Problem&, const std::string&, bool)>& on_answer) {
  TaskAccuracy result{task, 0, 0};
  std::set<std::string> asked;
  // Some tasks have few held-out questions; then all that a long search finds are asked.
  for (int draws = 0; draws < 40 * questions && result.asked < questions; ++draws) {
    const Problem p = make_problem(task, Split::test, random);
    if (!asked.insert(p.prompt).second) continue;
    const std::string answer = generate(model, p.prompt, {}).text;
    const bool right = is_right(answer, p.answer);
    ++result.asked;
    result.right += right;
    if (on_answer) on_answer(p, answer, right);
  }
  return result;
}

std::vector<TaskAccuracy> shipped_accuracy(std::string_view model) {
  const std::string name = fmt::format("{}.accuracy.csv", model);
  const Table t = read_csv(data_file(name), name);
  const auto& task = t.column("task").texts();
  const auto& asked = t.column("asked").integers();
  const auto& right = t.column("right").integers();
  std::vector<TaskAccuracy> all;
  for (std::size_t i = 0; i < task.size(); ++i) all.push_back({task[i], asked[i], right[i]});
  return all;
}

std::string accuracy_csv(const std::vector<TaskAccuracy>& all) {
  std::string out = "task,asked,right,accuracy,low,high\n";
  for (const auto& a : all) {
    const Interval i = wilson(a.right, a.asked);
    out += fmt::format("{},{},{},{:.4f},{:.4f},{:.4f}\n", a.task, a.asked, a.right, a.accuracy(), i.low, i.high);
  }
  return out;
}

}  // namespace wattline::lm
