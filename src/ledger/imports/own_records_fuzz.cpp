#include <string>
#include <vector>

#include "ledger/imports/import_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wattline::ledger::imports::fuzz_import(wattline::ledger::imports::Format::wattline, data, size);
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  const std::string csv =
      "run,kind,begin,end,energy [J],energy_low [J],energy_high "
      "[J],method,tokens_in,tokens_out,model,device,place,labels\n"
      "u1,run,2026-11-24T10:00:00Z,2026-11-24T10:00:05Z,12.5,9,17,measured,7,42,glow-xs,,FR,project=a\\;b;c=d\n";
  const std::string row =
      R"({"v":1,"writer":"w","seq":1,"prev":"","uid":"u","recorded":5,"corrects":"","factors":"x","kind":"run","begin":1,)"
      R"("end":2,"energy":{"value":3,"sd":1,"by":{"f":0.5},"method":"measured","signed":false,"sources":["s"]},"in":1,)"
      R"("out":2,"model":"m","device":"","place":"FR","labels":[["a","b"]]})"
      "\n";
  const std::string table =
      R"({"blocks":[{"type":"table","table":{"schema":"run.records.v1","columns":[{"name":"run"},{"name":"kind"},)"
      R"({"name":"begin"},{"name":"end"},{"name":"energy","unit":"J"},{"name":"method"}],"rows":[["u","run",)"
      R"("2026-11-24T10:00:00Z","2026-11-24T10:00:05Z",2.5,"modelled"]]}}]})";
  using namespace std::string_literals;
  return {"\0"s + csv, "\x10"s + csv, "\0"s + row + row, "\x20"s + row + row, "\0"s + table};
}
