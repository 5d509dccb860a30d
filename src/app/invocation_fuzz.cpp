// The words of a command line, one a line: which command they name, or an Error; and the options of that
// command read from its own words.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "app/invocation.h"
#include "kernel/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  try {
    const app::Invocation i = app::read_invocation(words, app::rooms());
    if (!i.capability && !i.help && !i.version) __builtin_trap();
    if (i.words.size() > words.size()) __builtin_trap();
    if (i.capability) options_from_arguments(*i.capability, i.words);
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"run\n--seed\n7\n--\nmake\n--json",
          "--quiet\nledger\ngreen-algorithms\n--cores\n12\n--runtime\n12 h\n--json",
          "study\ncompare\n--data=runs.csv\n--html\nx.html",
          "ledger\n--help",
          "help\npapers",
          "--version",
          "serve\nworkload\n--url\nhttp://127.0.0.1:8080\n--limit=3"};
}
