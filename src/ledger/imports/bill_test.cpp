// `ledger import` of the bills of AWS, Google and Azure.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/imports/import_testing.h"

namespace wattline::ledger::imports {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Bill : public Import {};

constexpr const char* aws_head =
    "identity/LineItemId,lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/LineItemType,lineItem/ProductCode,"
    "lineItem/UsageType,lineItem/UsageAmount,product/instanceType,product/regionCode,pricing/unit,resourceTags/"
    "user:Team\n";

TEST_F(Bill, AwsHoursAreModelledFromTheMachinesParts) {
  ImportOptions o;
  o.rented.load = 50;
  o.labels = {"team=resourceTags/user:Team"};
  const Result r =
      run(std::string(aws_head) +
              "a1,2026-11-01T00:00:00Z,2026-11-02T00:00:00Z,Usage,AmazonEC2,EUC1-BoxUsage:g5.xlarge,24,g5.xlarge,eu-"
              "central-1,"
              "Hrs,blue\n"
              "a2,2026-11-01T00:00:00Z,2026-11-02T00:00:00Z,Usage,AmazonS3,EUC1-TimedStorage,3,,eu-central-1,GB-Mo,\n"
              "a3,2026-11-01T00:00:00Z,2026-11-02T00:00:00Z,Tax,AmazonEC2,,1,,,,\n",
          o, "bill.csv");
  const auto all = rows();
  ASSERT_EQ(all.size(), 1u);
  const auto& c = *shared_catalog();
  const double idle = c.factor("import.instance.vcpu_idle").value, full = c.factor("import.instance.vcpu_full").value;
  const double gb = 16 * 1.073741824;
  const double watts = 4 * (idle + 0.5 * (full - idle)) + gb * c.factor("physics.memory.power").value +
                       300 * c.factor("import.instance.gpu_power").value;
  EXPECT_NEAR(all[0].fact.energy.value().in(units::kWh), watts * 24 / 1000, 1e-9);
  EXPECT_EQ(all[0].fact.energy.method(), Method::modelled);
  EXPECT_GT(all[0].fact.energy.low().base(), 0);
  EXPECT_EQ(all[0].fact.place, "aws/eu-central-1");
  EXPECT_EQ(all[0].fact.device, "NVIDIA A10G");
  EXPECT_EQ(label(all[0], "instance"), "g5.xlarge");
  EXPECT_EQ(label(all[0], "team"), "blue");
  EXPECT_THAT(text(r), AllOf(HasSubstr("line type Tax"), HasSubstr("no rented machine")));
}

TEST_F(Bill, AnUnknownInstanceIsRefusedOrCounted) {
  const std::string bill =
      std::string(aws_head) +
      "a1,2026-11-01T00:00:00Z,2026-11-02T00:00:00Z,Usage,AmazonEC2,BoxUsage:m99.large,24,m99.large,"
      "us-east-1,Hrs,\n"
      "a2,2026-11-01T00:00:00Z,2026-11-02T00:00:00Z,Usage,AmazonEC2,BoxUsage:p2.xlarge,1,p2.xlarge,"
      "us-east-1,Hrs,\n";
  EXPECT_THAT(error_of(bill, {}, "bill.csv"),
              AllOf(HasSubstr("bill.csv:2:8"), HasSubstr("m99.large"), HasSubstr("--skip-unknown")));
  ImportOptions o;
  o.skip_unknown = true;
  const Result r = run(bill, o, "bill.csv");
  EXPECT_THAT(text(r), AllOf(HasSubstr("0 new"), HasSubstr("not known (--skip-unknown)"), HasSubstr("accelerator")));
  EXPECT_THAT(error_of(std::string(aws_head) +
                           "a1,2026-11-01T00:00:00Z,2026-11-02T00:00:00Z,Usage,AmazonEC2,BoxUsage:m5.large,24,m5.large,"
                           "mars-north-1,Hrs,\n",
                       {}, "bill.csv"),
              AllOf(HasSubstr("aws/mars-north-1"), HasSubstr("--place")));
}

TEST_F(Bill, GoogleBillsPartsByThemselves) {
  const std::string bill =
      "service.description,sku.description,usage_start_time,usage_end_time,project.id,location.region,usage.amount,"
      "usage.unit,cost_type\n"
      "Compute Engine,N1 Predefined Instance Core running in Paris,2026-11-01 00:00:00 UTC,2026-11-01 01:00:00 UTC,p,"
      "europe-west9,14400,seconds,regular\n"
      "Compute Engine,N1 Predefined Instance Ram running in Paris,2026-11-01 00:00:00 UTC,2026-11-01 01:00:00 UTC,p,"
      "europe-west9,57982058496000,byte-seconds,regular\n"
      "Compute Engine,Nvidia Tesla A100 GPU running in Paris,2026-11-01 00:00:00 UTC,2026-11-01 01:00:00 UTC,p,"
      "europe-west9,2,hour,regular\n"
      "Cloud Storage,Standard Storage Paris,2026-11-01 00:00:00 UTC,2026-11-01 01:00:00 "
      "UTC,p,europe-west9,1,byte-seconds,"
      "regular\n";
  run(bill, {}, "gcp.csv");
  const auto all = rows();
  ASSERT_EQ(all.size(), 3u);
  const auto& c = *shared_catalog();
  const double idle = c.factor("import.instance.vcpu_idle").value, full = c.factor("import.instance.vcpu_full").value;
  const auto of = [&](const char* part) {
    for (const auto& row : all)
      if (label(row, "part") == part) return row.fact.energy.value().in(units::kWh)*1000;
    return -1.0;
  };
  EXPECT_NEAR(of("cores"), 4 * (idle + c.factor("import.instance.load").value * (full - idle)), 1e-9);
  EXPECT_NEAR(of("memory"), 15 * 1.073741824 * c.factor("physics.memory.power").value, 1e-9);
  EXPECT_NEAR(of("accelerators"), 2 * 400 * c.factor("import.instance.gpu_power").value, 1e-9);
  EXPECT_EQ(all[0].fact.place, "gcp/europe-west9");
}

TEST_F(Bill, AzureDaysOfMachines) {
  const std::string azure =
      "Date,MeterCategory,MeterName,Quantity,UnitOfMeasure,ResourceLocation,AdditionalInfo,ChargeType\n";
  const std::string row =
      "11/24/2026,Virtual Machines,D2s v3,24,1 Hour,EU West,\"{\"\"ServiceType\"\":\"\"Standard_D2s_v3\"\"}\",Usage\n";
  run(azure + row + "11/24/2026,Storage,Disks,1,1/Month,EU West,,Usage\n", {}, "azure.csv");
  const auto all = rows();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(to_string(all[0].fact.begin), "2026-11-24T00:00:00Z");
  EXPECT_EQ(to_string(all[0].fact.end), "2026-11-25T00:00:00Z");
  EXPECT_EQ(all[0].fact.place, "azure/westeurope");
  EXPECT_EQ(label(all[0], "instance"), "d2s_v3");
  EXPECT_THAT(error_of(azure + "2026-11-24,Virtual Machines,D2s v3,24,100 Hours,westeurope,,Usage\n", {}, "b.csv"),
              AllOf(HasSubstr("100 Hours"), HasSubstr("b.csv:2:5")));
  EXPECT_THAT(error_of(azure + "24/11/2026,Virtual Machines,D2s v3,24,1 Hour,westeurope,,Usage\n", {}, "b.csv"),
              HasSubstr("month first"));
}

}  // namespace
}  // namespace wattline::ledger::imports
