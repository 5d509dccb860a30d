#include <string>
#include <vector>

#include "ledger/imports/import_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wattline::ledger::imports::fuzz_import(wattline::ledger::imports::Format::otel, data, size);
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  const std::string span =
      R"({"resourceSpans":[{"resource":{"attributes":[{"key":"cloud.region","value":{"stringValue":"eu-west-1"}}]},)"
      R"("scopeSpans":[{"spans":[{"spanId":"a","parentSpanId":"b","startTimeUnixNano":"1795532400000000000",)"
      R"("endTimeUnixNano":"1795532404000000000","attributes":[)"
      R"({"key":"gen_ai.request.model","value":{"stringValue":"llama-3.1-8b"}},)"
      R"({"key":"gen_ai.usage.input_tokens","value":{"intValue":"900"}},)"
      R"({"key":"gen_ai.usage.output_tokens","value":{"intValue":200}}]}]}]}]})"
      "\n";
  const std::string log =
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1795532404000000000","attributes":[)"
      R"({"key":"gen_ai.usage.output_tokens","value":{"intValue":"5"}},)"
      R"({"key":"energy.joules","value":{"doubleValue":1.5}}]}]}]}]})";
  using namespace std::string_literals;
  return {"\0"s + span, "\4"s + span + span, "\5"s + span, "\7"s + log + span, "\1{}[]"s};
}
