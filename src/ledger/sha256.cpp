#include "ledger/sha256.h"

#include <openssl/evp.h>

#include "kernel/error.h"

namespace wattline::ledger {
namespace {

void demand(bool good) {
  if (!good) throw world_error("OpenSSL computes no SHA-256 here", {}, "check its configuration (FIPS, providers)");
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
  demand(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::begin() { demand(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1); }

void Sha256::add(std::string_view text) { demand(EVP_DigestUpdate(context_.get(), text.data(), text.size()) == 1); }

std::string Sha256::hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  demand(EVP_DigestFinal_ex(context_.get(), digest, &size) == 1);
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * size);
  for (unsigned int i = 0; i < size; ++i) {
    out += digits[digest[i] >> 4];
    out += digits[digest[i] & 15];
  }
  return out;
}

}  // namespace wattline::ledger
