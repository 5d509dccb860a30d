#include "serve/answer.h"

#include <cmath>
#include <limits>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "serve/answers.h"

namespace wattline::serve {
namespace {

AnswerPtr answer(std::string id, std::shared_ptr<const Basis> basis, double joules = 2,
                 AnswerStatus status = AnswerStatus::ok) {
  Answer a;
  a.id = std::move(id);
  a.basis = std::move(basis);
  a.status = status;
  a.tokens_in = 10;
  a.tokens_out = 5;
  a.energy = Estimate<Energy>::with_sd(Energy(joules), Energy(joules / 10), Method::modelled, {});
  a.joules = {joules, joules / 2, joules * 2};
  return std::make_shared<const Answer>(std::move(a));
}
std::shared_ptr<const Basis> basis() {
  auto b = std::make_shared<Basis>();
  b->model = "m\"odel";
  b->upstream = "up";
  b->energy = figure_basis("J", Method::modelled, {"a source"});
  b->carbon = figure_basis("mgCO2e", Method::modelled, {});
  b->water = figure_basis("mL", Method::modelled, {});
  return b;
}

TEST(ShortNumber, IsWhatPrintfWrites) {
  for (const double v : {0.0, 1.0, -1.0, 9.9994, 9.9996, 10.0, 99995.0, 123456.0, 0.1, 0.00012341, 0.000099996, 1e-9,
                         3.3e21, 5e-300, 1e300, 100.0, 1e3, 1e4})
    EXPECT_EQ(short_number(v), fmt::format("{:.4g}", v)) << v;
  EXPECT_EQ(short_number(std::nan("")), "null");
  EXPECT_EQ(short_number(std::numeric_limits<double>::infinity()), "null");
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(-30, 30);
  for (int i = 0; i < 20000; ++i) {
    const double v = std::pow(10.0, exponent(random));
    EXPECT_NEAR(std::stod(short_number(v)), v, v * 0.5001e-3) << v;
  }
}

TEST(Answer, IsValidJsonWhateverItHolds) {
  Answer a = *answer("wl-1", basis());
  a.error = "line\nbreak \"quoted\" \xff";
  a.carbon.value = std::nan("");
  std::string whole, usage;
  append_json(whole, a);
  append_usage(usage, a);
  EXPECT_EQ(parse_json(whole).at("model").as_string(), "m\"odel");
  EXPECT_EQ(parse_json(whole).at("energy").at("sources").as_array().size(), 1u);
  EXPECT_TRUE(parse_json(usage).at("carbon").at("value").is_null());
  EXPECT_FALSE(parse_json(usage).at("energy").find("sources"));
}

}  // namespace
}  // namespace wattline::serve
