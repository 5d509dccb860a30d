#include "serve/digest.h"

#include <memory>
#include <new>

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace wattline::serve {
namespace {

struct Freed {
  void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
  void operator()(EVP_MD* m) const { EVP_MD_free(m); }
};

// OpenSSL looks an algorithm up by name, which takes longer than to hash a key: once a thread is enough.
struct Hasher {
  std::unique_ptr<EVP_MD, Freed> algorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  std::unique_ptr<EVP_MD_CTX, Freed> context{EVP_MD_CTX_new()};
};

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Digest sha256(std::string_view text) {
  thread_local const Hasher hasher;
  Digest out{};
  unsigned size = 0;
  EVP_MD_CTX* c = hasher.context.get();
  if (!c || !hasher.algorithm || EVP_DigestInit_ex2(c, hasher.algorithm.get(), nullptr) != 1 ||
      EVP_DigestUpdate(c, text.data(), text.size()) != 1 || EVP_DigestFinal_ex(c, out.data(), &size) != 1)
    throw std::bad_alloc();
  return out;
}

LastDigest::~LastDigest() { wipe(); }

void LastDigest::wipe() { OPENSSL_cleanse(text_.data(), text_.size()); }

const Digest& LastDigest::of(std::string_view text) {
  if (!text.empty() && text.size() == text_.size() && CRYPTO_memcmp(text.data(), text_.data(), text.size()) == 0)
    return digest_;
  digest_ = sha256(text);
  wipe();
  // A longer text would be moved to another place and left where it was.
  text_ = std::string();
  text_ = text;
  return digest_;
}

std::string to_hex(const Digest& d) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(64);
  for (const std::uint8_t b : d) {
    out += digits[b >> 4];
    out += digits[b & 15];
  }
  return out;
}

std::optional<Digest> digest_from_hex(std::string_view text) {
  if (text.size() != 64) return std::nullopt;
  Digest out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return out;
}

bool same_digest(const Digest& a, const Digest& b) {
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace wattline::serve
