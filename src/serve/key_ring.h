// The keys there are, by their SHA-256: looked up for each request, changed now and then. A look-up takes one
// hash and one probe and no lock, unless something was changed since this thread's last.
#pragma once

#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "serve/answer.h"
#include "serve/digest.h"

namespace wattline::serve {

class Tenant;

// Lives as long as the governor; what can change is atomic.
struct ApiKey {
  std::string id;
  Digest digest{};
  Tenant* tenant = nullptr;
  std::vector<std::string> models, roles, groups;
  std::vector<std::string_view> role_names, group_names;  // of the two before, as a router takes them
  std::optional<Time> expires;
  std::shared_ptr<const Requester> requester;
  std::atomic<bool> revoked{false};
};

class KeyRing {
  struct Hash {
    // A digest is as good as random: its first bytes are a hash.
    std::size_t operator()(const Digest& d) const {
      std::size_t h;
      std::memcpy(&h, d.data(), sizeof h);
      return h;
    }
  };
  struct Same {
    bool operator()(const Digest& a, const Digest& b) const { return same_digest(a, b); }
  };
  using Table = std::unordered_map<Digest, const ApiKey*, Hash, Same>;

 public:
  // Of one thread: what it saw last.
  class View {
    friend class KeyRing;
    std::uint64_t version_ = 0;
    std::shared_ptr<const Table> table_;
  };

  // How long it takes tells nothing about the keys there are: where the probe lands follows from the SHA-256 of
  // what was presented, and whole digests are compared in constant time.
  const ApiKey* find(View& view, const Digest& digest) const {
    if (view.version_ != version_.load(std::memory_order_acquire)) {
      std::lock_guard lock(mutex_);
      view.table_ = table_;
      view.version_ = version_.load(std::memory_order_relaxed);
    }
    if (!view.table_) return nullptr;
    const auto it = view.table_->find(digest);
    return it == view.table_->end() ? nullptr : it->second;
  }

  void replace(const std::vector<std::unique_ptr<ApiKey>>& keys) {
    auto table = std::make_shared<Table>();
    table->reserve(keys.size());
    for (const auto& k : keys) {
      const auto [it, added] = table->emplace(k->digest, k.get());
      // The same key under another id after its first was taken away.
      if (!added && it->second->revoked.load(std::memory_order_relaxed)) it->second = k.get();
    }
    std::lock_guard lock(mutex_);
    table_ = std::move(table);
    version_.fetch_add(1, std::memory_order_release);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Table> table_;
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace wattline::serve
