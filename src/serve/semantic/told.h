// What an answer tells of the look for a similar one.
#pragma once

#include <string>
#include <string_view>

#include "kernel/quantity.h"

namespace wattline::serve {

struct LookTold {
  double similarity = 0;  // cosine of the nearest earlier question; 0 where there was none
  double threshold = 0;  // that it had to reach
  bool same_text = false;  // but for case, spaces and final punctuation
  std::string category;
  std::string_view why_not;  // of a static text: why it was not matched by meaning, or what told the two apart
  Duration cpu{0};  // that it took: encoder, index, guard
};

}  // namespace wattline::serve
