#include "policy/learned/classes.h"

#include "kernel/table.h"
#include "policy_data_embedded.h"

namespace wattline::policy {

const std::vector<ClassSentence>& built_in_classes() {
  static const auto all = [] {
    std::vector<ClassSentence> out;
    for (const auto& file : policy_data()) {
      if (file.name != "classes.csv") continue;
      CsvOptions as_text;
      as_text.infer = false;
      const Table t = read_csv(file.content, file.name, as_text);
      for (std::size_t i = 0; i < t.rows(); ++i)
        out.push_back({t.column("type").texts()[i], t.column("class").texts()[i], t.column("text").texts()[i]});
    }
    return out;
  }();
  return all;
}

}  // namespace wattline::policy
