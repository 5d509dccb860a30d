// When two chat requests ask for the same answer: the canonical form of a request's body, and its key.
//
// The canonical form is the body's JSON with members sorted by name, no white space, strings escaped one
// way, and numbers by value, to the last digit (never through a double: 2^53 + 1 stays apart from 2^53,
// while 1, 1.0 and 10e-1 are one). What a name means does not matter: every member counts, also one that
// nobody knows yet, but for these of the outermost object:
//   stream               apart: a stream is never the answer to a request for a whole reply, nor the reverse
//   stream_options       without include_usage, which the gateway itself answers; the rest counts
//   user, safety_identifier                     who asks: left out, unless the cache is kept by user
//   metadata, prompt_cache_key, prompt_cache_retention   labels and hints that no answer depends on: left out
//   store                left out when false or null; `true` has an effect of its own, so it is never cached
// Requests whose meaning is not certain (a name given twice) or whose answer depends on the hour
// (web_search_options) have no canonical form that can be cached.
//
// The key is the SHA-256 of a secret of this process, the tenant and the canonical form, each with its
// length. Nobody can make two inputs of one SHA-256, so requests of different tenants never meet and the
// form need not be kept for comparing: the store holds 32 bytes in place of the prompt. The secret keeps
// who chooses requests from choosing the places where they lie in a table.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace wattline::serve {

struct CacheKey {
  std::array<std::uint8_t, 32> bytes{};
  bool operator==(const CacheKey&) const = default;
};
struct CacheKeyHash {
  std::size_t operator()(const CacheKey& k) const {
    std::size_t h;
    std::memcpy(&h, k.bytes.data(), sizeof h);
    return h;
  }
};

// Appends the canonical form of one JSON document. Empty, or why there is none: "not JSON", "a name given
// twice", "nested too deeply", "an exponent out of range".
std::string_view append_canonical_json(std::string& out, std::string_view json);

struct CanonicalRequest {
  std::string text;  // what the key is made of
  bool stream = false;
  bool deterministic = false;  // temperature 0: the same answer is to be expected again
  std::string_view why_not;  // "" when an answer to it may be kept
};
struct CanonicalRules {
  bool by_user = false;  // `user` and `safety_identifier` count
  bool greedy_by_default = false;  // no temperature means 0, as with the built-in models
};
CanonicalRequest canonical_request(std::string_view body, const CanonicalRules&);

// Makes keys with a secret of its own. Safe from any thread.
class CacheKeys {
 public:
  CacheKeys();
  CacheKey of(std::string_view tenant, const CanonicalRequest&) const;

 private:
  std::array<std::uint8_t, 32> secret_;
};

}  // namespace wattline::serve
