// How strict a cache is with a kind of question: texts of one subject lie closer together than those of another, and
// some answers age faster (Chen et al., "SemCache", arXiv 2510.26835, whose thresholds are not public: these are the
// user's).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::policy {

struct CacheCategory {
  std::string name;  // a subject (text/domain.h) or a decision of a router's policy
  bool keep = true;  // false: neither looked up nor kept
  double threshold = 0.92;  // least cosine of a hit
  std::int64_t ttl_ns = std::int64_t{3600} * 1'000'000'000;
  double share = 1;  // of the cache's bytes that it may take, over 0 to 1
};

class CacheCategories {
 public:
  // `standard` is for those that have no rule of their own.
  CacheCategories(CacheCategory standard, std::vector<CacheCategory> named);

  // Places in all(). Of a question whose category is not known ("") the strictest of all rules together.
  std::size_t of(std::string_view name) const;
  bool has(std::string_view name) const;
  const std::vector<CacheCategory>& all() const { return all_; }
  const CacheCategory& at(std::size_t place) const { return all_[place]; }

 private:
  std::vector<CacheCategory> all_;  // unknown, standard, and those that are named
};

}  // namespace wattline::policy
