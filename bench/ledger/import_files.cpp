#include "import_files.h"

#include <iterator>
#include <stdexcept>

#include <fmt/format.h>

namespace wattline::bench {
namespace {

// "2020-MM-DDThh:mm:ss" and on, in months of 28 days.
std::string clock(std::int64_t seconds, char between = 'T') {
  const std::int64_t day = seconds / 86'400, second = seconds % 86'400;
  return fmt::format("{}-{:02}-{:02}{}{:02}:{:02}:{:02}", 2020 + day / 336, 1 + day / 28 % 12, 1 + day % 28, between,
                     second / 3600, second / 60 % 60, second % 60);
}

template <class... Values>
void put(std::string& out, fmt::format_string<Values...> form, Values&&... values) {
  fmt::format_to(std::back_inserter(out), form, std::forward<Values>(values)...);
}

// Four experiments of ten projects in three countries.
void codecarbon(std::string& out, std::int64_t i) {
  static const char* const places[] = {"France,FRA,ile-de-france", "Germany,DEU,hesse", "Sweden,SWE,stockholm"};
  const double cpu = 0.0601 + static_cast<double>(i % 977) * 1e-5, gpu = 0.22 + static_cast<double>(i % 1009) * 1e-5;
  put(out,
      "{},project-{},{:08x}-1d6b-4e2f-be0c-7ad10f2f7c97,5b0fa12a-3dd7-45bb-9766-cc326314d9f1,{}.20380687713623,"
      "0.0168457032,4.67e-06,60.5,220.25,20.125,{:.12f},{:.12f},0.02,{:.12f},{},,,Linux-6.1.0-x86_64-with-glibc2.36,"
      "3.11.2,2.8.3,64,AMD EPYC 7763 64-Core Processor,1,1 x NVIDIA A100-SXM4-80GB,2.35,48.85,503.5,machine,N,1.0\n",
      clock(i * 5), i % 10, i * 2'654'435'761 % 4'294'967'296, 3600 + i % 600, cpu, gpu, cpu + gpu + 0.02,
      places[i % 3]);
}

void records(std::string& out, std::int64_t i) {
  const double joules = 11.25 + static_cast<double>(i % 1009) * 1e-3;
  put(out,
      "{:012x}-5bd1e995{:08x},answer,{}.250Z,{}.975Z,{},{},{},modelled,0.00018,0.0001,0.0003,0.0221,{},{},"
      "llama-3.1-8b,NVIDIA H100 SXM,FR,tenant=tenant-{};upstream=main;status=ok\n",
      i, i, clock(i * 3), clock(i * 3), joules, joules * 0.8, joules * 1.2, 23 + i % 11, 28 + i % 13, i % 20);
}

void rows(std::string& out, std::int64_t i) {
  const double joules = 11.25 + static_cast<double>(i % 1009) * 1e-3;
  put(out,
      R"({{"v":1,"writer":"4c12a161cc1c","seq":{},"prev":"{:064x}","uid":"wl-{:016x}","recorded":{},"corrects":"",)"
      R"("factors":"2026-11-25-ebb4bc","kind":"answer","begin":{},"end":{},"energy":{{"value":{},"sd":0,"by":)"
      R"({{"physics.gpu.power_residual":2.5}},"method":"modelled","signed":false,"sources":["NVIDIA H100 datasheet",)"
      R"("roofline of llama-3.1-8b on NVIDIA H100 SXM"]}},"in":{},"out":{},"model":"llama-3.1-8b",)"
      R"("device":"NVIDIA H100 SXM","place":"FR","labels":[["tenant","tenant-{}"],["status","ok"]]}})"
      "\n",
      i + 1, i, i, 1'764'000'000'000'000'000 + i * 40'000, 1'764'000'000'000'000'000 + i * 40'000,
      1'764'000'000'700'000'000 + i * 40'000, joules, 23 + i % 11, 28 + i % 13, i % 20);
}

void aws(std::string& out, std::int64_t i) {
  static const char* const types[] = {"m5.large", "g5.xlarge", "c5.2xlarge", "r5.xlarge"};
  static const char* const regions[] = {"eu-central-1", "us-east-1", "eu-west-1"};
  const char* type = types[i % 4];
  // Every fourth line is of storage, as bills have them.
  if (i % 4 == 3)
    put(out, "{:026x},{}Z,{}Z,Usage,AmazonS3,TimedStorage-ByteHrs,0.0000{:07},,{},GB-Mo,0.0000012,blue\n", i,
        clock(i / 40 * 3600), clock(i / 40 * 3600 + 3600), i % 10'000'000, regions[i % 3]);
  else
    put(out, "{:026x},{}Z,{}Z,Usage,AmazonEC2,BoxUsage:{},1.0000000000,{},{},Hrs,0.0960000000,blue\n", i,
        clock(i / 40 * 3600), clock(i / 40 * 3600 + 3600), type, type, regions[i % 3]);
}

void gcp(std::string& out, std::int64_t i) {
  const std::string begin = clock(i / 40 * 3600, ' '), end = clock(i / 40 * 3600 + 3600, ' ');
  if (i % 2 == 0)
    put(out,
        "Compute Engine,N1 Predefined Instance Core running in Paris,{} UTC,{} UTC,project-{},europe-west9,{},seconds,"
        "regular,0.0{:07}\n",
        begin, end, i % 10, 14'400 + i % 4001, i % 10'000'000);
  else
    put(out,
        "Compute Engine,N1 Predefined Instance Ram running in Paris,{} UTC,{} UTC,project-{},europe-west9,"
        "{}58496000,byte-seconds,regular,0.0{:07}\n",
        begin, end, i % 10, 579'820 + i % 4001, i % 10'000'000);
}

void azure(std::string& out, std::int64_t i) {
  static const char* const types[] = {"D2s_v3", "D4s_v3", "E4s_v3"};
  put(out,
      "{},Virtual Machines,{},{}.{:06},1 Hour,westeurope,\"{{\"\"ServiceType\"\":\"\"Standard_{}\"\",\"\"VMName\"\":"
      "\"\"vm-{}\"\",\"\"UsageType\"\":\"\"ComputeHR\"\"}}\",Usage,group-{}\n",
      clock(i / 200 * 86'400).substr(0, 10), types[i % 3], 1 + i % 23, i % 1'000'000, types[i % 3], i, i % 12);
}

void otel(std::string& out, std::int64_t i) {
  const std::int64_t begin = 1'795'532'400'000'000'000 + i * 40'000'000;
  put(out,
      R"({{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"bot"}}}}]}},)"
      R"("scopeSpans":[{{"spans":[{{"traceId":"{:032x}","spanId":"{:016x}","parentSpanId":"","name":"chat",)"
      R"("startTimeUnixNano":"{}","endTimeUnixNano":"{}","attributes":[)"
      R"({{"key":"gen_ai.request.model","value":{{"stringValue":"llama-3.1-8b"}}}},)"
      R"({{"key":"gen_ai.usage.input_tokens","value":{{"intValue":"{}"}}}},)"
      R"({{"key":"gen_ai.usage.output_tokens","value":{{"intValue":"{}"}}}}]}}]}}]}}]}})"
      "\n",
      i + 1, i + 1, begin, begin + 4'000'000'000, 23 + i % 1100, 28 + i % 130);
}

}  // namespace

const std::vector<ImportFile>& import_files() {
  static const std::vector<ImportFile> all = {
      {"codecarbon", "emissions.csv", false,
       "timestamp,project_name,run_id,experiment_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,"
       "cpu_energy,gpu_energy,ram_energy,energy_consumed,country_name,country_iso_code,region,cloud_provider,"
       "cloud_region,os,python_version,codecarbon_version,cpu_count,cpu_model,gpu_count,gpu_model,longitude,latitude,"
       "ram_total_size,tracking_mode,on_cloud,pue\n",
       &codecarbon},
      {"records", "records.csv", false,
       "run,kind,begin,end,energy [J],energy_low [J],energy_high [J],method,carbon [gCO2e],carbon_low [gCO2e],"
       "carbon_high [gCO2e],water [mL],tokens_in,tokens_out,model,device,place,labels\n",
       &records},
      {"rows", "rows.jsonl", true, "", &rows},
      {"aws", "aws.csv", false,
       "identity/LineItemId,lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/LineItemType,lineItem/ProductCode,"
       "lineItem/UsageType,lineItem/UsageAmount,product/instanceType,product/regionCode,pricing/unit,"
       "lineItem/UnblendedRate,resourceTags/user:Team\n",
       &aws},
      {"gcp", "gcp.csv", false,
       "service.description,sku.description,usage_start_time,usage_end_time,project.id,location.region,usage.amount,"
       "usage.unit,cost_type,cost\n",
       &gcp},
      {"azure", "azure.csv", false,
       "Date,MeterCategory,MeterName,Quantity,UnitOfMeasure,ResourceLocation,AdditionalInfo,ChargeType,"
       "ResourceGroup\n",
       &azure},
      {"otel", "spans.jsonl", true, "", &otel},
  };
  return all;
}

const ImportFile& import_file(std::string_view kind) {
  for (const auto& f : import_files())
    if (f.kind == kind) return f;
  throw std::invalid_argument(fmt::format("no kind of file '{}'", kind));
}

}  // namespace wattline::bench
