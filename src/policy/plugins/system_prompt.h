// The instruction that a decision gives its models: before those of the request, behind them, or in their place.
#pragma once

#include <string>

#include "policy/plugins/draft.h"
#include "policy/settings.h"

namespace wattline::policy {

struct SystemPrompt {
  // insert: before the first instruction, in the same message. append: behind the last one. replace: it alone; every
  // other system and developer message goes, also one in the middle of a conversation, so that whoever asks cannot
  // put another beside it.
  enum class Mode { insert, append, replace } mode = Mode::insert;
  std::string text;

  static SystemPrompt read(Settings&);
  std::string apply(Draft&) const;
};

}  // namespace wattline::policy
