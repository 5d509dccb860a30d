#include "ledger/slurm_cluster.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "kernel/error.h"

namespace wattline::ledger {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view where) : where_(where) {}

  SlurmCluster read(const YAML::Node& root) {
    if (!root.IsMap()) throw bad_input("the cluster file is no list of keys and values", std::string(where_));
    SlurmCluster out;
    out.institution = text(root, "institution");
    out.name = text(root, "cluster_name");
    out.granularity_gb = number(root, "granularity_memory_request", 1e-6, 1e6);
    out.pue = number(root, "PUE", 1, 20);
    out.grams_per_kwh = number(root, "CI", 0, 5000);
    if (const auto cost = root["energy_cost"]; cost && cost.IsMap()) {
      out.price = number(cost, "cost", 0, 1e6);
      out.currency = text(cost, "currency");
    }
    if (const std::string unit = text(root, "default_unit_RSS"); !unit.empty()) {
      if (std::string_view("KMGT").find(unit) == std::string_view::npos || unit.size() != 1)
        throw fault(root["default_unit_RSS"], fmt::format("default_unit_RSS is '{}'; K, M, G or T is allowed", unit));
      out.rss_unit = unit[0];
    }
    const auto partitions = root["partitions"];
    if (!partitions || !partitions.IsMap() || partitions.size() == 0)
      throw fault(root, "the cluster file has no partitions");
    for (const auto& entry : partitions) {
      const auto name = entry.first.as<std::string>();
      if (!entry.second.IsMap()) throw fault(entry.second, fmt::format("partition '{}' has no keys", name));
      out.partitions[name] = partition(name, entry.second);
    }
    static constexpr std::string_view known[] = {"institution", "cluster_name", "granularity_memory_request",
                                                 "partitions",  "PUE",          "CI",
                                                 "energy_cost", "texts_intro",  "default_unit_RSS"};
    for (const auto& entry : root)
      if (const auto key = entry.first.as<std::string>();
          std::find(std::begin(known), std::end(known), key) == std::end(known))
        out.warnings.push_back(fmt::format("{}: key '{}' is not known and was not used", where_, key.substr(0, 60)));
    return out;
  }

 private:
  Error fault(const YAML::Node& node, std::string message) const {
    const int line = node.Mark().line;
    return bad_input(std::move(message), line < 0 ? std::string(where_) : fmt::format("{}:{}", where_, line + 1));
  }

  std::string text(const YAML::Node& map, const char* key) const {
    const auto node = map[key];
    if (!node || node.IsNull()) return "";
    if (!node.IsScalar()) throw fault(node, fmt::format("{} is no single value", key));
    std::string out = node.Scalar();
    return out.starts_with('<') && out.ends_with('>') ? "" : out;
  }

  std::optional<double> number(const YAML::Node& map, const char* key, double low, double high) const {
    const auto node = map[key];
    if (!node || node.IsNull()) return std::nullopt;
    double out = NAN;
    if (node.IsScalar() && node.Scalar().starts_with('<'))
      throw fault(node, fmt::format("{} still holds the placeholder '{}'", key, node.Scalar().substr(0, 40)));
    if (!node.IsScalar() || !YAML::convert<double>::decode(node, out) || !std::isfinite(out))
      throw fault(node,
                  fmt::format("{} is '{}', no number", key, node.IsScalar() ? node.Scalar().substr(0, 40) : "a list"));
    if (out < low || out > high) throw fault(node, fmt::format("{} is {}; {} to {} is allowed", key, out, low, high));
    return out;
  }

  double needed(const YAML::Node& map, const char* key, const std::string& partition) const {
    const auto out = number(map, key, 0, 10000);
    if (!out) throw fault(map, fmt::format("partition '{}' has no {}", partition, key));
    return *out;
  }

  SlurmPartition partition(const std::string& name, const YAML::Node& map) const {
    SlurmPartition out;
    const std::string type = text(map, "type");
    if (type != "CPU" && type != "GPU")
      throw fault(map, fmt::format("partition '{}' is of type '{}'; CPU or GPU is allowed", name, type));
    out.gpu = type == "GPU";
    out.model = text(map, "model");
    out.cpu_model = out.gpu ? text(map, "model_CPU") : out.model;
    if (out.gpu) {
      out.gpu_watts = needed(map, "TDP", name);
      out.core_watts = needed(map, "TDP_CPU", name);
    } else {
      out.core_watts = needed(map, "TDP", name);
    }
    out.memory_per_core_gb = number(map, "memory_per_core", 0, 1e5);
    return out;
  }

  std::string_view where_;
};

}  // namespace

SlurmCluster parse_cluster(std::string_view yaml, std::string_view where) {
  constexpr std::size_t most = 1 << 20;
  if (yaml.size() > most)
    throw bad_input(fmt::format("a cluster file of {} bytes; at most {} are read", yaml.size(), most),
                    std::string(where));
  try {
    return Reader(where).read(YAML::Load(std::string(yaml)));
  } catch (const YAML::Exception& e) {
    throw bad_input("the cluster file is no YAML: " + e.msg,
                    e.mark.line < 0 ? std::string(where) : fmt::format("{}:{}", where, e.mark.line + 1));
  }
}

}  // namespace wattline::ledger
