#include "ledger/project/use_cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline::ledger {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const PortfolioModel& model() {
  static const PortfolioModel m = portfolio_model(*catalog::Catalog::load());
  return m;
}
std::vector<UseCase> read(std::string_view text) { return read_use_cases(text, "cases.csv", model()); }
std::string refused(std::string_view text) {
  try {
    read(text);
    return "taken";
  } catch (const Error& e) {
    return e.what();
  }
}
const std::string header = "name,task,users,requests_per_day,size\n";

TEST(UseCases, CsvWithDefaults) {
  const auto all = read(header + "Help desk,chat,1200,4.5,high\nSearch,RAG,50,3,\nTables,tabular,3,1000,\n");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].name, "Help desk");
  EXPECT_EQ(all[0].task, AiTask::chat);
  EXPECT_EQ(all[0].sizes[2], 1);
  EXPECT_DOUBLE_EQ(all[0].inferences(), 1200 * 4.5 * 250);
  EXPECT_DOUBLE_EQ(all[0].tokens_out, 208.45);
  EXPECT_EQ(all[1].sizes, model().mix);
  EXPECT_EQ(all[2].hosting, Hosting::cloud);
}

TEST(UseCases, SpellingsOfColumnsAndSeparators) {
  const auto all = read(
      "\xEF\xBB\xBFName;Task;Users;Requests per day;Size low [%];size-high [%];Hosting\r\n"
      "\"A; B\";agents;10;2;40 %;60;owned\r\n\r\n");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].name, "A; B");
  EXPECT_DOUBLE_EQ(all[0].sizes[0], 0.4);
  EXPECT_DOUBLE_EQ(all[0].sizes[2], 0.6);
  EXPECT_EQ(all[0].hosting, Hosting::owned);
}

TEST(UseCases, JsonIsTheSame) {
  const auto csv = read(header + "A,chat,10,2,low\n");
  for (const char* text :
       {R"([{"name":"A","task":"chat","users":10,"requests_per_day":2,"size":"low"}])",
        R"( {"use_cases":[{"size":"low","name":"A","task":"chat","users":"10","requests_per_day":2.0}]})"}) {
    const auto json = read(text);
    ASSERT_EQ(json.size(), 1u);
    EXPECT_EQ(json[0].inferences(), csv[0].inferences());
    EXPECT_EQ(json[0].sizes, csv[0].sizes);
  }
}

TEST(UseCases, ErrorsNameRowAndColumn) {
  EXPECT_THAT(refused(header + "A,chat,10,2,low\nB,chat,ten,2,low\n"),
              AllOf(HasSubstr("cases.csv:3"), HasSubstr("users"), HasSubstr("'ten'")));
  EXPECT_THAT(refused(header + "A,chat,\"1,200\",2,low\n"), HasSubstr("'1,200' is no number"));
  EXPECT_THAT(refused(header + "A,chat,-1,2,low\n"), HasSubstr("'-1' found; 0 to"));
  EXPECT_THAT(refused(header + "A,chat,nan,2,low\n"), HasSubstr("is no number"));
  EXPECT_THAT(refused(header + "A,chat,1e400,2,low\n"), HasSubstr("is no number"));
  EXPECT_THAT(refused(header + "A,chatt,1,2,low\n"), AllOf(HasSubstr("cases.csv:2: task"), HasSubstr("chat, rag")));
  EXPECT_THAT(refused(header + "A,chat,1,2,huge\n"), AllOf(HasSubstr("size"), HasSubstr("low, medium, high, mix")));
  EXPECT_THAT(refused(header + "A,tabular,1,2,low\n"), HasSubstr("only chat, rag and agents"));
  EXPECT_THAT(refused(header + "A,chat,,2,low\n"), HasSubstr("users: there is no value"));
  EXPECT_THAT(refused(header + "A,chat,1,2\n"), HasSubstr("4 cells where the header has 5"));
  EXPECT_THAT(refused("name,task,users\nA,chat,1\n"), HasSubstr("'requests_per_day' is missing"));
  EXPECT_THAT(refused("name,task,users,users\n"), HasSubstr("twice"));
  EXPECT_THAT(refused("name,task,user,requests_per_day\n"), AllOf(HasSubstr("cases.csv:1"), HasSubstr("'users'")));
  EXPECT_THAT(refused(header), HasSubstr("no rows"));
  EXPECT_THAT(refused(""), HasSubstr("no rows"));
  EXPECT_THAT(refused(header + "A\xff,chat,1,2,low\n"), HasSubstr("UTF-8"));
  EXPECT_THAT(refused("name,task,users,requests_per_day,size_low,size_high\nA,chat,1,2,50,60\n"), HasSubstr("110 %"));
  EXPECT_THAT(refused("name,task,users,requests_per_day,size,size_low\nA,chat,1,2,low,100\n"),
              HasSubstr("beside shares"));
  EXPECT_THAT(refused("name,task,users [thousand],requests_per_day\nA,chat,1,2\n"), HasSubstr("thousand"));
}

