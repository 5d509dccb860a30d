#include "ledger/lca/lca.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/loader.h"
#include "catalog/testing.h"
#include "kernel/command_testing.h"
#include "kernel/error.h"
#include "ledger/lca/claims.h"
#include "ledger/lca/unit_factors_file.h"

namespace wattline::ledger::lca {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Context& context() { return tests::catalog_context(); }
Result run(const std::vector<std::string>& words) { return tests::run_command(lca_capability(), words, context()); }
std::string message(const std::vector<std::string>& words) {
  return tests::message_of([&] { run(words); });
}
// The text without its line breaks.
std::string flat(const Result& r) {
  std::string out;
  for (const char c : to_text(r, 5000)) {
    const char plain = c == '\n' ? ' ' : c;
    if (plain != ' ' || out.empty() || out.back() != ' ') out += plain;
  }
  return out;
}
double cell(const Result& r, const char* schema, std::size_t row, const char* column) {
  return r.find_table(schema)->column(column).numbers()[row];
}

const std::vector<std::string> bloom{"A100 SXM4", "--card-time", "1080000h", "--energy",  "433196kWh",   "--place",
                                     "FR",        "--pue",       "1.2",      "--climate", "table-fossil"};

TEST(Lca, SixteenCategoriesOfARun) {
  const Result r = run(bloom);
  const Table* t = r.find_table("lca.categories.v1");
  ASSERT_TRUE(t);
  ASSERT_EQ(t->rows(), 16u);
  EXPECT_EQ(t->column("category").texts()[0], "GWP");
  EXPECT_NEAR(cell(r, "lca.categories.v1", 0, "use"), 433196 * 1.2 * 0.0813225, 0.01);
  EXPECT_NEAR(cell(r, "lca.categories.v1", 0, "manufacture"), 1.08e6 / (3 * 8760) * 111.327, 0.5);
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_LE(cell(r, "lca.categories.v1", i, "low"), cell(r, "lca.categories.v1", i, "total"));
    EXPECT_GE(cell(r, "lca.categories.v1", i, "high"), cell(r, "lca.categories.v1", i, "total"));
  }
  EXPECT_THAT(flat(r), AllOf(HasSubstr("use not assessed"), HasSubstr("11 categories that can be compared"),
                             HasSubstr("CTUe, CTUh_c, CTUh_nc, LU, WU"), HasSubstr("doubtful in the source")));
}

TEST(Lca, NotAssessedIsEmptyNeverZero) {
  const Result r = run(bloom);
  const Table* t = r.find_table("lca.categories.v1");
  std::size_t empty = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    const double used = t->column("use").numbers()[i];
    empty += std::isnan(used);
    EXPECT_NE(used, 0) << t->column("category").texts()[i];
  }
  EXPECT_EQ(empty, 5u);
  EXPECT_THAT(to_json(r), HasSubstr("null"));
}

TEST(Lca, LifetimesSideBySide) {
  const Result r = run(bloom);
  EXPECT_NEAR(cell(r, "lca.lifetimes.v1", 0, "use_share_1y"), 75, 0.8);
  EXPECT_NEAR(cell(r, "lca.lifetimes.v1", 0, "use_share_3y"), 90, 0.5);
  EXPECT_NEAR(cell(r, "lca.lifetimes.v1", 0, "use_share_5y"), 93.8, 0.3);
  const Result other = run({"L4", "--lifetime", "4", "--place", "DE"});
  EXPECT_TRUE(other.find_table("lca.lifetimes.v1")->find("total_4y"));
  // Of a whole life the manufacture stays and the use grows.
  EXPECT_GT(cell(other, "lca.lifetimes.v1", 0, "total_5y"), cell(other, "lca.lifetimes.v1", 0, "total_1y"));
}

TEST(Lca, PlaceDecidesWhatIsAssessed) {
  const auto assessed = [](const std::vector<std::string>& words) {
    const Result r = run(words);
    std::size_t n = 0;
    for (const double used : r.find_table("lca.categories.v1")->column("use").numbers()) n += !std::isnan(used);
    return n;
  };
  EXPECT_EQ(assessed({"L4", "--place", "US"}), 11u);
  EXPECT_EQ(assessed({"L4", "--place", "DE"}), 10u) << "ozone depletion is 0 in the table: not assessed";
  EXPECT_EQ(assessed({"L4", "--place", "CZ"}), 9u) << "acidification there is a sum, left out";
  EXPECT_EQ(assessed({"L4"}), 1u) << "the World row cannot be used";
  EXPECT_EQ(assessed({"L4", "--place", "gcp/europe-west9"}), 11u) << "a region lies in a country";
  const std::string world = flat(run({"L4"}));
  EXPECT_THAT(world, HasSubstr("no place given"));
}

