// What routing algorithms have learned, over the life of configurations and of the process: [feedback] state.
//
// The file is JSON: {"version":1,"learned":[{"router","decision","algorithm","settings","state"}]}. An entry is for the
// algorithm of that router and decision with those settings; without "settings" it is for whatever settings they have,
// which is what `serve session-fit` writes. Entries that nobody has taken stay in the file.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "kernel/json.h"
#include "policy/selection.h"

namespace wattline::serve {

class LearnedState {
 public:
  struct Name {
    std::string router, decision, algorithm, settings;
    auto operator<=>(const Name&) const = default;
  };
  // Reads the file where there is one. Error: it is broken, or cannot be read.
  LearnedState(std::string file, std::function<void(std::string_view)> log);
  // Writes it.
  ~LearnedState();
  LearnedState(const LearnedState&) = delete;

  // The algorithm of this name: the one that was made before, else what `make` makes, with what the file says it has
  // learned. A state that does not fit is told in the log, and the algorithm begins anew.
  std::shared_ptr<policy::Selector> selector(const Name&,
                                             const std::function<std::unique_ptr<policy::Selector>()>& make);
  // An algorithm has learned: written at once, or with the next one some seconds later.
  void changed();

 private:
  void save();
  Json json();

  const std::string file_;
  const std::function<void(std::string_view)> log_;
  std::mutex mutex_;
  std::map<Name, std::shared_ptr<policy::Selector>> alive_;
  std::map<Name, Json> kept_;  // of the file, not taken by anybody
  std::int64_t saved_ns_ = 0;
};

// Of such a file. Error(bad_input), naming `where`.
std::map<LearnedState::Name, Json> read_learned_state(std::string_view content, const std::string& where);

}  // namespace wattline::serve
