#include "meter/families/redfish.h"

#include "kernel/error.h"

namespace wattline::meter {
namespace {

constexpr int most_questions = 40;
constexpr std::size_t most_paths = 16;

std::string link_in(const Json& json, std::string_view member) {
  const Json* at = json.find(member);
  const Json* id = at ? at->find("@odata.id") : nullptr;
  return id && id->is_string() && id->as_string().starts_with('/') ? id->as_string() : "";
}

std::vector<std::string> members_of(const Json& json) {
  std::vector<std::string> out;
  const Json* members = json.find("Members");
  if (!members || !members->is_array()) return out;
  for (const auto& m : members->as_array()) {
    const Json* id = m.find("@odata.id");
    if (id && id->is_string() && id->as_string().starts_with('/') && out.size() < most_paths)
      out.push_back(id->as_string());
  }
  return out;
}

class Search {
 public:
  explicit Search(const GetRedfish& get) : get_(get) {}

  std::vector<std::string> from(const std::string& path, int depth = 0) {
    if (depth > 6) return {};
    const auto json = resource(path);
    if (!json) return {};
    if (read_redfish(*json)) return {path};
    for (const char* better : {"EnvironmentMetrics", "PowerSubsystem", "Power", "Chassis"})
      if (const std::string next = link_in(*json, better); !next.empty())
        if (auto found = from(next, depth + 1); !found.empty()) return found;
    if (const std::string supplies = link_in(*json, "PowerSupplies"); !supplies.empty()) return of_supplies(supplies);
    for (const auto& member : members_of(*json))
      if (auto found = from(member, depth + 1); !found.empty()) return found;
    return {};
  }
  const std::string& trouble() const { return trouble_; }

 private:
  std::vector<std::string> of_supplies(const std::string& path) {
    std::vector<std::string> out;
    const auto list = resource(path);
    if (!list) return {};
    for (const auto& member : members_of(*list)) {
      trouble_.clear();
      const auto supply = resource(member);
      if (supply && bay_is_empty(*supply)) continue;
      const std::string metrics = supply ? link_in(*supply, "Metrics") : "";
      const auto json = metrics.empty() ? std::nullopt : resource(metrics);
      if (!json || !read_redfish(*json)) {
        // The others' sum would be taken for the machine's.
        trouble_ = "the supply " + member + " does not tell its power" + (trouble_.empty() ? "" : ": " + trouble_);
        return {};
      }
      out.push_back(metrics);
    }
    return out;
  }
  // A resource that cannot be had is passed over: another may tell the same.
  std::optional<Json> resource(const std::string& path) {
    if (++questions_ > most_questions) return std::nullopt;
    try {
      return get_(path);
    } catch (const Error& e) {
      trouble_ = e.what();
      return std::nullopt;
    }
  }

  const GetRedfish& get_;
  int questions_ = 0;
  std::string trouble_;
};

}  // namespace

std::vector<std::string> find_redfish(const GetRedfish& get, const std::string& from) {
  Search search(get);
  auto found = search.from(from);
  if (found.empty())
    throw world_error("no resource from here on tells power" +
                          (search.trouble().empty() ? std::string() : " (" + search.trouble() + ")"),
                      from, "name a chassis: https://controller/redfish/v1/Chassis/1");
  return found;
}

ExternalReadings ask_redfish(const GetRedfish& get, const std::vector<std::string>& paths) {
  ExternalReading sum;
  sum.watt_step = static_cast<double>(paths.size());
  bool all_watts = true, all_joules = true;
  for (const auto& path : paths) {
    const auto r = read_redfish(get(path));
    if (!r) throw world_error("the resource no longer tells power", path);
    all_watts = all_watts && r->watts;
    all_joules = all_joules && r->joules;
    sum.watts = sum.watts.value_or(0) + r->watts.value_or(0);
    sum.joules = sum.joules.value_or(0) + r->joules.value_or(0);
    sum.joule_step += r->joule_step;
  }
  // A sum without one of its parts is none.
  if (!all_watts) sum.watts.reset();
  if (!all_joules) sum.joules.reset();
  if (!sum.watts && !sum.joules)
    throw world_error("the resource no longer tells power", paths.empty() ? "" : paths.front());
  return {sum};
}

}  // namespace wattline::meter
