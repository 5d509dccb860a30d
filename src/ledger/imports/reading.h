// What the readers of all formats share: what the user said, the names of the catalog, and what is to be told.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/account.h"
#include "kernel/result.h"
#include "ledger/imports/number_text.h"
#include "ledger/imports/sheet.h"
#include "ledger/imports/zone.h"

namespace wattline::ledger::imports {

struct ReadOptions {
  std::string kind;  // "": the format's own
  std::string place;  // of rows that name none, or one that the catalog has not
  Zone zone;
  Decimal decimal = Decimal::automatic;
  bool skip_unknown = false;  // rows whose instance, model or device is not known are left out, not refused
  std::vector<std::pair<std::string, std::string>> labels;  // label, column or attribute
  std::optional<double> load;  // of rented machines, 0..1
  // Of token logs.
  std::string model, device;
  double batch = 1, devices = 1, weight_bits = 16;
  std::optional<Energy> energy_per_token;  // of tokens that were written
};

// What the account is not told, and why; what was assumed.
struct Notes {
  std::map<std::string, std::int64_t> left_out, warnings;  // how many rows each
  std::map<std::string, FactorUse> factors;
  void use(const FactorUse& f) { factors.emplace(f.id, f); }
};

class Reading {
 public:
  Reading(const catalog::Catalog& c, ReadOptions o) : catalog(c), options(std::move(o)) {}
  const catalog::Catalog& catalog;
  ReadOptions options;
  Notes notes;

  // A place as the catalog calls it: the code, or "aws/eu-west-1" of a region. nullopt: not known.
  std::optional<std::string> place(std::string_view name);
  // The device's name, "" where the catalog has none such.
  std::string device(std::string_view name);
  std::string model(std::string_view name);
  // Of a factor that is used again and again.
  const RawEstimate& factor(const std::string& id);

 private:
  std::unordered_map<std::string, std::optional<std::string>> places_;
  std::unordered_map<std::string, std::string> devices_, models_;
  std::map<std::string, RawEstimate> factors_;
};

// Reads the facts of a CSV file row by row.
class RowFormat {
 public:
  virtual ~RowFormat() = default;
  // nullopt: the row is no fact, and the notes count why.
  virtual std::optional<Fact> fact(Sheet&) = 0;
  // What tells this file from others: of its first row.
  virtual std::string identity(const Sheet&) const { return {}; }
  // The part of a row's uid that is its own name, "" when it has none.
  virtual std::string own_name(const Sheet&) const { return {}; }
  // The version of the catalog that the fact was recorded under elsewhere.
  virtual bool keeps_uids() const { return false; }
};

std::unique_ptr<RowFormat> codecarbon_format(Sheet&, Reading&);
std::unique_ptr<RowFormat> aws_format(Sheet&, Reading&);
std::unique_ptr<RowFormat> gcp_format(Sheet&, Reading&);
std::unique_ptr<RowFormat> azure_format(Sheet&, Reading&);
std::unique_ptr<RowFormat> run_records_format(Sheet&, Reading&);

// What a format found in a document: `own` is the part of the uid that is the item's own name, `text` what its
// digest is made of. A fact that has a uid keeps it.
struct DocumentItem {
  std::optional<Fact> fact;  // nullopt: left out
  std::string own, text, factor_set;
};
using TakeItem = std::function<void(DocumentItem&&)>;
// `where`: "file:line".
using DocumentFormat = std::function<void(const Json&, const std::string& where, const TakeItem&)>;
DocumentFormat otlp_format(Reading&);
DocumentFormat own_json_format(Reading&);

// Adds a label for each of the options' columns whose cell is not empty.
class LabelColumns {
 public:
  LabelColumns(const Sheet&, const Reading&);
  void add(const Sheet&, Fact&) const;

 private:
  std::vector<std::pair<std::string, int>> columns_;
};

}  // namespace wattline::ledger::imports
