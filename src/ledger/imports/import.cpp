#include "ledger/imports/import.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/account.h"
#include "ledger/run_records.h"
#include "ledger/segment.h"

namespace wattline::ledger::imports {
namespace {

std::string counted(std::int64_t n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

ReadOptions read_options(const ImportOptions& o, const catalog::Catalog& catalog) {
  ReadOptions out;
  out.kind = o.kind;
  if (!o.place.empty()) {
    const auto* region = catalog.find_region(o.place);
    out.place = region ? region->provider + "/" + region->name : catalog.place(o.place).code;
  }
  try {
    out.zone = Zone(o.time_zone);
  } catch (const Error& e) {
    throw e.at("time-zone");
  }
  out.decimal = o.decimal;
  out.skip_unknown = o.skip_unknown;
  for (const auto& word : words_of(o.labels)) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == word.size())
      throw bad_input(fmt::format("'{}' is no NAME=COLUMN", word), "label", "project=resourceTags/user:Project");
    out.labels.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  if (o.rented.load) out.load = *o.rented.load / 100;
  if (!o.tokens.model.empty()) out.model = catalog.model(o.tokens.model).name;
  if (!o.tokens.device.empty()) out.device = catalog.device(o.tokens.device).name;
  out.batch = o.tokens.batch;
  out.devices = o.tokens.devices;
  out.weight_bits = o.tokens.weight_bits;
  out.energy_per_token = o.tokens.energy_per_token;
  return out;
}

Table first_table(const ImportOutcome& found, bool dry_run) {
  Table t("ledger.import.rows.v1");
  t.title = fmt::format("{} {}", dry_run ? "What would be recorded" : "Recorded",
                        found.fresh > static_cast<std::int64_t>(found.first.size())
                            ? fmt::format("(the first {} of {})", found.first.size(), found.fresh)
                            : "");
  t.time("end")
      .text("kind")
      .number("energy", "J", "at the device")
      .number("energy_low", "J")
      .number("energy_high", "J");
  t.text("method").text("model").text("device").text("place").text("labels");
  t.integer("tokens_in").integer("tokens_out").time("begin").text("uid");
  for (const auto& f : found.first)
    t.add_row({f.end, f.kind, f.energy.value().base(), f.energy.low().base(), f.energy.high().base(),
               std::string(to_string(f.energy.method())), f.model, f.device, f.place, labels_text(f.labels),
               f.tokens_in, f.tokens_out, f.begin, f.uid});
  return t;
}

void tell_warnings(const ImportOutcome& found, const ImportOptions& o, const Notes& notes, Result& out) {
  if (found.zoneless > 0 && o.time_zone.empty() && found.format != Format::azure)
    out.warn("times without a zone were taken as UTC; --time-zone Europe/Paris tells which they are of");
  if (found.twice > 0)
    out.warn(fmt::format("{} in the hour that the clock went through twice: the first was taken",
                         counted(found.twice, "time")));
  if (found.foreign_bytes > 0)
    out.warn(fmt::format("{} no UTF-8 and read as Windows-1252",
                         counted(found.foreign_bytes, "byte") + (found.foreign_bytes == 1 ? " was" : " were")));
  if (found.repeated > 0)
    out.warn(
        fmt::format("{} of the file left out that repeat others (--repeats skip)", counted(found.repeated, "row")));
  if (found.repeats_unchecked)
    out.warn("more rows than can be compared with each other: repeats were not all looked for");
  for (const auto& [what, times] : notes.warnings) out.warn(fmt::format("{} ({})", what, counted(times, "row")));
}

// Of a smaller file every row is looked up as quickly.
constexpr std::uint64_t worth_a_digest = 4'000'000;

// All that the rows of a file depend on besides its bytes.
std::string options_text(const ImportOptions& o, const catalog::Catalog& catalog) {
  const auto& t = o.tokens;
  return fmt::format("1|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", catalog.version(), to_string(o.format),
                     o.place, o.kind, o.time_zone, static_cast<int>(o.decimal), static_cast<int>(o.repeats),
                     o.skip_unknown, fmt::join(o.labels, "\x1f"), o.rented.load.value_or(-1), t.model, t.device,
                     t.batch, t.devices, t.weight_bits, t.energy_per_token ? t.energy_per_token->base() : -1);
}

Result known_file(const ImportedFile& file, const ImportOptions& o) {
  Result out;
  out.title = fmt::format("0 new, {} known{}", file.facts, o.dry_run ? " (dry run: nothing was recorded)" : "");
  out.note(fmt::format(
      "All of {} was imported before, {} of {}: the file has the SHA-256 {} and was read on {} with the "
      "same options and catalog.",
      o.file.name(), counted(file.facts, "fact"), counted(file.records, "row"), file.digest, to_string(file.recorded)));
  return out;
}

}  // namespace

Result import(const ImportOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  Reading reading(catalog, read_options(o, catalog));
  AccountWriter writer(account_dir(context), catalog.version(), o.dry_run);
  TextSource source(o.file.name());
  ImportedFile file;
  if (source.size() >= worth_a_digest) {
    file.options = options_text(o, catalog);
    const auto digest = [&] { return digest_of_file(o.file.name()); };
    const auto bytes = static_cast<std::int64_t>(source.size());
    if (o.retracted == Retracted::leave)
      if (const auto known = writer.known().file(bytes, file.options, digest)) return known_file(*known, o);
    source.make_digest();
  }
  const ImportJob job{o.format, o.repeats, o.changed};
  // Only a changed text is refused: another catalog would refuse every file that grew.
  Merge merge(writer, o.changed == Changed::correct ? o.changed : Changed::keep, o.retracted);
  const ImportOutcome found = read_into(source, job, reading, writer, merge, context);
  context.check_cancelled();
  context.progress(1, "writing into the account");
  file.facts = found.fresh + found.known + found.corrected + merge.restored;
  // What is not in the account as it would be now has to be told again.
  const bool remember = source.size() >= worth_a_digest && file.facts > 0 && merge.different + merge.withdrawn == 0;
  if (remember) {
    file.digest = source.digest();
    file.bytes = static_cast<std::int64_t>(source.bytes_read());
    file.records = found.records;
  }
  writer.finish(remember ? &file : nullptr);

  Result out;
  out.title = fmt::format("{} new, {} known{}{}{}", found.fresh, found.known,
                          found.corrected ? fmt::format(", {} corrected", found.corrected) : "",
                          merge.restored ? fmt::format(", {} restored", merge.restored) : "",
                          o.dry_run ? " (dry run: nothing was recorded)" : "");
  out.note(fmt::format("{} of {} ({}), read as {}.",
                       counted(found.records, found.format == Format::otel ? "item" : "row"), o.file.name(),
                       found.encoding, to_string(found.format)));
  if (found.fresh > 0) {
    out.estimate("energy", "Energy of the new rows", found.energy.total(), {}, "at the device");
    out.note(fmt::format("They are of {} to {}.", to_string(found.first_begin), to_string(found.last_end)));
    out.add(first_table(found, o.dry_run));
  }
  if (!reading.notes.left_out.empty()) {
    Table t("ledger.import.left_out.v1");
    t.title = "Left out";
    t.integer("rows").text("why");
    for (const auto& [why, rows] : reading.notes.left_out) t.add_row({rows, why});
    out.add(std::move(t));
  }
  if (found.fresh + found.corrected + merge.restored > 0)
    for (const auto& [id, factor] : reading.notes.factors) out.use(factor);
  tell_warnings(found, o, reading.notes, out);
  merge.tell(out, "row");
  if (found.kept > 0)
    out.warn(fmt::format("{} of the file imported before with other content: left as then (--changed keep)",
                         counted(found.kept, "row") + (found.kept == 1 ? " was" : " were")));
  if (found.format == Format::aws || found.format == Format::gcp || found.format == Format::azure)
    out.warn(
        "a bill says what was rented, not what it did: energy is modelled from vCPU, memory and accelerators at a load "
        "that is assumed (--load)");
  return out;
}

namespace {

constexpr const char* description =
    "Reads emissions.csv of CodeCarbon (all versions), the cost and usage exports of AWS, Google Cloud and Azure by "
    "instance type, token logs of OpenTelemetry (GenAI conventions, OTLP in JSON), and what `wattline ledger export` "
    "writes. UTF-8, UTF-16 and Windows-1252, with gzip or without, of any size.\n\n"
    "All or nothing: a row that cannot be read is named with line, column and value, and nothing is recorded. The same "
    "file again, grown or renamed, adds only its new rows: a row's uid is made of the file's first row, the row's "
    "number "
    "and a digest of its text. A row whose text changed since it was imported is refused; --changed correct puts it in "
    "the place of the old one, --changed keep leaves the old one. Known rows that other options would change are left "
    "and "
    "named; --changed correct puts them right, but for those corrected by hand. Retracted rows stay so, unless "
    "--retracted restore.\n\n"
    "Energies are those at the device. CodeCarbon's are declared, with errors for processors, GPUs and memory of their "
    "own that all rows share. Bills are modelled: P = vCPU * (idle + load * (full - idle)) + memory * W/GB + "
    "accelerators * board power * share, the form of Cloud Carbon Footprint with catalog factors; an instance type "
    "that "
    "is not known is refused or, with --skip-unknown, left out and counted. Token logs take the energy that a span "
    "tells, "
    "else --energy-per-token, else the roofline of a known model on a known device.";

const Fields<ImportOptions>& fields() {
  using O = ImportOptions;
  static const Fields<RentedOptions> rented =
      Fields<RentedOptions>()
          .number("load", &RentedOptions::load, "mean load of the processors in per cent; none: import.instance.load")
          .range(0, 100);
  using T = TokenOptions;
  static const Fields<T> tokens =
      Fields<T>()
          .reference("model", &T::model, "models", "stands for a model that the catalog has not")
          .reference("device", &T::device, "devices", "on which the answers were made, where a span does not say it")
          .number("batch", &T::batch, "requests that shared each pass over the weights")
          .range(1, 1e6)
          .number("devices", &T::devices, "devices that shared every layer")
          .range(1, 1e5)
          .number("weight-bits", &T::weight_bits, "bits of a stored weight")
          .range(1, 64)
          .quantity("energy-per-token", &T::energy_per_token, "J",
                    "energy of a token written, instead of a model of it")
          .at_least(0);
  static const Fields<O> all =
      Fields<O>()
          .file("file", &O::file, "file to read, - for standard input; gzip is undone")
          .required()
          .positional()
          .enumeration("format", &O::format, {"auto", "codecarbon", "aws", "gcp", "azure", "otel", "wattline"},
                       "what it is; auto: by its columns")
          .flag("dry-run", &O::dry_run, "show what would be recorded, and record nothing")
          .reference("place", &O::place, "places", "place of rows whose place is not told or not known")
          .text("kind", &O::kind, "kind of the rows; none: run, rented or answer by the format")
          .text("time-zone", &O::time_zone, "of times that tell none: UTC, +02:00, Europe/Paris; none: UTC")
          .enumeration("decimal", &O::decimal, {"auto", "point", "comma"}, "decimal mark of numbers")
          .list("label", &O::labels, "labels from columns or attributes: project=resourceTags/user:Project")
          .enumeration("repeats", &O::repeats, {"refuse", "skip", "keep"}, "rows that are the same word for word")
          .enumeration("changed", &O::changed, {"refuse", "correct", "keep"},
                       "rows that were imported with other content; correct: also those that other options change")
          .enumeration("retracted", &O::retracted, {"leave", "restore"}, "rows that were retracted since")
          .flag("skip-unknown", &O::skip_unknown, "leave rows out whose instance type, model or device is not known")
          .group(&O::rented, rented, "Rented machines")
          .group(&O::tokens, tokens, "Token logs");
  return all;
}

}  // namespace

Capability import_capability() {
  Capability c = capability<ImportOptions>("ledger", "import",
                                           "Rows of CodeCarbon, cloud bills, token logs and exports into the account.",
                                           &import, fields());
  c.description = description;
  c.verb = Verb::account;
  c.cost = Cost::job;
  c.doors = Doors::command_line;
  c.consumes = {"run.records.v1"};
  c.emits = {"ledger.import.rows.v1", "ledger.import.left_out.v1"};
  const std::string emissions =
      "timestamp,project_name,run_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,cpu_energy,"
      "gpu_energy,ram_energy,energy_consumed,country_name,country_iso_code,region,on_cloud\n"
      "2026-11-24T15:04:51,thesis,0a578547-1d6b-4e2f-be0c-7ad10f2f7c97,3600,0.0168,4.67e-06,60,220,20,0.06,0.22,0.02,0."
      "3,"
      "France,FRA,,N\n";
  const std::string bill =
      "identity/LineItemId,lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/LineItemType,lineItem/ProductCode,"
      "lineItem/UsageType,lineItem/UsageAmount,product/instanceType,product/regionCode,pricing/unit\n"
      "a1,2026-11-24T00:00:00Z,2026-11-25T00:00:00Z,Usage,AmazonEC2,EUC1-BoxUsage:g5.xlarge,24,g5.xlarge,eu-central-1,"
      "Hrs\n"
      "a2,2026-11-24T00:00:00Z,2026-11-25T00:00:00Z,Usage,AmazonS3,EUC1-TimedStorage,3.5,,eu-central-1,GB-Mo\n";
  const std::string log =
      "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":"
      "\"eee19b7ec3c1b174\",\"name\":\"chat\",\"startTimeUnixNano\":\"1795532400000000000\",\"endTimeUnixNano\":"
      "\"1795532404000000000\",\"attributes\":[{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":"
      "\"llama-3.1-8b\"}},{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"900\"}},{\"key\":"
      "\"gen_ai.usage.output_tokens\",\"value\":{\"intValue\":\"200\"}}]}]}]}]}\n";
  c.examples = {
      {{"emissions.csv", "--time-zone", "+01:00", "--dry-run"}, {{"emissions.csv", emissions}}, "1 new, 0 known"},
      {{"bill.csv", "--load", "30", "--dry-run"}, {{"bill.csv", bill}}, "no rented machine"},
      {{"spans.jsonl", "--device", "NVIDIA H100 SXM", "--place", "FR", "--dry-run"},
       {{"spans.jsonl", log}},
       "llama-3.1-8b"}};
  return c;
}

}  // namespace wattline::ledger::imports
