// The look-up against the roofline itself, across prompts, answers and batches.
#include "serve/energy_table.h"

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

const catalog::Catalog& known() {
  static const auto c = catalog::Catalog::load();
  return *c;
}

class Table : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Models, Table, testing::Values("llama-3.1-8b", "llama-3.1-70b", "mixtral-8x7b"),
                         [](const auto& i) { return std::string("m") + std::to_string(i.index); });

TEST_P(Table, AgreesWithTheRoofline) {
  const auto& model = known().model(GetParam());
  const auto& device = known().device("NVIDIA H100 SXM");
  physics::Serving serving;
  serving.devices = 4;
  const EnergyTable table(model, device, serving, 0, 256, known());
  for (const double batch : {1.0, 2.0, 3.0, 8.0, 24.0, 100.0, 256.0})
    for (const double prompt : {1.0, 7.0, 100.0, 1000.0, 6000.0})
      for (const double output : {1.0, 20.0, 300.0, 2000.0}) {
        serving.batch = batch;
        const auto exact = physics::predict(model, device, {prompt, output, 0}, serving, known());
        const auto quick = table.cost(prompt, 0, output, batch);
        const double want = (exact.prefill.energy.value() + exact.decode.energy.value()).base();
        EXPECT_NEAR((quick.prefill + quick.decode).base(), want, 0.08 * want)
            << "batch " << batch << " prompt " << prompt << " output " << output;
      }
}

TEST(EnergyTable, GrowsWithTokensAndFallsWithTheBatch) {
  const EnergyTable table(known().model("llama-3.1-8b"), known().device("NVIDIA H100 SXM"), {}, 0, 64, known());
  const auto total = [&](double in, double cached, double out, double batch) {
    const auto c = table.cost(in, cached, out, batch);
    return (c.prefill + c.decode).base();
  };
  EXPECT_EQ(total(0, 0, 0, 1), 0);
  EXPECT_LT(total(100, 0, 100, 1), total(100, 0, 101, 1));
  EXPECT_LT(total(100, 0, 100, 1), total(5000, 0, 100, 1));
  EXPECT_GT(total(100, 0, 100, 1), total(100, 0, 100, 2));
  EXPECT_GT(total(100, 0, 100, 2), total(100, 0, 100, 1000));
  EXPECT_LT(total(5000, 4000, 10, 8), total(5000, 0, 10, 8));
  EXPECT_GE(total(5000, 9000, 10, 8), 0);  // more cached than there is
  EXPECT_GT(table.cost(100, 0, 100, 1).sd.base(), 0);
  EXPECT_FALSE(table.sources().empty());
}

TEST(EnergyTable, AFixedBatchIsTakenWhateverIsUnderWay) {
  const EnergyTable table(known().model("llama-3.1-8b"), known().device("NVIDIA H100 SXM"), {}, 16, 64, known());
  EXPECT_EQ(table.cost(10, 0, 10, 1).decode.base(), table.cost(10, 0, 10, 64).decode.base());
}

}  // namespace
}  // namespace wattline::serve