TEST(Lca, TransportAndServerAreDeclared) {
  const Result near = run({"L4", "--place", "DE", "--road-km", "100"});
  const Result air = run({"L4", "--place", "DE", "--air-km", "9908", "--road-km", "1000"});
  EXPECT_NEAR(cell(near, "lca.categories.v1", 0, "transport"), 0.142 * 100 * 5.04e-5, 1e-9);
  EXPECT_NEAR(cell(air, "lca.categories.v1", 0, "transport"), 0.142 * (9908 * 2.11e-3 + 1000 * 5.04e-5), 1e-9);
  EXPECT_FALSE(near.find_table("lca.server.v1"));
  const Result server = run({"L4", "--place", "DE", "--server-share", "0.5", "--server-memory", "320GB"});
  const Table* t = server.find_table("lca.server.v1");
  ASSERT_TRUE(t);
  const double whole = t->column("climate").numbers()[t->rows() - 2], charged = t->column("climate").numbers().back();
  EXPECT_NEAR(charged, whole / 2, 1e-9);
  // Assembly 6.68, case 150, board 66.1, two processors, ten modules with dies, two power supplies.
  EXPECT_NEAR(whole, 6.68 + 150 + 66.1 + 2 * 9.14 + 10 * 5.22 + 320 / 2.375 * 2.2 + 2 * 2.99 * 24.3, 1e-6);
  EXPECT_THAT(flat(server), HasSubstr("the processors' dies are not counted"));
  EXPECT_NEAR(cell(server, "lca.categories.v1", 0, "manufacture"), cell(near, "lca.categories.v1", 0, "manufacture"),
              1e-12)
      << "the server is beside the sixteen, not in them";
}

TEST(Lca, AllocationRulesAreNamed) {
  const auto made_by = [](const char* rule) {
    return cell(run({"L4", "--card-time", "1000h", "--power", "36W", "--utilisation", "0.5", "--allocation", rule,
                     "--place", "DE"}),
                "lca.categories.v1", 0, "manufacture");
  };
  EXPECT_NEAR(made_by("time"), 2 * made_by("calendar"), 1e-9);
  EXPECT_NEAR(made_by("energy"), made_by("time"), 1e-9) << "the run draws the mean power of the life";
}

TEST(Lca, ACardOfOnesOwn) {
  const std::vector<std::string> fields{
      "A100 SXM 80GB", "--card-mass", "1600g",  "--casing-mass",     "90g", "--heatsink-mass", "1250g", "--board-area",
      "105cm2",        "--chip-area", "826mm2", "--memory-packages", "5"};
  EXPECT_THAT(message(fields), HasSubstr("--memory-type missing"));
  EXPECT_THAT(message({"A100 SXM 80GB"}), AllOf(HasSubstr("--card-mass, --casing-mass"), HasSubstr("documented are")));
  auto all = fields;
  all.insert(all.end(), {"--memory-type", "hbm", "--place", "SE"});
  const Result r = run(all);
  EXPECT_THAT(flat(r), AllOf(HasSubstr("modelled from its masses"), HasSubstr("heatsinks of copper")));
  const double m = cell(r, "lca.parts.v1", 0, "manufacture");
  EXPECT_GT(m, 90);
  EXPECT_LT(m, 140);
}

TEST(Lca, ACardTakenApartIsModelledWhenItsFieldsAreGiven) {
  const Result own = run({"L4", "--place", "DE"}), modelled = run({"L4", "--place", "DE", "--chip-area", "300mm2"});
  EXPECT_THAT(flat(modelled), HasSubstr("it is modelled from them instead"));
  EXPECT_GT(cell(modelled, "lca.categories.v1", 11, "high") / cell(modelled, "lca.categories.v1", 11, "total"),
            cell(own, "lca.categories.v1", 11, "high") / cell(own, "lca.categories.v1", 11, "total"));
}

TEST(Lca, UnitFactorsOfOnesOwn) {
  auto o = LcaOptions();
  o.card = "L4";
  o.site.place = "DE";
  o.parts.unit_factors = InputFile::from_bytes("mine.csv", "component,category,value\nchip,GWP,0.1\n");
  const Result mine = lca(o, context());
  const double chip_kg = cell(mine, "lca.parts.v1", 0, "manufacture") * cell(mine, "lca.parts.v1", 0, "chip") / 100;
  EXPECT_NEAR(chip_kg, 0.1 * 294 / std::pow(-std::expm1(-0.294) / 0.294, 2), 1e-6);
  EXPECT_THAT(flat(mine), HasSubstr("1 unit factors of mine.csv"));
}

