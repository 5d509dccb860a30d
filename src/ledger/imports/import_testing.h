// For tests of `ledger import`: an account and files of a scratch folder.
#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/imports/import.h"
#include "ledger/ledger.h"
#include "ledger/rows.h"

namespace wattline::ledger::imports {

inline const auto& shared_catalog() {
  static const auto catalog = catalog::Catalog::load();
  return catalog;
}

class Import : public testing::Test {
 protected:
  Import() {
    context.provide(shared_catalog());
    context.provide(std::make_shared<Location>(Location{dir()}));
  }
  std::string dir() const { return (scratch.path() / "account").string(); }
  std::string file(const std::string& content, const std::string& name = "emissions.csv") {
    const auto path = scratch.path() / name;
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }
  Result run(const std::string& content, ImportOptions o = {}, const std::string& name = "emissions.csv") {
    o.file = InputFile::from_path(file(content, name));
    return import(o, context);
  }
  std::string error_of(const std::string& content, ImportOptions o = {}, const std::string& name = "emissions.csv") {
    try {
      run(content, std::move(o), name);
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  }
  std::vector<Row> rows() const {
    std::vector<Row> out;
    try {
      Ledger::open(dir(), OpenMode::read)->for_each({}, [&](const Row& row) { out.push_back(row); });
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::not_found) throw;
    }
    return out;
  }
  static std::string label(const Row& row, const std::string& name) {
    for (const auto& [key, value] : row.fact.labels)
      if (key == name) return value;
    return "";
  }
  static std::string text(const Result& r) { return to_text(r, 200); }

  tests::ScratchDir scratch;
  Context context;
};

}  // namespace wattline::ledger::imports
