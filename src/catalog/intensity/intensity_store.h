// The folder of intensity series: one file for each place, kind and basis (docs/formats/intensity.md), written whole
// or not at all. Imports merge: the same again adds nothing, what contradicts what is there is refused unless it is
// an estimate that a figure replaces, or the user says so.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/intensity/intensity_series.h"
#include "kernel/context.h"

namespace wattline::catalog {

// Where the series lie when nobody says: $WATTLINE_INTENSITY_DATA, else $XDG_DATA_HOME/wattline/intensity, else
// ~/.local/share/wattline/intensity.
std::filesystem::path default_intensity_dir();

// Shared part for capabilities. Empty: the default.
struct IntensityLocation {
  std::string given;
  std::filesystem::path dir() const { return given.empty() ? default_intensity_dir() : std::filesystem::path(given); }
};
std::filesystem::path intensity_dir(const Context&);

// The stored form of a series, and back. Error with file:row.
std::string to_text(const IntensitySeries&);
IntensitySeries parse_intensity_series(std::string_view text, std::string_view where);

// The name under which series of this place are kept: the catalog's code, or PROVIDER/REGION. Unknown: Error with
// the nearest names.
std::string intensity_place(std::string_view place, const Catalog&);

struct IntensityMerge {
  std::int64_t added = 0, same = 0;
  std::int64_t replaced_estimates = 0;  // an estimate by a figure
  std::int64_t kept = 0;  // an estimate came for what was a figure, and was not taken
  std::int64_t replaced = 0;  // by --replace
  bool changed() const { return added || replaced_estimates || replaced; }
};
// Puts the samples, all of them of `import`, into the series. Error when a figure contradicts one that is there and
// `replace` is not set, or when zone or emissions are of another series.
IntensityMerge merge(IntensitySeries&, const std::string& emissions, const IntensityImport& import,
                     const std::vector<IntensitySample>& samples, bool replace);

class IntensityStore {
 public:
  explicit IntensityStore(std::filesystem::path dir) : dir_(std::move(dir)) {}

  const std::filesystem::path& dir() const { return dir_; }
  // The names there are, sorted; none when there is no folder.
  std::vector<IntensityName> names() const;
  // Null when there is none of exactly this name.
  std::shared_ptr<const IntensitySeries> find(const IntensityName&) const;
  // The series of the place, or of the place that a cloud region lies in. `place` is a catalog name.
  std::shared_ptr<const IntensitySeries> find_for(std::string_view place, IntensityKind, IntensityBasis,
                                                  const Catalog&) const;
  // Why find_for found none, with what there is of the place: a marginal series is told, never taken for an average.
  std::string why_none(std::string_view place, IntensityKind, IntensityBasis, const Catalog&) const;
  void save(const IntensitySeries&) const;

 private:
  std::filesystem::path dir_;
};

}  // namespace wattline::catalog
