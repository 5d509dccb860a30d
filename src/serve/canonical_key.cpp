#include "serve/canonical_key.h"

#include <memory>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "serve/canonical_json.h"

namespace wattline::serve {
namespace {

using Node = CanonicalJson::Node;

constexpr std::string_view given_twice = "a name given twice";

bool is_false(const CanonicalJson& json, const Node& n) { return json.text(n) == "false" || json.text(n) == "null"; }

class Digest {
 public:
  Digest() : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {
    if (!algorithm_ || !context_) throw std::runtime_error("OpenSSL has no SHA-256");
  }
  ~Digest() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(algorithm_);
  }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
  void begin() { check(EVP_DigestInit_ex2(context_, algorithm_, nullptr)); }
  void add(const void* data, std::size_t size) { check(EVP_DigestUpdate(context_, data, size)); }
  // With its length before it, so that no two lists of texts read alike.
  void add(std::string_view text) {
    const std::uint64_t size = text.size();
    add(&size, sizeof size);
    add(text.data(), text.size());
  }
  void end(std::array<std::uint8_t, 32>& out) { check(EVP_DigestFinal_ex(context_, out.data(), nullptr)); }

 private:
  static void check(int ok) {
    if (ok != 1) throw std::runtime_error("OpenSSL: SHA-256 failed");
  }
  EVP_MD* algorithm_;
  EVP_MD_CTX* context_;
};

}  // namespace

std::string_view append_canonical_json(std::string& out, std::string_view text) {
  CanonicalJson json;
  if (auto e = json.parse(text); !e.empty()) return e;
  return json.append(out, json.root()) ? std::string_view() : given_twice;
}

CanonicalRequest canonical_request(std::string_view body, const CanonicalRules& rules) {
  CanonicalRequest out;
  CanonicalJson json;
  out.why_not = json.parse(body);
  if (!out.why_not.empty()) return out;
  const Node& root = json.root();
  if (root.kind != CanonicalJson::Kind::object) {
    out.why_not = "not JSON";
    return out;
  }
  out.deterministic = rules.greedy_by_default;
  // Counted among the members that are left out: a second one would go unseen.
  int streams = 0;
  const Node* stream_options = nullptr;
  const auto leave_out = [&](const Node& member) {
    const std::string_view name = json.key(member);
    if (name == "\"temperature\"") {
      out.deterministic = json.text(member) == "0" || (rules.greedy_by_default && json.text(member) == "null");
    } else if (name == "\"stream\"") {
      out.stream = json.text(member) == "true";
      if (++streams > 1) out.why_not = given_twice;
      return true;
    } else if (name == "\"stream_options\"") {
      if (stream_options) out.why_not = given_twice;
      stream_options = &member;
      return true;
    } else if (name == "\"store\"") {
      if (!is_false(json, member)) out.why_not = "it is to be stored upstream";
      return true;
    } else if (name == "\"web_search_options\"") {
      if (json.text(member) != "null") out.why_not = "its answer depends on the hour";
    } else if (name == "\"user\"" || name == "\"safety_identifier\"") {
      return !rules.by_user;
    } else if (name == "\"metadata\"" || name == "\"prompt_cache_key\"" || name == "\"prompt_cache_retention\"") {
      return true;
    }
    return false;
  };
  out.text.reserve(body.size() + 16);
  if (!json.append_object(out.text, root, leave_out) && out.why_not.empty()) out.why_not = given_twice;
  out.text += out.stream ? "stream" : "whole";
  if (stream_options && stream_options->kind == CanonicalJson::Kind::object) {
    std::string rest;
    const auto asks_usage = [&](const Node& n) { return json.key(n) == "\"include_usage\""; };
    if (!json.append_object(rest, *stream_options, asks_usage) && out.why_not.empty()) out.why_not = given_twice;
    if (rest != "{}") out.text += rest;
  }
  return out;
}

CacheKeys::CacheKeys() {
  if (RAND_bytes(secret_.data(), static_cast<int>(secret_.size())) != 1)
    throw std::runtime_error("OpenSSL: no random bytes");
}

CacheKey CacheKeys::of(std::string_view tenant, const CanonicalRequest& request) const {
  thread_local Digest digest;
  CacheKey out;
  digest.begin();
  digest.add(secret_.data(), secret_.size());
  digest.add(tenant);
  digest.add(request.text);
  digest.end(out.bytes);
  return out;
}

}  // namespace wattline::serve
