// A journal's bytes as a disk may give them back: reading ends, no entry runs past the bytes, and facts that are
// read and written again are the same.
#include <cstdint>
#include <string>
#include <vector>

#include "ledger/journal_record.h"

using namespace wattline;
using namespace wattline::ledger;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto must = [](bool holds) {
    if (!holds) __builtin_trap();
  };
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  JournalReader reader;
  Fact fact;
  JournalReader::ShapePtr shape;
  for (;;) {
    std::size_t used = 0;
    const auto found = reader.next(rest, fact, shape, used);
    must(used <= rest.size());
    if (found == JournalReader::Found::nothing || found == JournalReader::Found::damage) {
      must(used == 0);
      return 0;
    }
    must(used > 0);
    if (found == JournalReader::Found::fact) {
      const double sd = fact.energy.raw().by_factor().empty() ? fact.energy.raw().independent_sd()
                                                              : fact.energy.raw().by_factor().begin()->second;
      std::string again;
      append_fact(again, 0,
                  {fact.uid, fact.begin, fact.end, fact.energy.value(), Energy(sd), fact.tokens_in, fact.tokens_out});
      must(again.size() == used);
    }
    rest.remove_prefix(used);
  }
}

std::vector<std::string> wattline_fuzz_seeds() {
  Fact common;
  common.kind = "answer";
  common.labels = {{"status", "ok"}};
  common.energy = Estimate<Energy>::with_sd(Energy(1), Energy(1), Method::modelled, "source");
  common.energy.raw().attribute_to("factor");
  std::string bytes;
  append_shape(bytes, 0, common, "edition");
  append_fact(bytes, 0, {"uid", Time{1}, Time{2}, Energy(3), Energy(1), 4, 5});
  return {bytes};
}
