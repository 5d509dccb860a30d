#include "ledger/exports/export_as.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/exports/exports.h"
#include "ledger/run_records.h"
#include "ledger/sealed_rows.h"

namespace wattline::ledger {
namespace {

// Standard output, or a file that has its name only when it is whole.
class Output {
 public:
  explicit Output(std::string to) : to_(std::move(to)) {
    if (to_.empty() || to_ == "-") return;
    partial_ = fmt::format("{}.{}.part", to_, ::getpid());
    file_ = std::fopen(partial_.c_str(), "wb");
    if (!file_) throw errno_error("write", to_, errno);
  }
  ~Output() {
    if (partial_.empty()) return;
    if (file_) std::fclose(file_);
    std::error_code ignored;
    std::filesystem::remove(partial_, ignored);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view text) {
    std::FILE* const out = file_ ? file_ : stdout;
    if (std::fwrite(text.data(), 1, text.size(), out) != text.size())
      throw errno_error("write", to_.empty() ? "standard output" : to_, errno);
  }
  void finish() {
    if (std::fflush(file_ ? file_ : stdout) != 0)
      throw errno_error("write", to_.empty() ? "standard output" : to_, errno);
    if (!file_) return;
    const int code = std::fclose(file_);
    file_ = nullptr;
    if (code != 0 || std::rename(partial_.c_str(), to_.c_str()) != 0) throw errno_error("write", to_, errno);
    partial_.clear();
  }

 private:
  std::string to_, partial_;
  std::FILE* file_ = nullptr;
};

// The run records of some thousand rows at a time: the table's header once.
class RecordLines {
 public:
  explicit RecordLines(Output& out) : out_(out) {}
  void add(const Fact& fact, const Impacts& impacts) {
    add_run_record(table_, fact, impacts.carbon, &impacts.water);
    if (table_.rows() >= 4096) write();
  }
  void write() {
    const std::string csv = to_csv(table_);
    out_.write(std::exchange(first_, false) ? std::string_view(csv) : std::string_view(csv).substr(csv.find('\n') + 1));
    table_ = run_records_table();
  }

 private:
  Output& out_;
  Table table_ = run_records_table();
  bool first_ = true;
};

}  // namespace

Result export_as(const ExportAsOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  if (!o.place.empty()) catalog.place(o.place);
  Grids grids(catalog, {.place = o.place, .intensity = {}, .water_intensity = {}, .pue = {}, .wue = {}});
  const auto ledger = account(context);
  Output out(o.to);
  std::int64_t rows = 0;
  SealedReading sealed;
  const auto each = [&](const std::function<void(const Row&)>& visit) {
    if (!ledger) return;
    const auto take = [&](const Row& row) {
      ++rows;
      visit(row);
    };
    sealed = for_each_sealed_row(*ledger, o.rows, context, take);
    for_each_row(*ledger, o.rows, context, false, take);
  };
  const auto impacts = [&](const Row& row) { return grids.of(site_of(row.fact), row.fact.energy); };
  switch (o.form) {
    case ExportForm::codecarbon: {
      const CodeCarbonLines lines(catalog);
      out.write(CodeCarbonLines::header());
      each([&](const Row& row) { out.write(lines.line(row.fact, impacts(row))); });
      break;
    }
    case ExportForm::prometheus: {
      PrometheusTotals totals(words_of(o.labels));
      if (ledger)
        for_each_subtotal(*ledger, o.rows, context, [&](const Subtotal& sum) {
          rows += sum.rows;
          totals.add(sum);
        });
      out.write(totals.text(grids));
      break;
    }
    case ExportForm::csv: {
      RecordLines lines(out);
      each([&](const Row& row) { lines.add(row.fact, impacts(row)); });
      lines.write();
      break;
    }
    case ExportForm::json: each([&](const Row& row) { out.write(json_line(row)); });
  }
  out.finish();
  Result result;
  result.title = fmt::format("{} {} written", rows, rows == 1 ? "row" : "rows");
  if (!ledger) result.note(no_account_text(context));
  tell_of_unseen(sealed, result);
  if (o.form != ExportForm::json) grids.tell(result);
  return result;
}

Capability export_as_capability() {
  using O = ExportAsOptions;
  static const Fields<O> fields =
      Fields<O>()
          .enumeration("form", &O::form, {"codecarbon", "prometheus", "csv", "json"},
                       "emissions.csv of CodeCarbon, Prometheus text, run records, or whole rows a line")
          .positional()
          .text("to", &O::to, "file to write, whole or not at all; none: standard output")
          .group(&O::rows, rows_fields(), "Which rows")
          .reference("place", &O::place, "places", "place of rows that name none; none: the world average, flagged")
          .list("label", &O::labels, "labels of rows that Prometheus totals are told apart by: project,team");
  Capability c = capability<O>("ledger", "export-as", "The account in the forms of other programs, of any size.",
                               &export_as, fields);
  c.description =
      "codecarbon: the columns of CodeCarbon's emissions.csv; what they have no place for (tokens, intervals, most "
      "labels) is not in it. prometheus: totals by kind, model, device, place, method and the labels named, in the "
      "text "
      "format that a node exporter's textfile collector takes up. csv: run.records.v1, as `ledger export --csv`, "
      "without "
      "holding the account in memory. json: each row as it stands in the account, with every cause of its uncertainty; "
      "`ledger import` takes it back whole.\n\n"
      "Rows that a later row corrects are left out. Carbon and water are derived with the factors of today. People "
      "stand "
      "there as pseudonyms.";
  c.verb = Verb::account;
  c.cost = Cost::job;
  c.doors = Doors::command_line;
  c.results_to_stderr = true;
  c.emits = {"run.records.v1"};
  c.examples = {{{"codecarbon", "--to", "emissions.csv"}, {}, "0 rows written"},
                {{"prometheus", "--label", "project"}, {}, "0 rows written"}};
  return c;
}

}  // namespace wattline::ledger
