#include "serve/plugins/plugin_memory.h"

#include <random>

#include <fmt/format.h>

#include "serve/digest.h"
#include "serve/key_ring.h"
#include "serve/tenant.h"
#include "text/find_encoder.h"

namespace wattline::serve {

PluginMemory::PluginMemory() {
  std::random_device device;
  for (int i = 0; i < 8; ++i) secret_ += fmt::format("{:08x}", device());
}

policy::ToolKnowledge& PluginMemory::tools() {
  const std::lock_guard hold(making_);
  if (!tools_) tools_ = std::make_unique<policy::ToolKnowledge>(text::find_encoder().encoder);
  return *tools_;
}

void PluginMemory::forget_tools(std::string_view owner) {
  const std::lock_guard hold(making_);
  if (tools_) tools_->forget(owner);
}

std::string PluginMemory::context_id(std::string_view owner, std::string_view text) const {
  std::string all = secret_;
  all.append(std::to_string(owner.size())).append(":").append(owner).append(text);
  return "ctx-" + to_hex(sha256(all)).substr(0, 32);
}

std::string owner_of(const Access& access) {
  return access.key ? access.tenant->name() + "/" + access.key->id : std::string();
}

}  // namespace wattline::serve
