// What the fuzz targets of the formats share: no file crashes or hangs, and what is read can be recorded.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

#include "kernel/error.h"
#include "ledger/imports/importer.h"

namespace wattline::ledger::imports {

inline void fuzz_import(Format format, const std::uint8_t* data, std::size_t size) {
  static const auto catalog = catalog::Catalog::load();
  // The first byte chooses among the options.
  const unsigned choice = size > 0 ? data[0] : 0;
  ReadOptions options;
  options.skip_unknown = choice & 1;
  if (choice & 2) options.place = "FR";
  if (choice & 4) options.device = "NVIDIA H100 SXM";
  if (choice & 8) options.decimal = Decimal::comma;
  ImportJob job;
  job.format = choice & 16 ? Format::automatic : format;
  job.repeats = choice & 32 ? Repeats::skip : Repeats::refuse;
  Reading reading(*catalog, std::move(options));
  AccountWriter writer("/nonexistent/account", "fuzz", true);
  TextSource source("f", size > 0 ? std::string(reinterpret_cast<const char*>(data) + 1, size - 1) : std::string());
  try {
    Merge merge(writer);
    const auto found = read_into(source, job, reading, writer, merge, Context());
    const double joules = found.energy.value();
    if (std::isnan(joules) || joules < 0) __builtin_trap();
  } catch (const Error&) {}
}

}  // namespace wattline::ledger::imports
