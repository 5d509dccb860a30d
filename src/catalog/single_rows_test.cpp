// A row read alone is the row of the table read whole, by each of its names.
#include "catalog/single_rows.h"

#include <array>
#include <thread>

#include <gtest/gtest.h>

#include "catalog/loader.h"
#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

// All tables read whole.
const Catalog& whole() {
  static const auto catalog = [] {
    auto made = Catalog::load();
    made->devices(), made->models(), made->places(), made->regions(), made->factors();
    return made;
  }();
  return *catalog;
}

// Asked for few rows only, it keeps to reading them one by one.
template <class Rows, class Check>
void each_few(const Rows& rows, const Check& check) {
  std::shared_ptr<Catalog> fresh;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i % 2 == 0) fresh = Catalog::load();
    check(*fresh, rows[i]);
  }
}

std::string text(const Interval& i) { return std::to_string(i.low) + ".." + std::to_string(i.high); }
std::string text(const std::optional<Interval>& i) { return i ? text(*i) : "-"; }

void expect_equal(const Origin& a, const Origin& b) {
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.licence, b.licence);
  EXPECT_EQ(a.year, b.year);
  EXPECT_EQ(a.valid_from + a.valid_to, b.valid_from + b.valid_to);
}
void expect_equal(const FactorUse& a, const FactorUse& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.value, b.value);
  EXPECT_EQ(a.source, b.source);
}

TEST(SingleRows, AreDevicesOfTheWholeTable) {
  each_few(whole().devices(), [](const Catalog& c, const Device& d) {
    SCOPED_TRACE(d.name);
    const Device* one = c.find_device(d.name);
    ASSERT_TRUE(one);
    EXPECT_NE(one, whole().find_device(d.name));
    EXPECT_EQ(one->name, d.name);
    EXPECT_EQ(one->aliases, d.aliases);
    EXPECT_EQ(one->cores, d.cores);
    EXPECT_EQ(one->peak.size(), d.peak.size());
    expect_equal(use(*one), use(d));
    expect_equal(one->origin, d.origin);
    EXPECT_EQ(one->note, d.note);
    if (!d.aliases.empty()) {
      EXPECT_EQ(c.find_device(d.aliases.back()), one) << d.aliases.back();
    }
  });
}

TEST(SingleRows, AreModelsOfTheWholeTable) {
  each_few(whole().models(), [](const Catalog& c, const Model& m) {
    SCOPED_TRACE(m.name);
    const Model* one = c.find_model(m.name);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->name, m.name);
    EXPECT_EQ(one->layers, m.layers);
    EXPECT_EQ(one->window, m.window);
    expect_equal(use(*one), use(m));
    expect_equal(one->origin, m.origin);
    if (!m.aliases.empty()) {
      EXPECT_EQ(c.find_model(m.aliases.back()), one) << m.aliases.back();
    }
  });
}

TEST(SingleRows, ArePlacesOfTheWholeTable) {
  each_few(whole().places(), [](const Catalog& c, const Place& p) {
    SCOPED_TRACE(p.code);
    const Place* one = c.find_place(p.code);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->code, p.code);
    EXPECT_EQ(one->name, p.name);
    EXPECT_EQ(c.find_place(p.name), one);
    if (!p.aliases.empty()) {
      EXPECT_EQ(c.find_place(p.aliases.front()), one) << p.aliases.front();
    }
    expect_equal(use_carbon(*one), use_carbon(p));
    EXPECT_EQ(text(one->carbon_interval), text(p.carbon_interval));
    EXPECT_EQ(text(one->water_interval), text(p.water_interval));
    ASSERT_EQ(one->water_intensity.has_value(), p.water_intensity.has_value());
    if (p.water_intensity) expect_equal(use_water(*one), use_water(p));
    expect_equal(one->origin, p.origin);
    expect_equal(one->water_origin, p.water_origin);
    EXPECT_EQ(one->note, p.note);
  });
}

TEST(SingleRows, AreRegionsOfTheWholeTable) {
  each_few(whole().regions(), [](const Catalog& c, const Region& r) {
    SCOPED_TRACE(r.provider + "/" + r.name);
    const Region* one = c.find_region(r.provider + "/" + r.name);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->provider, r.provider);
    EXPECT_EQ(one->name, r.name);
    EXPECT_EQ(one->place, r.place) << "a region tells its place by the code";
    EXPECT_EQ(one->pue, r.pue);
    EXPECT_EQ(one->city, r.city);
    EXPECT_EQ(text(one->carbon_interval), text(r.carbon_interval));
    expect_equal(one->origin, r.origin);
    EXPECT_EQ(c.place(r.provider + "/" + r.name).code, r.place);
  });
}

