#include "tools/sim/workloads/pods.hpp"

#include <algorithm>
#include <iterator>

#include "messages/meta.hpp"
#include "tools/sim/workload_objects.hpp"

namespace kabuki::tools {

std::string image_name(int number) { return "registry.example/app:v" + std::to_string(number); }

void fill_template(const std::string& app, const std::string& image, int64_t cpu_milli, PodTemplateSpec* model) {
  (*model->mutable_metadata()->mutable_labels())["app"] = app;
  auto* container = model->mutable_spec()->add_containers();
  container->set_name("app");
  container->set_image(image);
  if (cpu_milli == 0) return;
  (*container->mutable_resources()->mutable_requests())["cpu"].set_string(std::to_string(cpu_milli) + "m");
}

void annotate(PodTemplateSpec* model, const std::string& setting, const std::string& value) {
  (*model->mutable_metadata()->mutable_annotations())["sim.kabuki.io/" + setting] = value;
}

const std::string& image_of(const PodTemplateSpec& model) { return model.spec().containers(0).image(); }

std::string image_patch(const std::string& image) {
  return R"({"spec":{"template":{"spec":{"containers":[{"name":"app","image":")" + image + R"("}]}}}})";
}

void set_image(const std::string& image, PodTemplateSpec* model) {
  model->mutable_spec()->mutable_containers(0)->set_image(image);
}

bool is_controlled_by(const google::protobuf::Message& object, std::string_view uid) {
  return std::ranges::any_of(meta_of(object).ownerreferences(),
                             [&](const auto& owner) { return owner.controller() && owner.uid() == uid; });
}

bool has_ended(const Pod& pod) { return pod.status().phase() == "Succeeded" || pod.status().phase() == "Failed"; }

std::map<Key, Pod> pods_of(const Observed& observed, std::string_view uid) {
  auto pods = observed.all_of<Pod>(kinds::kPod);
  std::erase_if(pods, [&](const auto& entry) {
    return !is_controlled_by(entry.second, uid) || (observed.restored && has_ended(entry.second));
  });
  return pods;
}

Lines wrong_running(const Observed& observed, const std::string& who, const std::map<Key, Pod>& pods, int count,
                    const std::string& image) {
  Lines wrong;
  for (const auto& [key, pod] : pods) {
    const auto crashed = observed.container_crashes.find(key.ns + "/" + key.name);
    const int crashes = crashed == observed.container_crashes.end() ? 0 : crashed->second;
    if (auto why = wrong_with_running(pod, crashes); !why.empty()) wrong.push_back(key.name + " " + why);
    if (pod.metadata().has_deletiontimestamp()) wrong.push_back(key.name + " is being deleted");
    if (pod.spec().containers(0).image() != image) {
      wrong.push_back(key.name + " runs " + pod.spec().containers(0).image() + ", expected " + image);
    }
  }
  expect_equal(who, "number of pods", static_cast<int64_t>(pods.size()), count, &wrong);
  return wrong;
}

void judge_single(const Pod& pod, const Observed& observed, Lines* wrong) {
  // Its node was ending it when the store was put back: it ends.
  if (observed.restored && has_ended(pod)) return;
  if (auto why = wrong_with(shape_of(pod), pod); !why.empty()) wrong->push_back(pod.metadata().name() + " " + why);
}

void append(Lines lines, Lines* to) { std::ranges::move(lines, std::back_inserter(*to)); }

void expect_equal(const std::string& who, const char* what, int64_t is, int64_t expected, Lines* wrong) {
  if (is == expected) return;
  wrong->push_back(who + "'s " + what + " is " + std::to_string(is) + ", expected " + std::to_string(expected));
}

}  // namespace kabuki::tools
