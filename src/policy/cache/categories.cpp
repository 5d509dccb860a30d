#include "policy/cache/categories.h"

#include <algorithm>

namespace wattline::policy {

CacheCategories::CacheCategories(CacheCategory standard, std::vector<CacheCategory> named) {
  standard.name = "other";
  CacheCategory unknown = standard;
  unknown.name = "unknown";
  for (const auto& c : named) {
    unknown.threshold = std::max(unknown.threshold, c.threshold);
    unknown.ttl_ns = std::min(unknown.ttl_ns, c.ttl_ns);
    unknown.share = std::min(unknown.share, c.share);
    // What may be of a category that is never kept is not kept either.
    unknown.keep = unknown.keep && c.keep;
  }
  all_.push_back(std::move(unknown));
  all_.push_back(std::move(standard));
  for (auto& c : named) all_.push_back(std::move(c));
}

bool CacheCategories::has(std::string_view name) const {
  return std::any_of(all_.begin() + 2, all_.end(), [&](const CacheCategory& c) { return c.name == name; });
}

std::size_t CacheCategories::of(std::string_view name) const {
  if (name.empty()) return 0;
  for (std::size_t i = 2; i < all_.size(); ++i)
    if (all_[i].name == name) return i;
  return 1;
}

}  // namespace wattline::policy
