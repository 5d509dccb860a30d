// The models carried inside the program.
#include "kernel/error.h"
#include "lm/corpus.h"
#include "lm/model.h"
#include "lm_data_embedded.h"

namespace wattline::lm {
namespace {

constexpr std::string_view suffix = ".safetensors";

const std::map<std::string, std::shared_ptr<const Model>, std::less<>>& models() {
  static const auto all = [] {
    std::map<std::string, std::shared_ptr<const Model>, std::less<>> loaded;
    for (const auto& file : lm_data())
      if (file.name.ends_with(suffix))
        loaded.emplace(file.name.substr(0, file.name.size() - suffix.size()),
                       load_safetensors(file.content, file.name));
    return loaded;
  }();
  return all;
}

}  // namespace

std::vector<std::string> builtin_names() {
  std::vector<std::string> names;
  for (const auto& [name, model] : models()) names.push_back(name);
  return names;
}

std::shared_ptr<const Model> builtin_model(std::string_view name) {
  const auto found = models().find(name);
  if (found == models().end()) throw unknown_name("built-in model", name, builtin_names(), "wattline lm models");
  return found->second;
}

std::string_view builtin_file(std::string_view name) {
  builtin_model(name);
  return data_file(std::string(name) + std::string(suffix));
}

}  // namespace wattline::lm
