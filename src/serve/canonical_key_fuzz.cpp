#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "kernel/json.h"
#include "serve/canonical_key.h"

// A request has a key only where its text has a form; the form is its own form; and what the house's JSON
// reader makes of the text has one too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string form, again;
  const auto why = serve::append_canonical_json(form, text);
  const auto request = serve::canonical_request(text, {});
  if (request.why_not.empty() && !why.empty() && why != "a name given twice") __builtin_trap();
  if (!why.empty()) return 0;
  if (!serve::append_canonical_json(again, form).empty() || again != form) __builtin_trap();
  try {
    const Json meant = parse_json(text);
    std::string of_meaning;
    if (!serve::append_canonical_json(of_meaning, meant.dump()).empty()) __builtin_trap();
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      R"({"model":"m","messages":[{"role":"user","content":"H\u00e9\ud83d\ude00"}],"temperature":0.0,"stream":true,"stream_options":{"include_usage":true},"seed":90071992547409931})",
      R"({"b":[1,1.0,-0,10e-1,1e2,-0.0250E+3],"a":{"c":null,"b":true},"user":"x","store":false})", "[[[[]]]]",
      R"({"a":1,"a":2})", "1e999999999"};
}
