// SHA-256 of texts that come in pieces. Error world: OpenSSL refuses (FIPS, providers).
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace wattline::ledger {

class Sha256 {
 public:
  Sha256();
  void begin();  // forgets what was added
  void add(std::string_view);
  std::string hex();  // lower case; begin() comes next

 private:
  // Kept from text to text: making one costs more than a hash.
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

}  // namespace wattline::ledger
