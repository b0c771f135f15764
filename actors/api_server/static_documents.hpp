#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/api_server/documents.hpp"
#include "messages/kinds.hpp"

namespace kabuki::api_server {

/// One form of a document, chosen by the request's Accept header.
struct DocumentForm {
  std::string media;  // "application/json", or with the parameters that Accept must name
  std::string content_type;
  std::string body;
  std::string etag;  // quoted; follows from the body
};

/// `accept`'s first media type that one of `forms` has; the first form when none does. Parameters such as charset and
/// q do not count. Never null for a document with forms.
const DocumentForm* choose_form(const std::vector<DocumentForm>& forms, std::string_view accept);

struct DocumentOptions {
  std::string server_address = "127.0.0.1:6443";  // as discovery names it
  std::string kabuki_version = "0.1.0";
  std::string commit;
};

/// Discovery, /version and OpenAPI of the kinds table. Discovery is made here, the OpenAPI documents when one is
/// first asked for; then they stay. A request whose If-None-Match has the ETag gets 304.
std::shared_ptr<const Documents> make_documents(const DocumentOptions& options = {});

}  // namespace kabuki::api_server