TEST(SingleRows, AreFactorsOfTheWholeTables) {
  each_few(whole().factors(), [](const Catalog& c, const Factor& f) {
    SCOPED_TRACE(f.id);
    const Factor& one = c.factor(f.id);
    EXPECT_EQ(one.id, f.id);
    EXPECT_EQ(one.description, f.description);
    EXPECT_EQ(one.value, f.value);
    EXPECT_EQ(text(one.interval), text(f.interval));
    EXPECT_EQ(one.unit, f.unit);
    EXPECT_EQ(one.group, f.group);
    EXPECT_EQ(one.method, f.method);
    EXPECT_EQ(one.note, f.note);
    expect_equal(one.origin, f.origin);
    EXPECT_EQ(&c.factor(f.id), &one);
  });
}

TEST(SingleRows, WhatIsNotThereIsNotFoundInOneRowEither) {
  const auto c = Catalog::load();
  EXPECT_EQ(c->find_device("no such card"), nullptr);
  EXPECT_EQ(c->find_device(""), nullptr);
  EXPECT_EQ(c->find_device("(R) CPU @ 2 GHz"), nullptr);
  EXPECT_EQ(c->find_model("name"), nullptr);
  EXPECT_EQ(c->find_place("code"), nullptr);
  EXPECT_EQ(c->find_place("FR;DE"), nullptr);
  EXPECT_EQ(c->find_place("\n"), nullptr);
  EXPECT_EQ(c->find_region("gcp"), nullptr);
  EXPECT_EQ(c->find_region("/"), nullptr);
  EXPECT_EQ(c->find_region("gcp/europe-west9/x"), c->find_region("gcp/europe-west9x"));
  for (const char* id : {"", "id", "no.such", "pue", "pue.default,", "pue.default,Power", "\npue.default", "pue.default\n"})
    EXPECT_THROW(c->factor(id), Error) << id;
}

TEST(SingleRows, GiveWayToTheWholeTable) {
  const auto c = Catalog::load();
  const Place* early = c->find_place("FR");
  const std::string name = early->name;
  for (const auto& p : whole().places()) {
    ASSERT_TRUE(c->find_place(p.code)) << p.code;
    EXPECT_EQ(c->find_place(p.code)->name, p.name);
  }
  EXPECT_EQ(early->name, name) << "a row that was handed out stays";
  for (const auto& p : c->places()) EXPECT_EQ(c->find_place(p.code), &p);
  for (const auto& f : whole().factors()) EXPECT_EQ(c->factor(f.id).value, f.value) << f.id;
}

TEST(SingleRows, AreReadByManyThreads) {
  const auto c = Catalog::load();
  std::vector<std::thread> threads;
  std::array<const Place*, 4> seen{};
  for (std::size_t t = 0; t < seen.size(); ++t)
    threads.emplace_back([&, t] {
      seen[t] = &c->place("World");
      for (std::size_t i = t; i < 40; i += 2) c->place(whole().places()[i].code), c->factor(whole().factors()[i].id);
    });
  for (auto& t : threads) t.join();
  for (const auto* p : seen) EXPECT_EQ(p->code, "WORLD");
}

TEST(RecordOf, IsTheHeaderAndTheRow) {
  const std::string_view table = "id,title,licence\na,x,y\nb,\"two\nlines, \"\"quoted\"\"\",z\nbb,,\n";
  EXPECT_EQ(record_of(table, "a"), "id,title,licence\na,x,y");
  EXPECT_EQ(record_of(table, "b"), "id,title,licence\nb,\"two\nlines, \"\"quoted\"\"\",z");
  EXPECT_EQ(record_of(table, "bb"), "id,title,licence\nbb,,");
  for (const char* id : {"", "id", "c", "x", "A"}) EXPECT_EQ(record_of(table, id), "") << id;
  EXPECT_EQ(record_of("", "a"), "");
  EXPECT_EQ(record_of("\na,\"never ends", "a"), "\na,\"never ends");
}

}  // namespace
}  // namespace wattline::catalog
