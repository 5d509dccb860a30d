#include "ledger/people/people.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "catalog/catalog.h"
#include "kernel/command_testing.h"
#include "kernel/context.h"
#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/capabilities.h"
#include "ledger/ledger.h"

namespace wattline::ledger {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

class Persons : public testing::Test {
 protected:
  void SetUp() override {
    context_.provide(catalog::Catalog::load());
    context_.provide(std::make_shared<Location>(Location{dir().string()}));
  }
  fs::path dir() const { return scratch_.path(); }
  void record(const std::string& user, const char* uid, double joules = 1) {
    Fact f;
    f.kind = "job";
    f.begin = f.end = parse_time("2026-11-02");
    f.energy = Estimate<Energy>::exact(Energy(joules));
    f.labels = {{"project", "thesis"}, {"user", user}};
    f.uid = uid;
    Ledger::open(dir(), OpenMode::write)->record_all(std::vector<Fact>{f});
  }
  std::string bytes_of_everything() const {
    std::string out;
    for (const auto& entry : fs::recursive_directory_iterator(dir())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      std::stringstream all;
      all << in.rdbuf();
      out += all.str();
    }
    return out;
  }
  std::string kept(const char* uid) const {
    return Ledger::open(dir(), OpenMode::read)->find(uid)->fact.labels.at(1).second;
  }
  std::string text(const std::string& name, const std::vector<std::string>& words) {
    return to_text(tests::run_command(capabilities(), name, words, context_));
  }
  tests::ScratchDir scratch_;
  Context context_;
};

TEST_F(Persons, TheAccountHoldsPseudonymsAndItsOwnerSeesNames) {
  record("ann.smith", "a");
  record("ann.smith", "b");
  record("bob", "c");
  EXPECT_TRUE(is_pseudonym(kept("a"))) << kept("a");
  EXPECT_EQ(kept("a"), kept("b"));
  EXPECT_NE(kept("a"), kept("c"));
  EXPECT_THAT(text("report", {"--by", "user"}), AllOf(HasSubstr("ann.smith"), HasSubstr("bob"), Not(HasSubstr("~"))));
  EXPECT_THAT(text("list", {}), HasSubstr("user=ann.smith"));
  EXPECT_THAT(text("report", {"--by", "user", "--where", "user=ann.smith"}),
              AllOf(HasSubstr("2 rows"), Not(HasSubstr("bob"))));
  EXPECT_TRUE(Ledger::open(dir(), OpenMode::read)->verify().holds);
  struct stat s = {};
  ASSERT_EQ(::stat((dir() / People::file_name).c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0077, 0u);
}

TEST_F(Persons, WhoIsErasedIsNowhereAndTheSumsStay) {
  record("ann.smith", "a", 3);
  record("bob", "c", 4);
  const std::string before = kept("a");
  EXPECT_THAT(text("erase", {"--name", "ann.smith"}),
              AllOf(HasSubstr("The user 'ann.smith' is erased; 1 row stays and no more tells whose it was"),
                    Not(HasSubstr(before))));
  EXPECT_THAT(bytes_of_everything(), Not(HasSubstr("ann.smith")));
  EXPECT_THAT(bytes_of_everything(), HasSubstr("bob"));
  EXPECT_EQ(kept("a"), before);
  EXPECT_THAT(text("report", {"--by", "user"}), AllOf(HasSubstr("7 J"), HasSubstr(before), HasSubstr("bob")));
  EXPECT_TRUE(Ledger::open(dir(), OpenMode::read)->verify().holds);
  // Who comes back is another person.
  record("ann.smith", "d");
  EXPECT_NE(kept("d"), before);
  EXPECT_THAT(text("erase", {"--label", "user", "--name", "nobody"}), HasSubstr("no: nobody is known"));
  EXPECT_THROW(text("erase", {"--label", "project", "--name", "thesis"}), Error);
}

// A gateway that goes on while somebody else erases must not go on with whom it remembers.
TEST_F(Persons, WhoWasErasedByAnotherProcessIsAnotherPersonHereToo) {
  const auto running = Ledger::open(dir(), OpenMode::write);
  const auto write = [&](const char* uid) {
    Fact f;
    f.kind = "job";
    f.labels = {{"project", "thesis"}, {"user", "ann.smith"}};
    f.uid = uid;
    running->record_all(std::vector<Fact>{f});
    return kept(uid);
  };
  const std::string before = write("a");
  EXPECT_EQ(write("b"), before);
  EXPECT_TRUE(People(dir(), std::chrono::seconds(5)).erase("user", "ann.smith"));
  const std::string after = write("c");
  EXPECT_NE(after, before);
  EXPECT_EQ(running->people().name_of(after), "ann.smith");
  EXPECT_FALSE(running->people().name_of(before));
}

TEST_F(Persons, ThePseudonymsOfOneNameTellNothingOfEachOther) {
  record("ann.smith", "a");
  tests::ScratchDir other;
  Fact f;
  f.kind = "job";
  f.labels = {{"email", "ann.smith"}, {"user", "ann.smith"}, {"user", ""}, {"project", "ann"}};
  f.uid = "x";
  Ledger::open(other.path(), OpenMode::write)->record(f);
  const auto labels = Ledger::open(other.path(), OpenMode::read)->find("x")->fact.labels;
  EXPECT_NE(labels[0].second, labels[1].second);
  EXPECT_NE(labels[1].second, kept("a"));
  EXPECT_EQ(labels[2].second, "");
  EXPECT_EQ(labels[3].second, "ann");
}

}  // namespace
}  // namespace wattline::ledger
