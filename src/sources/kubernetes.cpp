// The images that pods run, by the API server's list and watch: the pods are listed once; from then on each pull asks for what
// happened since, so that a pod which came and went between two pulls is seen too, and a large cluster is not listed
// again and again. https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
#include <fmt/format.h>

#include <map>

#include "base/json_text.hpp"
#include "base/text.hpp"
#include "sources/kinds.hpp"

namespace rollcall::sources {
namespace {

using telemetry::Attributes;
using telemetry::Names;

// A container that runs, as a row.
struct Container {
  Names names;
  std::string attributes;
};
using Containers = std::vector<Container>;

// `registry:5000/shop/portal:1.2@sha256:…` is portal, 1.2.
std::pair<std::string_view, std::string_view> image_of(std::string_view image) {
  const auto digest = image.find('@');
  const auto named = image.substr(0, digest);
  const auto slash = named.rfind('/');
  const auto colon = named.find(':', slash == std::string_view::npos ? 0 : slash);
  const auto name =
      named.substr(slash + 1, colon == std::string_view::npos ? colon : colon - slash - 1);
  if (colon != std::string_view::npos) return {name, named.substr(colon + 1)};
  return {name,
          digest == std::string_view::npos ? std::string_view("latest") : image.substr(digest + 1)};
}

std::string_view text_in(const json::value& object, std::string_view part, std::string_view name) {
  const auto* inner = find(object, part);
  return inner == nullptr ? std::string_view() : text_or(*inner, name);
}

// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ ; none of a pod that does not run.
Containers containers_of(const json::value& pod) {
  Containers all;
  const auto* metadata = find(pod, "metadata");
  const auto* spec = find(pod, "spec");
  if (metadata == nullptr || spec == nullptr || text_in(pod, "status", "phase") != "Running")
    return all;
  const json::value none;
  const auto* given = find(*metadata, "labels");
  const auto& labels = given == nullptr ? none : *given;
  const auto* containers = find(*spec, "containers");
  if (containers == nullptr || !containers->is_array()) return all;
  const auto pod_role = text_or(labels, "app.kubernetes.io/name", text_or(labels, "app"));
  for (const auto& container : containers->get_array()) {
    const auto [image, tag] = image_of(text_or(container, "image"));
    if (image.empty()) continue;
    // The first container is what the pod is for; the others are roles of their own.
    const bool main = all.empty();
    auto& one = all.emplace_back();
    one.names.take_attribute("service.name", main && !pod_role.empty() ? pod_role : image);
    one.names.take_attribute("service.version",
                             main ? text_or(labels, "app.kubernetes.io/version", tag) : tag);
    one.names.take_attribute("cloud.region", text_or(labels, "topology.kubernetes.io/region"));
    one.names.take_attribute("service.instance.id", text_or(*metadata, "name"));
    one.names.take_attribute("host.name", text_or(*spec, "nodeName"));
    Attributes attributes;
    append_json(attributes.next("k8s.namespace.name"), text_or(*metadata, "namespace"));
    append_json(attributes.next("container.image"), text_or(container, "image"));
    one.attributes = attributes.finish();
  }
  return all;
}

class Kubernetes final : public HttpSource {
 public:
  using HttpSource::HttpSource;
  Result<Pulled> pull(Timestamp now, std::string_view) override {
    Pulled pulled;
    pulled.watermark = now;
    if (version_.empty()) {
      TRY_DO(list());
    } else {
      TRY_DO(watch(pulled.rows, now));
      if (version_.empty()) TRY_DO(list());  // what happened since is not known there any more
    }
    for (const auto& [name, containers] : pods_) append(pulled.rows, containers, now);
    return pulled;
  }

 private:
  static std::string name_of(const json::value& pod) {
    return fmt::format("{}/{}", text_in(pod, "metadata", "namespace"),
                       text_in(pod, "metadata", "name"));
  }
  std::string url(std::string_view parameters) const {
    auto url = fmt::format("{}/api/v1/pods?{}", options_.url, parameters);
    if (!options_.query.empty()) url += "&labelSelector=" + http::encode_percent(options_.query);
    return url;
  }
  void append(telemetry::LogBatch& rows, const Containers& containers, Timestamp now) const {
    for (const auto& one : containers)
      append_row(rows, one.names, options_.names, now, "pod", one.attributes);
  }

  Result<void> list() {
    std::map<std::string, Containers> pods;
    std::string next, version;
    do {
      auto page_url = url("limit=500");
      if (!next.empty()) page_url += "&continue=" + http::encode_percent(next);
      TRY(const auto page, ask_json(client_, options_, page_url));
      const auto* items = find(page, "items");
      if (items == nullptr || !items->is_array())
        return fail("SOURCE0103", fmt::format("{} answers no list of pods", options_.url));
      for (const auto& pod : items->get_array()) {
        if (auto containers = containers_of(pod); !containers.empty())
          pods.insert_or_assign(name_of(pod), std::move(containers));
      }
      version = text_in(page, "metadata", "resourceVersion");
      next = text_in(page, "metadata", "continue");
    } while (!next.empty());
    pods_ = std::move(pods);
    version_ = std::move(version);
    return {};
  }

  // The server answers what happened since that version, an event a line, and closes after a second.
  Result<void> watch(telemetry::LogBatch& rows, Timestamp now) {
    const auto text = ask(client_, options_,
                          url(fmt::format("watch=1&resourceVersion={}&timeoutSeconds=1",
                                          http::encode_percent(version_))));
    if (!text) {
      if (text.error().message.contains("answered 410")) return version_.clear(), Result<void>{};
      return std::unexpected(text.error());
    }
    for (const auto line : split(*text, '\n')) {
      if (trim(line).empty()) continue;
      const auto event = parse_json(line);
      if (!event) break;  // cut off: asked for again from the last version that was whole
      const auto* pod = find(*event, "object");
      const auto type = text_or(*event, "type");
      if (pod == nullptr || type == "ERROR") return version_.clear(), Result<void>{};
      take(type, *pod, rows, now);
    }
    return {};
  }

  void take(std::string_view type, const json::value& pod, telemetry::LogBatch& rows,
            Timestamp now) {
    if (const auto version = text_in(pod, "metadata", "resourceVersion"); !version.empty())
      version_ = version;
    if (type != "ADDED" && type != "MODIFIED" && type != "DELETED") return;
    const auto name = name_of(pod);
    auto containers = containers_of(pod);
    const auto known = pods_.find(name);
    // What is gone by the end of the pull was there within it.
    if (known != pods_.end()) {
      if (type == "DELETED" || containers.empty()) {
        append(rows, known->second, now);
        pods_.erase(known);
      }
    }
    if (type != "DELETED" && !containers.empty())
      pods_.insert_or_assign(name, std::move(containers));
  }

  std::map<std::string, Containers> pods_;  // that run
  std::string version_;                     // of the cluster, up to which they are known; "": list
};

}  // namespace

std::unique_ptr<Source> make_kubernetes(const SourceOptions& options, http::Client& client) {
  return std::make_unique<Kubernetes>(options, client);
}

}  // namespace rollcall::sources
