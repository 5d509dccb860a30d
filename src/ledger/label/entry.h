// A model as its card, its metadata or a row of a table of models describes it: what the carbon label of
// J. Castaño, S. Martínez-Fernández, X. Franch, J. Bogner (ESEM 2023, arXiv 2305.11164) needs.
//
// Units: gCO2e, bytes, counts. Absent is not zero: a value that is not given is not there.
// Errors (bad_input) name file, row or line and column; a value that cannot be read in a row of many is left out, said
// in `doubts`.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::ledger {

struct ModelEntry {
  std::string id;
  std::size_t row = 0;  // of the table's file, 1 for a card
  std::optional<double> emissions;  // gCO2e
  std::string source, training_type, location, hardware, task, domain, month;  // month: "2023-01"
  std::vector<std::string> tags;
  std::optional<double> size, dataset_size, downloads, parameters;
  std::map<std::string, double> metrics;  // accuracy, f1, rouge1, rougeL
  std::optional<double> performance;  // 0..1, harmonic mean
  bool automatic = false;  // written by the training service, not by a person
  std::vector<std::string> doubts;  // about how values were read
};

// "149,200", "1.5 kg", "24.7 tonnes of CO2eq", "0.6": grams; a bare number is of grams, as the Hub defines the field.
// Nothing when it cannot be read; `doubt` says what was taken for what.
std::optional<double> read_emissions(std::string_view text, std::string* doubt = nullptr);
// "2.6B", "124M", "84000000", "1.4e9".
std::optional<double> read_count(std::string_view text);

// A model card (Markdown with YAML front matter), or the metadata of the Hub's API (JSON).
ModelEntry read_model_card(std::string_view text, std::string_view where);

// A CSV table of models, columns by their names in the data of the paper or in plain words.
struct ModelTable {
  std::vector<ModelEntry> models;
  std::vector<std::string> columns_used, columns_missing;
};
ModelTable read_model_table(std::string_view text, std::string_view where);

// Fills `performance` where it is not given and metrics are: the harmonic mean of the metrics scaled to 0..1 over the
// models, as the paper's package does.
void fill_performance(std::vector<ModelEntry>&);

// "Not Specified", "nan", "[]", "" and the like.
bool says_nothing(std::string_view);

}  // namespace wattline::ledger
