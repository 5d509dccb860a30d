// What earlier conversations of one user said, kept in a bounded way and put before a later question where it bears on
// it (wrp-router, section 9): episodes of "Q: ... A: ..." of up to 16 KB, made every 3 turns from the last 5; an entropy
// gate that keeps no small talk; recall by BM25 with a half-life; a gate that drops what has too few of the question's
// words. Words only, no encoder: heuristic, and said so.
//
// Memory belongs to who asks with a key: without one nothing is kept or recalled. It can be read and erased. It lies in
// this process alone and is gone with it. What is recalled is put into the user's own message, never among the
// instructions: it is text of a user, with no more rights than that.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/time.h"
#include "policy/plugins/draft.h"
#include "policy/plugins/sentences.h"
#include "policy/settings.h"

namespace wattline::policy {

struct MemoryOptions {
  bool store = true, recall = true;
  std::size_t every = 3, span = 5;  // turns
  std::size_t max_chunk = 16'384;  // bytes
  double min_entropy = 2.5;  // bits a word, of the words of an episode
  std::size_t limit = 3, tokens = 500;  // of what is recalled
  double threshold = 0.34;  // share of the question's words of 4 letters or more that an episode must have
  double half_life_s = 7 * 86400.0;

  static MemoryOptions read(Settings&);
};

class MemoryStore {
 public:
  struct Bounds {
    std::size_t bytes = std::size_t{64} << 20, bytes_a_user = std::size_t{256} << 10, episodes_a_user = 64;
    double ttl_s = 30 * 86400.0;
  };
  struct Episode {
    std::string text;
    Time at;
  };
  struct Recalled {
    std::string text;
    double score = 0, share = 0;  // of words
    Time at;
  };
  explicit MemoryStore(Bounds b) : bounds_(b) {}
  MemoryStore() : MemoryStore(Bounds{}) {}

  // False: it is there already (then it is young again), or the owner is nobody.
  bool keep(std::string_view owner, std::string text, Time now);
  // The best first. `skip`: the text of an episode that is not wanted, for instance because the conversation has it.
  template <class F>
  std::vector<Recalled> recall(std::string_view owner, std::string_view query, const MemoryOptions& o, Time now,
                               F&& skip) {
    auto all = ranked(owner, query, o, now);
    std::erase_if(all, [&](const Recalled& r) { return skip(r.text); });
    if (all.size() > o.limit) all.resize(o.limit);
    return all;
  }
  std::vector<Episode> list(std::string_view owner, Time now) const;  // the latest first
  std::size_t forget(std::string_view owner);  // how many episodes
  std::size_t bytes() const;

 private:
  struct Kept {
    Episode episode;
    std::vector<TermCount> terms;
    double words = 0;
  };
  struct User {
    std::deque<Kept> episodes;  // the oldest first
    std::size_t bytes = 0;
    Time used;
  };
  std::vector<Recalled> ranked(std::string_view owner, std::string_view query, const MemoryOptions&, Time now);
  void drop_front(User&);
  void expire(User&, Time now);

  const Bounds bounds_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, User> users_;
  std::size_t bytes_ = 0;
};

// The turns of a conversation: what the user asked, and what the assistant answered in the end ("" where it did not).
struct Turn {
  std::string question, answer;
};
std::vector<Turn> turns_of(const Draft&);
// The episode to keep after `turns` (the last one answered), where one is due and tells enough; "" else.
std::string episode_of(const std::vector<Turn>& turns, const MemoryOptions&);
// Shannon's entropy of the distribution of words, bits.
double entropy_of(std::string_view text);
// Puts what is recalled before the user's last message. How many tokens (of 4 bytes) that took.
std::size_t put_before_question(Draft&, const std::vector<MemoryStore::Recalled>&, std::size_t most_tokens);

}  // namespace wattline::policy
