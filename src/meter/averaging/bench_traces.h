// For tests: driver readings beside a bench meter, as published with arXiv:2312.02741.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <zlib.h>

#include "kernel/series.h"

namespace wattline::meter::tests {

inline std::string unpacked(const std::filesystem::path& path) {
  std::string out;
  gzFile file = ::gzopen(path.c_str(), "rb");
  char buffer[65536];
  int n;
  while (file && (n = ::gzread(file, buffer, sizeof buffer)) > 0) out.append(buffer, static_cast<std::size_t>(n));
  if (file) ::gzclose(file);
  return out;
}

// Column `column` of an nvidia-smi log with local times one hour before UTC: "2023/05/11 14:35:07.001, 0, ...".
inline Series driver_readings(const std::filesystem::path& path, int column = 5) {
  Series out;
  out.unit = "W";
  std::istringstream rows(unpacked(path));
  std::string line;
  std::getline(rows, line);
  while (std::getline(rows, line)) {
    std::string stamp = line.substr(0, line.find(','));
    if (stamp.size() < 19) continue;
    std::replace(stamp.begin(), stamp.end(), '/', '-');
    stamp[10] = 'T';
    std::size_t comma = 0;
    for (int i = 0; i < column; ++i) comma = line.find(',', comma + 1);
    if (comma == line.npos) continue;
    out.add(Time{parse_time(stamp).ns - 3'600'000'000'000}, std::strtod(line.c_str() + comma + 1, nullptr));
  }
  return out;
}

// ElmorLabs PMD-USB: 18-byte records of nine little-endian uint16, the first a clock of 2933.5 ticks a
// millisecond that starts again at 65536, then four pairs of volts and amperes.
inline Series bench_power(const std::filesystem::path& folder) {
  Series out;
  out.unit = "W";
  const std::string raw = unpacked(folder / "pmd.bin.gz");
  const double start_ns = (std::strtod(unpacked(folder / "pmd_start_us.txt").c_str(), nullptr) - 50'000) * 1e3;
  std::uint16_t before = 0;
  double ticks = 0;
  for (std::size_t at = 0; at + 18 <= raw.size(); at += 18) {
    std::uint16_t word[9];
    for (int i = 0; i < 9; ++i) {
      const auto byte = [&](int k) { return static_cast<unsigned>(static_cast<unsigned char>(raw[at + 2 * i + k])); };
      word[i] = static_cast<std::uint16_t>(byte(0) | byte(1) << 8);
    }
    if (at > 0) ticks += static_cast<std::uint16_t>(word[0] - before);
    before = word[0];
    const auto value = [](std::uint16_t v) {
      const int x = (static_cast<std::int16_t>(v) >> 4) & 0xfff;
      return x & 0x800 ? 0.0 : static_cast<double>(x);
    };
    double watts = 0;
    for (int k = 1; k < 9; k += 2) watts += value(word[k]) * 0.007568 * value(word[k + 1]) * 0.0488;
    out.add(Time{static_cast<std::int64_t>(start_ns + ticks / 2933.5 * 1e6)}, watts);
  }
  return out;
}

// Each edge stands twice in the file.
inline std::vector<Time> load_edges(const std::filesystem::path& folder) {
  std::vector<Time> out;
  std::istringstream rows(unpacked(folder / "load_edges_us.csv"));
  for (std::string line; std::getline(rows, line);)
    if (!line.empty() && line[0] >= '0' && line[0] <= '9')
      if (const Time t{std::stoll(line) * 1000}; out.empty() || out.back() != t) out.push_back(t);
  return out;
}

}  // namespace wattline::meter::tests
