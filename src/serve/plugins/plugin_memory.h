// What plugins keep beyond a request, for as long as the program runs: episodes of users, and what was left out of
// requests. Each belongs to the key that asked. Safe from any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "policy/plugins/kept_context.h"
#include "policy/plugins/memory.h"
#include "policy/plugins/tool_selection.h"
#include "serve/routes.h"

namespace wattline::serve {

struct PluginMemory {
  PluginMemory();

  policy::MemoryStore episodes;
  policy::KeptContext context;
  // What came of tools; made, with the encoder that there is, when it is first asked for.
  policy::ToolKnowledge& tools();
  void forget_tools(std::string_view owner);

  // Under which a text of an owner is kept: nobody can guess it, and the same text has the same one, so that a
  // conversation that is sent again reads the same.
  std::string context_id(std::string_view owner, std::string_view text) const;

 private:
  std::string secret_;
  std::mutex making_;
  std::unique_ptr<policy::ToolKnowledge> tools_;
};

// Whose a request is: "tenant/key"; "" without a key.
std::string owner_of(const Access&);

}  // namespace wattline::serve
