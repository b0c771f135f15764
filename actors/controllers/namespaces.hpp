#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// Makes the namespaces that every cluster has, and ends one that is being deleted: its pods are deleted, then
/// everything else, and when nothing is left its finalizer goes, and so does it. What is left its conditions tell.
Plan reconcile_namespace(const View& view, const Key& ns, const Instant& now);

Controller namespace_controller();

/// Returns what a namespace is to have and lacks: ServiceAccount `default` and ConfigMap kube-root-ca.crt with the
/// cluster's authority.
Plan reconcile_service_account(const View& view, const Key& ns, const std::string& authority_pem);

Controller service_account_controller(std::string authority_pem);

}  // namespace kabuki::controllers
