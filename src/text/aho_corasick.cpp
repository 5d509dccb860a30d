#include "text/aho_corasick.h"

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::text {
namespace {

constexpr std::uint32_t none = UINT32_MAX;

struct Trie {
  std::uint32_t classes;
  std::vector<std::uint32_t> next;  // [state][class]
  std::vector<std::vector<std::uint32_t>> ends;  // needles by state

  std::uint32_t add_state() {
    next.resize(next.size() + classes, none);
    ends.emplace_back();
    return static_cast<std::uint32_t>(ends.size() - 1);
  }
  std::uint32_t& at(std::uint32_t state, std::uint32_t c) { return next[std::size_t{state} * classes + c]; }
};

// Breadth first: what is missing goes where the longest proper suffix goes.
void complete(Trie& trie) {
  std::vector<std::uint32_t> queue, fail(trie.ends.size(), 0);
  for (std::uint32_t c = 0; c < trie.classes; ++c) {
    if (trie.at(0, c) == none) trie.at(0, c) = 0;
    else queue.push_back(trie.at(0, c));
  }
  for (std::size_t k = 0; k < queue.size(); ++k) {
    const std::uint32_t state = queue[k];
    const auto& inherited = trie.ends[fail[state]];
    trie.ends[state].insert(trie.ends[state].end(), inherited.begin(), inherited.end());
    for (std::uint32_t c = 0; c < trie.classes; ++c) {
      std::uint32_t& to = trie.at(state, c);
      const std::uint32_t otherwise = trie.at(fail[state], c);
      if (to == none) {
        to = otherwise;
      } else {
        fail[to] = otherwise;
        queue.push_back(to);
      }
    }
  }
}

}  // namespace

AhoCorasick::AhoCorasick(std::span<const std::string> needles, std::size_t limit) {
  if (needles.empty()) return;
  for (const auto& needle : needles)
    for (const char c : needle) {
      auto& slot = class_of_[static_cast<unsigned char>(c)];
      if (slot == 0) slot = static_cast<std::uint16_t>(classes_++);
    }

  Trie trie{classes_, {}, {}};
  trie.add_state();
  for (std::uint32_t n = 0; n < needles.size(); ++n) {
    std::uint32_t state = 0;
    for (const char c : needles[n]) {
      const std::uint32_t by = class_of_[static_cast<unsigned char>(c)];
      if (trie.at(state, by) == none) {
        const std::uint32_t made = trie.add_state();
        trie.at(state, by) = made;
      }
      state = trie.at(state, by);
      if (trie.next.size() * sizeof(std::uint32_t) > limit)
        throw bad_input(fmt::format("{} keywords need more than {} MiB of search table", needles.size(), limit >> 20),
                        "keywords", "use fewer or shorter keywords");
    }
    trie.ends[state].push_back(n);
  }
  complete(trie);

  const auto states = static_cast<std::uint32_t>(trie.ends.size());
  std::vector<std::uint32_t> place(states);
  std::uint32_t at = 0;
  for (std::uint32_t s = 0; s < states; ++s)
    if (trie.ends[s].empty()) place[s] = at++;
  first_output_ = at * classes_;
  for (std::uint32_t s = 0; s < states; ++s)
    if (!trie.ends[s].empty()) {
      place[s] = at++;
      output_begin_.push_back(static_cast<std::uint32_t>(outputs_.size()));
      outputs_.insert(outputs_.end(), trie.ends[s].begin(), trie.ends[s].end());
    }
  output_begin_.push_back(static_cast<std::uint32_t>(outputs_.size()));
  next_.resize(trie.next.size());
  for (std::uint32_t s = 0; s < states; ++s)
    for (std::uint32_t c = 0; c < classes_; ++c)
      next_[std::size_t{place[s]} * classes_ + c] = place[trie.at(s, c)] * classes_;
}

}  // namespace wattline::text
