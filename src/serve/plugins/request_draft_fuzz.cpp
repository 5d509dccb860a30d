// Bodies as drafts: any JSON object is taken apart, and with its texts redacted, members dropped and an instruction put
// before its messages what is written is JSON again; without a change it is the body.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/error.h"
#include "kernel/json.h"
#include "policy/plugins/redaction.h"
#include "policy/plugins/system_prompt.h"
#include "serve/json_text.h"
#include "serve/plugins/request_draft.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  const std::string body(reinterpret_cast<const char*>(data), size);
  serve::RequestDraft broken(body);  // must end, whatever it is
  if (serve::check_json_object(body, "x")) return 0;
  serve::RequestDraft same(body);
  if (same.changed() || same.written() != body) __builtin_trap();
  serve::RequestDraft r(body);
  policy::Redaction redaction;
  redaction.apply(r.draft);
  bool first = true;
  for (auto& m : r.draft.members)
    if (m.name.find("mode") == std::string::npos && !std::exchange(first, false))
      m.state = policy::DraftMember::State::dropped;
  if (!r.draft.messages.empty()) policy::SystemPrompt{policy::SystemPrompt::Mode::replace, "s"}.apply(r.draft);
  try {
    parse_json(r.written());
  } catch (const Error&) {
    __builtin_trap();
  }
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      R"({"model":"m","messages":[{"role":"system","content":"x"},{"role":"user","content":[{"type":"text","text":"a@b.co"}]}],"user":"c@d.org","n":1})",
      R"( {"a" : [1, 2] , "messages":[ {"role":"assistant","tool_calls":[{"function":{"arguments":"{}"}}]} , 1 ] , "model":"m" } )"};
}
