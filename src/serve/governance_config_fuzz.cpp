// Any text as a keys file or configuration: faults are listed, no value that may be a key is in one, and what
// was read is written and read again as the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "serve/governance_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::serve;
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::vector<wattline::Error> faults;
  const KeysFile read = read_keys_file(text, "fuzz.toml", faults);
  for (const auto& e : faults)
    if (std::string(e.what()).find("wl_") != std::string::npos) std::abort();
  if (!faults.empty()) return 0;
  const std::string written = keys_file_text(read);
  const KeysFile again = read_keys_file(written, "again.toml", faults);
  if (!faults.empty() || keys_file_text(again) != written || again.tenants.size() != read.tenants.size() ||
      again.keys.size() != read.keys.size())
    std::abort();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "[[tenant]]\nname = \"lab\"\nmodels = [\"llama-*\", \"x\"]\nrequests_per_minute = 60\ntokens_per_minute = "
      "1e5\nconcurrent = 3\nweight = 2.5\nsees = \"all\"\n"
      "[[tenant.budget]]\nenergy = \"5 kWh\"\nper = \"day\"\nsoft = 0.5\n[[tenant.budget]]\nusd = 12.5\nper = "
      "\"total\"\n",
      "[[key]]\nid = \"laptop\"\ntenant = \"lab\"\nsha256 = "
      "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"\nmodels = [\"a\"]\nexpires = "
      "\"2027-01-01T00:00:00Z\"\nrevoked = true\n",
      "[[key]]\ntenant = \"lab\"\nsha256 = \"wl_secret\"\n", "[[key]]\nkey = \"wl_secret\"\n"};
}
