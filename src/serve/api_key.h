// Keys that clients send: "wl_" and 256 random bits in base64url, 46 characters. A key is shown once,
// when it is made; what is kept of it is its SHA-256, which is enough: nobody guesses 256 bits, so
// neither salt nor a slow hash would add anything.
#pragma once

#include <string>
#include <string_view>

#include "serve/config_values.h"
#include "serve/digest.h"

namespace wattline::serve {

inline constexpr std::string_view api_key_prefix = "wl_";

// Error world: the system gives no random numbers.
Secret new_api_key();
// A name for a key that nobody named: "k-" and the first 12 digits of its SHA-256.
std::string default_key_id(const Digest&);
// What a request presents: the token of "Authorization: Bearer TOKEN" (the scheme in any case, RFC 9110,
// section 11.1), else the value of x-api-key, as Anthropic's clients send it; "" when neither is there.
std::string_view presented_key(std::string_view authorization, std::string_view x_api_key);

// Whether a name can be that of a tenant or key: 1 to 64 of letters, digits, '.', '_', '-', '@'. They stand
// in headers, figures, logs and the ledger as they are.
bool good_name(std::string_view);
// Whether it can be a pattern of models: 1 to 200 bytes without spaces, control characters, quotes, backslashes.
bool good_pattern(std::string_view);
// Whether `text` is what `pattern` says: '*' stands for any characters, '?' for one. Takes time in
// proportion to both lengths multiplied, at the worst.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace wattline::serve
