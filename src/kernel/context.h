// What a capability is given besides its options: progress, cancellation, randomness, a log, and
// the shared parts (catalog, ledger ...) that `app` puts in by type.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <stop_token>
#include <string>
#include <string_view>
#include <typeindex>
#include <unordered_map>

namespace wattline {

class Context {
 public:
  // Fraction done 0..1 and what is being done; throttled by the receiver.
  std::function<void(double fraction, std::string_view what)> on_progress;
  std::function<void(std::string_view line)> on_log;  // for people, one line, no secrets
  std::stop_token stop;
  std::uint64_t seed = 1;

  void progress(double fraction, std::string_view what = {}) const {
    if (on_progress) on_progress(fraction, what);
  }
  void log(std::string_view line) const {
    if (on_log) on_log(line);
  }
  // Long loops call this now and then; throws Error(cancelled).
  void check_cancelled() const;
  // A generator of its own for each named purpose: adding one purpose does not shift another.
  std::mt19937_64 random(std::string_view purpose) const;

  // Shared parts by type: context.provide(catalog); context.get<catalog::Catalog>().
  template <class T>
  void provide(std::shared_ptr<T> part) {
    parts_[std::type_index(typeid(T))] = std::move(part);
  }
  template <class T>
  T* find() const {
    auto it = parts_.find(std::type_index(typeid(T)));
    return it == parts_.end() ? nullptr : static_cast<T*>(it->second.get());
  }
  template <class T>
  T& get() const {
    if (T* part = find<T>()) return *part;
    missing_part(typeid(T).name());
  }
  template <class T>
  std::shared_ptr<T> share() const {
    auto it = parts_.find(std::type_index(typeid(T)));
    if (it == parts_.end()) missing_part(typeid(T).name());
    return std::static_pointer_cast<T>(it->second);
  }

 private:
  [[noreturn]] static void missing_part(const char* type);
  std::unordered_map<std::type_index, std::shared_ptr<void>> parts_;
};

}  // namespace wattline
