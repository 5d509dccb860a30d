// Of many tools those that a request may need (wrp-router, section 9): each definition is paid for as prompt tokens by
// every request, used or not. Below `min_tools` nothing happens; else the best `keep` stay, ranked by the meaning of
// their texts, moved by what came of earlier requests (tools/outcome_vectors.h), and by BM25.
//
// Never dropped: what tool_choice names, what an earlier turn called, what has no name (a tool of the provider's own).
// Where tool_choice wants any tool at all, or the request cannot be read, all stay. A share `explore` of requests keeps
// all, so that a tool that is never sent has a chance to be used, and learning does not only confirm itself.
//
// What came of a choice is read from the next request of the same loop: the tool that was called for the user's question
// served it, or failed where its result says so. It is learned for whoever asks (owner) and no one else.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/plugins/draft.h"
#include "policy/settings.h"
#include "policy/tools/outcome_vectors.h"
#include "text/encoder.h"

namespace wattline::policy {

// Vectors of tools by their texts, and what each owner's tools served. Thread-safe; bounded: the text, or the owner's
// tool, that was not used for the longest goes first.
class ToolKnowledge {
 public:
  struct Options {
    std::size_t texts = 4096, tools = 16384;  // kept; a vector each, and two more of a tool with outcomes
    Refinement refinement;
    float keep = 0.98F;  // of older outcomes of a tool, at each new one
    float meaning = 0.6F;  // of a score; the rest is BM25's, of the best
  };
  ToolKnowledge(std::shared_ptr<const text::Encoder>, Options);
  explicit ToolKnowledge(std::shared_ptr<const text::Encoder> encoder) : ToolKnowledge(std::move(encoder), Options{}) {}

  // One score a text, higher is better; texts as searched_text() makes them.
  std::vector<float> scores(std::string_view owner, std::string_view query, std::span<const std::string> texts);
  // Nothing happens for an owner "".
  void served(std::string_view owner, std::string_view query, std::string_view text) {
    learn(owner, query, text, true);
  }
  void failed(std::string_view owner, std::string_view query, std::string_view text) {
    learn(owner, query, text, false);
  }
  // All of one owner's; how many tools there were.
  std::size_t forget(std::string_view owner);
  std::size_t tools() const;

 private:
  struct Known {
    std::vector<float> text;
    OutcomeVectors outcomes;
    std::list<std::string>::iterator used;
  };
  void learn(std::string_view owner, std::string_view query, std::string_view text, bool served);
  std::vector<float> vector_of(std::string_view text);

  const std::shared_ptr<const text::Encoder> encoder_;
  const Options options_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::vector<float>> texts_;
  std::list<std::string> texts_used_;  // the latest first
  std::unordered_map<std::string, std::list<std::string>::iterator> texts_at_;
  std::unordered_map<std::string, Known> tools_;  // by owner and text
  std::list<std::string> tools_used_;
};

struct ToolSelection {
  std::size_t keep = 5, min_tools = 8;
  double explore = 0.02;

  static ToolSelection read(Settings&);

  struct Done {
    std::size_t tools = 0, kept = 0;
    std::size_t bytes_before = 0, bytes_after = 0;  // of the definitions
    bool explored = false;
    std::vector<std::string> dropped;  // names
    std::string describe() const;  // "5 of 40 tools, 212 of 3,400 tokens"; "" when nothing was to be done
  };
  // `chance` gives numbers from 0 to below 1.
  Done apply(Draft&, ToolKnowledge&, std::string_view owner, const std::function<double()>& chance) const;
};

// What a request tells of the one before it: learned where its last messages are results of tools.
void learn_from_results(const Draft&, ToolKnowledge&, std::string_view owner);

}  // namespace wattline::policy
