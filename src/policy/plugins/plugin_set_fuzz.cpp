// Settings of plugins and requests: any JSON object is read as the settings of every plugin, and what was read works on
// any text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/error.h"
#include "policy/plugins/plugin_set.h"
#include "policy/plugins/prompt_compression.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  using namespace wattline::policy;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t line = all.find('\n');
  const std::string_view text = line == std::string_view::npos ? all : all.substr(line + 1);
  Json fields = Json::Object{};
  try {
    Json read = parse_json(all.substr(0, line), {});
    if (read.is_object()) fields = std::move(read);
  } catch (const Error&) {}
  Policy p;
  p.fields.set("prompt_compression", fields);
  std::vector<Finding> findings;
  compress_prompt(text, prompt_compression_of(p, findings).value_or(CompressionOptions{}));
  for (const auto& type : plugin_types()) {
    Decision d;
    d.name = "d";
    d.plugins.push_back({std::string(type.name), "", fields, "fuzz:1"});
    const PluginSet set = read_plugins(p, d, findings);
    Draft draft;
    for (const Role role : {Role::system, Role::user, Role::assistant, Role::tool, Role::user}) {
      auto& m = draft.messages.emplace_back();
      m.role = role;
      m.texts.push_back({std::string(text)});
    }
    draft.members.push_back({"max_tokens", "5", DraftMember::State::kept});
    MemoryStore memory;
    PluginPlace place;
    place.owner = "o";
    place.memory = &memory;
    place.keep = [](std::string_view) { return std::string("id"); };
    PluginRun run(set);
    run.on_request(draft, place);
    run.check({text, "stop", false, false});
    run.remember(text, place);
    if (draft.messages.size() < 5) __builtin_trap();
  }
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"{\"system_prompt\":\"x\",\"mode\":\"replace\"}\nHello 1889. a@b.co",
          "{\"targets\":{\"tool_outputs\":{\"min_tokens\":50,\"target_tokens\":25},\"history\":{\"mode\":"
          "\"extractive\",\"min_tokens\":"
          "50,\"target_tokens\":25}},\"target_tokens\":16}\none two three. four five six? seven eight nine! ten eleven "
          "twelve. "
          "thirteen fourteen fifteen. sixteen seventeen. eighteen nineteen twenty. one two three four. five six seven "
          "eight. nine.",
          "{\"checks\":[\"json\"],\"json\":true,\"every_turns\":1,\"message\":\"m\",\"add\":[{\"name\":\"x-a\","
          "\"value\":\"b\"}],"
          "\"max_tokens_limit\":3}\n{\"a\":1}"};
}