TEST(UseCases, JsonErrorsNameTheRow) {
  EXPECT_THAT(refused("[1]"), HasSubstr("row 1"));
  EXPECT_THAT(refused("[]"), HasSubstr("no rows"));
  EXPECT_THAT(refused("{\"a\":1}"), HasSubstr("list of objects"));
  EXPECT_THAT(refused(R"([{"name":"A","task":"chat","users":[1],"requests_per_day":2}])"), HasSubstr("users"));
  EXPECT_THAT(refused(R"([{"name":"A","name":"B","task":"chat","users":1,"requests_per_day":2}])"), HasSubstr("twice"));
  EXPECT_THAT(refused(R"([{"name":"A",)"), HasSubstr("cases.csv"));
}

TEST(UseCases, OwnTokensAndCallsAreTaken) {
  const auto all =
      read("name,task,users,requests_per_day,size,tokens_out,calls\nA,chat,1,1,high,416.9,1\nB,chat,1,1,high,,2\n");
  const Footprint plain = inference_footprint(model(), AiTask::chat, 2);
  const Footprint longer = sum(footprints(model(), demand_of(model(), {all[0]})));
  const Footprint twice = sum(footprints(model(), demand_of(model(), {all[1]})));
  EXPECT_GT(longer.kwh, 1.9 * 250 * plain.kwh);
  EXPECT_NEAR(twice.kwh, 2 * 250 * plain.kwh, 1e-9);
}

TEST(TokenLog, SumsByTaskAndStandsForTheAverages) {
  const auto log =
      read_token_log("task,tokens_in,tokens_out,calls\nchat,100,50,1\nchat,300,150,1\nagents,900,300,3\n", "l.csv");
  PortfolioModel m = model();
  take_tokens(log, m);
  EXPECT_DOUBLE_EQ(m.tasks[0].tokens_in, 200);
  EXPECT_DOUBLE_EQ(m.tasks[0].tokens_out, 100);
  EXPECT_DOUBLE_EQ(m.tasks[2].calls, 3);
  EXPECT_DOUBLE_EQ(m.tasks[2].tokens_out, 100);
  EXPECT_DOUBLE_EQ(m.tasks[1].tokens_out, model().tasks[1].tokens_out) << "the log says nothing of it";
}

TEST(TokenLog, WithoutCallsAgentsKeepThePapers) {
  PortfolioModel m = model();
  take_tokens(read_token_log("task,tokens_in,tokens_out\nagents,900,300\n", "l.csv"), m);
  EXPECT_DOUBLE_EQ(m.tasks[2].calls, model().tasks[2].calls);
  EXPECT_DOUBLE_EQ(m.tasks[2].tokens_out, 300);
  EXPECT_THROW(read_token_log("task,tokens_in,tokens_out\ntabular,900,300\n", "l.csv"), Error);
  EXPECT_THROW(read_token_log("tokens_in\n3\n", "l.csv"), Error);
}

}  // namespace
}  // namespace wattline::ledger
