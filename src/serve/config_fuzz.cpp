// Any text as a configuration: faults are listed, nothing else happens, and a key's value is in none.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "serve/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::serve;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto r = read_config(text, "fuzz.toml",
                             [](const std::string&) { return std::optional<std::string>("k3y-of-the-environment"); });
  for (const auto& e : r.faults)
    if (std::string(e.what()).find("k3y-of-the-environment") != std::string::npos) std::abort();
  check_whole(r.config);
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "[server]\nlisten = \"127.0.0.1:0\"\nplace = \"FR\"\npue = 1.2\napi_key_env = \"K\"\n[limits]\nbody = \"2 MB\"\n",
      "[[upstream]]\nname = \"a\"\nurl = \"https://x.example:8443/v1\"\ndevice = \"NVIDIA H100 SXM\"\nmodels = "
      "[\"m\"]\n"
      "[[upstream.model]]\nid = \"b\"\ncatalog = \"llama-3.1-8b\"\n",
      "[balance]\npolicy = \"weighted\"\nretries = 3\nhedge = { quantile = 0.9 }\n[[model]]\nid = \"m\"\nbalance = "
      "\"latency\"\n[[upstream]]\nname = \"a\"\n"
      "url = \"http://127.0.0.1:1\"\nweight = 2\ntier = 1\ndrain = true\napi_key_file = \"/dev/null\"\nhealth = { path "
      "= \"/health\" }\n"
      "breaker = { failures = 1 }\nmetrics = { path = \"/metrics\" }\nmodels = [\"m\"]\n",
      "[[agent]]\nname = \"g\"\nurl = \"http://127.0.0.1:9460\"\napi_key_env = \"K\"\ninterval = 1\n[[upstream]]\nname "
      "= \"a\"\n"
      "url = \"http://127.0.0.1:1\"\nmodels = [\"m\"]\nagent = { name = \"g\", consumer = \"container:c\", idle = "
      "\"nobody\" }\n",
      "[builtin]\nenabled = false\nworkers = 2\nmodels = [\"glow-xs\"]\n",
      "\xC3\xA9 = 1\n[ \xC3\xA9 ]\n"};
}
