#include "lm/tasks.h"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "kernel/error.h"
#include "kernel/table.h"
#include "lm/corpus.h"
#include "lm/task_drawing.h"

namespace wattline::lm {
namespace {

const std::vector<Maker>& makers() {
  static const std::vector<Maker> all = [] {
    auto list = basic_makers();
    for (auto& m : harder_makers()) list.push_back(std::move(m));
    return list;
  }();
  return all;
}

const Maker& maker_of(std::string_view task) {
  std::vector<std::string> known;
  for (const auto& m : makers()) {
    if (m.task.name == task) return m;
    known.push_back(m.task.name);
  }
  throw unknown_name("task", task, known);
}

Problem named(const Maker& m, Split split, Random& random) {
  Problem p = m.make(random, split);
  p.task = m.task.name;
  return p;
}

std::string plain(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  if (text.size() > 1 && text.back() == '.') text.remove_suffix(1);
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

const std::vector<Task>& tasks() {
  static const std::vector<Task> all = [] {
    std::vector<Task> list;
    for (const auto& m : makers()) list.push_back(m.task);
    return list;
  }();
  return all;
}

void check_task(std::string_view task) { maker_of(task); }

Problem make_problem(std::string_view task, Split split, Random& random) {
  return named(maker_of(task), split, random);
}

Problem make_problem(Split split, Random& random, int level) {
  double total = 0;
  for (const auto& m : makers())
    if (m.task.level <= level) total += m.task.share;
  double at = static_cast<double>(random() >> 11) * 0x1p-53 * total;
  const Maker* last = nullptr;
  for (const auto& m : makers()) {
    if (m.task.level > level) continue;
    last = &m;
    if ((at -= m.task.share) < 0) break;
  }
  return named(*last, split, random);
}

Problem make_held_out(Half half, Random& random, int level) {
  while (true)
    if (Problem p = make_problem(Split::test, random, level); half_of(p) == half) return p;
}

bool is_right(std::string_view answer, std::string_view expected) { return plain(answer) == plain(expected); }

std::string_view family_quality() {
  return has_data_file("glow.quality") ? data_file("glow.quality") : std::string_view();
}

double family_verify_threshold() {
  const Table t = read_csv(data_file("glow.verify.csv"), "glow.verify.csv");
  return t.column("avg_logprob").numbers().at(0);
}

std::string_view first_light_csv() { return data_file("first-light.csv"); }

}  // namespace wattline::lm
