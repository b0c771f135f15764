#pragma once

#include <google/protobuf/message.h>
#include <string>
#include <string_view>
#include <vector>

#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/pod_template.pb.h"
#include "tools/sim/observed.hpp"

namespace kabuki::tools {

using ::k8s::io::api::core::v1::Pod;
using ::k8s::io::api::core::v1::PodTemplateSpec;

/// `registry.example/app:v3`.
std::string image_name(int number);

/// Pods labelled app=`app` with one container `app`, which ask for `cpu_milli` (0: for nothing).
void fill_template(const std::string& app, const std::string& image, int64_t cpu_milli, PodTemplateSpec* model);
void annotate(PodTemplateSpec* model, const std::string& setting, const std::string& value);
const std::string& image_of(const PodTemplateSpec& model);
/// The merge patch that gives the template this image, and the same done to a template.
std::string image_patch(const std::string& image);
void set_image(const std::string& image, PodTemplateSpec* model);

bool is_controlled_by(const google::protobuf::Message& object, std::string_view uid);
bool has_ended(const Pod& pod);

/// Those that the object with this uid controls. Without those that their nodes were ending when the store was put
/// back: they end, and their owner has made others.
std::map<Key, Pod> pods_of(const Observed& observed, std::string_view uid);
/// That each of them runs, is ready, has the image, and was started again only when it was crashed; and that there
/// are `count` of them.
Lines wrong_running(const Observed& observed, const std::string& who, const std::map<Key, Pod>& pods, int count,
                    const std::string& image);

/// That a single pod has come to the end that its shape stands for.
void judge_single(const Pod& pod, const Observed& observed, Lines* wrong);

void append(Lines lines, Lines* to);
/// Adds "WHO's WHAT is A, expected B" where they differ.
void expect_equal(const std::string& who, const char* what, int64_t is, int64_t expected, Lines* wrong);

}  // namespace kabuki::tools