TEST(Lca, BadInputIsToldInWords) {
  EXPECT_THAT(message({}), HasSubstr("no card is named"));
  EXPECT_THAT(message({"A1000"}), HasSubstr("did you mean 'A100'"));
  EXPECT_THAT(message({"L4", "--place", "Frnce"}), HasSubstr("France"));
  EXPECT_THAT(message({"L4", "--card-time", "0h"}), HasSubstr("0 h found"));
  EXPECT_THAT(message({"RTX A4500", "--place", "DE"}), HasSubstr("the power of NVIDIA RTX A4500 is not known"));
  EXPECT_EQ(message({"RTX A4500", "--place", "DE", "--power", "200W"}), "no error");
  EXPECT_THAT(message({"L4", "--card-time", "10h", "--cards", "4"}), HasSubstr("of all cards together"));
  EXPECT_THAT(flat(run({"L4", "--card-time", "10h", "--energy", "720kWh", "--place", "FR"})),
              HasSubstr("a mean of 72000 W"));
  EXPECT_THAT(message({"L4", "--utilisation", "70"}), HasSubstr("utilisation"));
  EXPECT_THAT(message({"L4", "--memory-type", "ddr5"}), HasSubstr("gddr or hbm"));
  EXPECT_THAT(message({"L4", "--climate", "table"}), HasSubstr("no row for WORLD"));
  EXPECT_THAT(message({"L4", "--place", "FR", "--climate", "table", "--intensity", "20"}), HasSubstr("--climate"));
  EXPECT_THAT(message({"L4", "--heatsink-mass", "5kg", "--place", "FR"}), HasSubstr("more than the card's"));
}

TEST(Lca, RowsPutOverTheCatalog) {
  const auto with = [](const char* file, const char* text) {
    Context c;
    c.provide(catalog::Loader::load({{file, text}}));
    LcaOptions o;
    o.card = "L4";
    o.site.place = "FR";
    return lca(o, c);
  };
  EXPECT_NEAR(
      cell(with("lca_electricity.csv", "place,ADPf,year,source\nFR,1,2026,mine\n"), "lca.categories.v1", 2, "use"),
      72 * 3 * 8760 / 1000.0 * 1.56, 1e-6);
  const auto why = [&](const char* file, const char* text) -> std::string {
    try {
      with(file, text);
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_THAT(why("lca_cards.csv", "name,weight\nNVIDIA L4,3\n"), HasSubstr("column"));
  EXPECT_THAT(why("lca_cards.csv", "name,mass [kWh],year,source\nNVIDIA L4,3,2026,mine\n"), HasSubstr("measures"));
  EXPECT_THAT(why("lca_values.csv", "group,name,value,year,source\nspread,primary,0.5,2026,mine\n"),
              HasSubstr("1 or more"));
  EXPECT_THAT(why("lca_values.csv", "group,name,value,year,source\ntime,hours_per_year,0,2026,mine\n"),
              HasSubstr("more is needed"));
  EXPECT_THAT(why("lca_components.csv", "card,component,quality\nNVIDIA L4,chip,good\n"), HasSubstr("primary"));
  EXPECT_THAT(why("lca_categories.csv", "code,name,unit,year,source\nXX,x,y,2026,mine\n"), HasSubstr("sixteen"));
}

TEST(UnitFactorsFile, RefusesWhatCannotBeMeant) {
  const Data data(context().get<catalog::Catalog>());
  const auto why = [&](const char* text) -> std::string {
    try {
      read_unit_factors(text, "f.csv", data);
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_THAT(why("component,category,value\nchipp,GWP,1\n"), AllOf(HasSubstr("'chip'"), HasSubstr("data row 1")));
  EXPECT_THAT(why("component,category,value\nchip,GWX,1\n"), HasSubstr("impact category"));
  EXPECT_THAT(why("component,category,value\nchip,GWP,-1\n"), HasSubstr("0 or more"));
  EXPECT_THAT(why("component,category,value\nchip,GWP,\nboard,GWP,1\n"), HasSubstr("0 or more"));
  EXPECT_THAT(why("component,category,value\nchip,GWP,1\nCHIP,gwp,2\n"), HasSubstr("twice"));
  EXPECT_THAT(why("component,category\nchip,GWP\n"), AllOf(HasSubstr("value"), HasSubstr("f.csv")));
  EXPECT_THAT(why("component,category,value\n"), HasSubstr("f.csv"));
  EXPECT_THAT(why(""), HasSubstr("f.csv"));
  EXPECT_EQ(why("component,category,value\nend of life,WU,730\n"), "no error");
}

TEST(LcaClaims, AreCheckedAndSayTheirFigure) {
  int hold = 0, differ = 0, open = 0;
  for (const auto& claim : lca_claims()) {
    EXPECT_EQ(claim.paper, 16);
    const ClaimCheck check = claim.check(context());
    hold += check.verdict == ClaimVerdict::holds;
    differ += check.verdict == ClaimVerdict::differs;
    open += check.verdict == ClaimVerdict::open;
    EXPECT_TRUE(!check.ours.empty() || !check.note.empty()) << claim.claimed;
    if (check.verdict == ClaimVerdict::differs) {
      EXPECT_THAT(claim.claimed, HasSubstr("POCP")) << check.ours << check.note;
    }
  }
  EXPECT_EQ(hold, 6);
  EXPECT_EQ(differ, 1);
  EXPECT_EQ(open, 0);
}

}  // namespace
}  // namespace wattline::ledger::lca
