#include <string>
#include <vector>

#include "kernel/error.h"
#include "policy/evaluate/workload.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto w = wattline::policy::read_workload(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
    wattline::policy::split_by_prompt(w);
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "subject,prompt,weak_correct,strong_correct,contaminated\nmath,\"1+1?\",1,1,0\nlaw,\"a, b\",0,1,1\n",
      "question_id,turn,prompt,a_score_1_10,b_score_1_10,a_response,b_energy_j\n81,2,Hi,7,9.5,abc,12.5\n",
      "{\"prompt\":\"a\",\"answers\":{\"s\":{\"quality\":0.5,\"energy_j\":2,\"votes\":[3,1]},\"l\":{\"quality\":1}}}\n"
      "{\"id\":\"x\",\"prompt\":\"b\",\"answers\":{\"l\":{\"quality\":0,\"avg_logprob\":-1}}}\n"};
}
