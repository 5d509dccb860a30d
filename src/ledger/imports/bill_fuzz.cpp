#include <string>
#include <vector>

#include "ledger/imports/import_fuzz.h"

// The second byte chooses the cloud.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using wattline::ledger::imports::Format;
  constexpr Format formats[] = {Format::aws, Format::gcp, Format::azure};
  if (size < 2) return 0;
  wattline::ledger::imports::fuzz_import(formats[data[0] % 3], data + 1, size - 1);
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  const std::string aws =
      "lineItem/LineItemId,lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/LineItemType,lineItem/UsageType,"
      "lineItem/UsageAmount,product/instanceType,product/regionCode,pricing/unit\n"
      "a1,2026-11-01T00:00:00Z,2026-11-02T00:00:00Z,Usage,EUC1-BoxUsage:g5.xlarge,24,g5.xlarge,eu-central-1,Hrs\n"
      "a2,2026-11-01T00:00:00Z,2026-11-02T00:00:00Z,Usage,BoxUsage:x9.y,24,,us-east-1,Hrs\n";
  const std::string gcp =
      "sku.description,usage_start_time,usage_end_time,location.region,usage.amount,usage.unit\n"
      "N1 Predefined Instance Core running in Paris,2026-11-01 00:00:00 UTC,2026-11-01 01:00:00 UTC,europe-west9,14400,"
      "seconds\nNvidia Tesla A100 GPU running in Paris,2026-11-01,2026-11-02,europe-west9,2,hour\n";
  const std::string azure =
      "Date,MeterCategory,MeterName,Quantity,UnitOfMeasure,ResourceLocation,AdditionalInfo\n"
      "11/24/2026,Virtual Machines,D2 v3/D2s v3,24,1 Hour,EU West,\"{\"\"ServiceType\"\":\"\"Standard_D2s_v3\"\"}\"\n"
      "2026-11-24,Virtual Machines,D2 v3/D2s v3,24,1 Hour,westeurope,\n";
  using namespace std::string_literals;
  return {"\0\0"s + aws, "\0\3"s + aws, "\1\0"s + gcp, "\1\3"s + gcp, "\2\0"s + azure, "\2\3"s + azure};
}
