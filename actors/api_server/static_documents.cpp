#include "actors/api_server/static_documents.hpp"

#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "actors/api_server/discovery.hpp"
#include "actors/api_server/openapi/openapi.hpp"
#include "messages/hash.hpp"
#include "messages/versions.hpp"

namespace kabuki::api_server {
namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kAggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// The media type without spaces and without the parameters that choose no form.
std::string canonical_media(std::string_view text) {
  std::string out;
  while (true) {
    size_t end = text.find(';');
    std::string_view part = trimmed(text.substr(0, end));
    bool chooses = out.empty() || part.starts_with("g=") || part.starts_with("v=") || part.starts_with("as=");
    if (chooses) out.append(out.empty() ? "" : ";").append(part);
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

DocumentForm make_form(const char* media, const char* content_type, std::string body) {
  char etag[24];
  std::snprintf(etag, sizeof etag, "\"%016llX\"", static_cast<unsigned long long>(fnv1a_64(body)));
  return {media, content_type, std::move(body), etag};
}

DocumentForm json_form(std::string body) { return make_form(kJson, kJson, std::move(body)); }

using Table = std::map<std::string, std::vector<DocumentForm>>;

/// What GET / tells people who look around: every path that is no object.
std::string paths_document(const Table& discovery) {
  std::set<std::string> paths = {"/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz"};
  for (const auto& [path, forms] : discovery) paths.insert(path);
  return nlohmann::ordered_json{{"paths", paths}}.dump();
}

Table make_discovery(const DocumentOptions& options) {
  Table out;
  for (auto& [path, body] : discovery_documents(served_kinds(), options.server_address)) {
    out[path].push_back(json_form(body));
  }
  out["/api"].push_back(make_form(kAggregated, kAggregated, aggregated_discovery(served_kinds(), true)));
  out["/apis"].push_back(make_form(kAggregated, kAggregated, aggregated_discovery(served_kinds(), false)));
  out["/version"].push_back(json_form(version_document(options.kabuki_version, options.commit)));
  out["/"].push_back(json_form(paths_document(out)));
  return out;
}

Table make_openapi() {
  Table out;
  const OpenApi documents = make_openapi_documents(served_kinds());
  auto& v2 = out["/openapi/v2"];
  v2.push_back(json_form(documents.v2_json));
  // Old clients spell the version with @, new ones with a dot; they are told the dot either way, as Kubernetes does.
  constexpr const char* kProto = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
  v2.push_back(make_form(kProto, kProto, documents.v2_protobuf));
  v2.push_back(
      make_form("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", kProto, documents.v2_protobuf));

  std::string index = "{\"paths\":{";
  for (const auto& [name, body] : documents.v3_json) {
    DocumentForm form = json_form(body);
    if (index.back() != '{') index += ',';
    // The hash makes the address of each version its own, so that clients cache it for good.
    index += "\"" + name + "\":{\"serverRelativeURL\":\"/openapi/v3/" + name +
             "?hash=" + form.etag.substr(1, form.etag.size() - 2) + "\"}";
    out["/openapi/v3/" + name].push_back(std::move(form));
  }
  out["/openapi/v3"].push_back(json_form(index + "}}"));
  return out;
}

class StaticDocuments final : public Documents {
 public:
  explicit StaticDocuments(const DocumentOptions& options) : discovery_(make_discovery(options)) {}

  std::optional<Response> find(const http::Request& request, const std::string& path) const override {
    if (path.starts_with("/openapi/")) {
      std::call_once(made_, [this] { openapi_ = make_openapi(); });
      return answer(openapi_, request, path);
    }
    return answer(discovery_, request, path);
  }

 private:
  static std::optional<Response> answer(const Table& table, const http::Request& request, const std::string& path) {
    auto found = table.find(path);
    if (found == table.end()) return std::nullopt;
    const DocumentForm* form = choose_form(found->second, request.header("accept"));
    Response out;
    if (const std::string_view hash = request.parameter("hash"); !hash.empty() && path.starts_with("/openapi/v3/")) {
      const std::string current = form->etag.substr(1, form->etag.size() - 2);
      if (hash != current) return Response{301, {{"location", path + "?hash=" + current}}, ""};
      out.headers.emplace_back("cache-control", "public, immutable");
    }
    out.headers.insert(out.headers.begin(),
                       {{"content-type", form->content_type}, {"etag", form->etag}, {"vary", "Accept"}});
    std::string_view known = request.header("if-none-match");
    if (known == "*" || known.find(form->etag) != std::string_view::npos) {
      out.status = 304;
    } else {
      out.body = form->body;
    }
    return out;
  }

  const Table discovery_;
  mutable std::once_flag made_;
  mutable Table openapi_;  // after made_
};

}  // namespace

const DocumentForm* choose_form(const std::vector<DocumentForm>& forms, std::string_view accept) {
  while (!accept.empty()) {
    size_t end = accept.find(',');
    const std::string wanted = canonical_media(accept.substr(0, end));
    accept.remove_prefix(end == std::string_view::npos ? accept.size() : end + 1);
    if (wanted == "*/*" || wanted == "application/*") break;
    for (const DocumentForm& form : forms) {
      if (form.media == wanted) return &form;
    }
  }
  return forms.empty() ? nullptr : &forms.front();
}

std::shared_ptr<const Documents> make_documents(const DocumentOptions& options) {
  return std::make_shared<StaticDocuments>(options);
}

}  // namespace kabuki::api_server
