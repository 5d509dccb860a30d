// Files as other programs write them, of any size, for bench/ledger/import.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::bench {

struct ImportFile {
  std::string_view kind;  // "codecarbon", "records", "rows", "aws", "gcp", "azure", "otel"
  std::string_view name;  // of the file
  bool json = false;
  std::string header;
  // Line `i` of the file.
  void (*line)(std::string& out, std::int64_t i) = nullptr;
};

const std::vector<ImportFile>& import_files();
const ImportFile& import_file(std::string_view kind);

}  // namespace wattline::bench
