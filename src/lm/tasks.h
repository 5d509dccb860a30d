// The tasks that the built-in models are trained and measured on: pure functions from a random
// stream to a question with its one right answer. Training and test problems are disjoint: by a hash
// of the problem (which numbers, which word), and for the facts tables by phrasing, since facts
// themselves must be seen to be known. Numbers are chosen with our own arithmetic on the stream, so
// a seed means the same problems everywhere.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::lm {

enum class Split { train, test };

struct Problem {
  std::string task;  // "addition-2"
  std::string key;  // what is asked, apart from how: "17+5"
  std::string prompt, answer;
  bool turned = false;  // the answer's numbers are generated least significant digit first
};

struct Task {
  std::string name;
  std::string description;  // what is asked, in which range
  double share = 1;  // of the training examples, beside those of the other tasks
  int level = 1;  // 1: what the smallest model is trained on; each larger model knows one level more
};

const std::vector<Task>& tasks();
// Error(not_found) for an unknown task, as make_problem.
void check_task(std::string_view task);
Problem make_problem(std::string_view task, Split, std::mt19937_64&);
// A task of up to that level, drawn by share.
Problem make_problem(Split, std::mt19937_64&, int level = 1);
constexpr int hardest_level = 3;
// Held-out problems in two halves, by what is asked: what is tuned on some of them (a router's predictions of these models) is
// judged on the others.
enum class Half { tuning, judging };
Half half_of(const Problem&);
// The next held-out problem of that half.
Problem make_held_out(Half, std::mt19937_64&, int level = 1);

// Whether the answer says what was asked for: equal but for case, outer spaces and a final stop.
bool is_right(std::string_view answer, std::string_view expected);

// The built-in workload: held-out questions with their answers, columns prompt, expected, task.
std::string_view first_light_csv();

// Predictions of which built-in model answers which prompt rightly (policy.quality.v1), learned from the tuning half;
// "" when this build has none. And the mean ln p above which an answer of theirs is mostly right.
std::string_view family_quality();
double family_verify_threshold();

}  // namespace wattline::lm
