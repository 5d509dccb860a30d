// A recorded stream of questions through an exact and a semantic cache, offline: what would have hit, which of these
// hits would have been wrong, and what that would have cost and saved. No model is asked: labels judge.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/cache/agreement.h"
#include "policy/cache/categories.h"
#include "policy/cache/question_reader.h"
#include "policy/cache/recorded_questions.h"

namespace wattline::policy {

// What is the same at every threshold: vectors, and the CPU time they took.
struct SeenQuestions {
  std::vector<ReadQuestion> read;  // by row
  double cpu_s = 0;  // of all of them, each once
};
SeenQuestions see(const QuestionReader&, const RecordedQuestions&,
                  const std::function<void(double fraction)>& progress = {});

struct CacheReplayOptions {
  double threshold = 0.92;
  bool guard = true;
  double ttl_s = 3600;  // only where rows have times
  std::size_t bytes = std::size_t{64} << 20;
  std::size_t answer_bytes = 2048;  // of a kept answer
  bool exact = true;  // the exact cache in front
};

struct CacheReplayed {
  std::uint64_t questions = 0;
  std::uint64_t exact = 0;  // the very same text in the same scope
  std::uint64_t same_text = 0;  // but for case, spaces and final punctuation
  std::uint64_t similar = 0;  // by meaning
  std::uint64_t not_matched = 0;  // not to be matched by meaning: never looked up
  std::map<std::string, std::uint64_t, std::less<>> why_not, refused;  // by reason; refused by the guard
  FalseHits judged;  // of the similar hits those where both labels are known
  double joules = 0, joules_saved = 0;  // of all answers; of those given again. NaN where a row does not say
  double lookups_cpu_s = 0;  // of index and guard, without the encoder

  std::uint64_t hits() const { return exact + same_text + similar; }
};
CacheReplayed replay(const RecordedQuestions&, const SeenQuestions&, const CacheReplayOptions&);

// Pairs of one label that a cache could have found (each label's rows but its first).
std::uint64_t findable(const RecordedQuestions&);

}  // namespace wattline::policy
