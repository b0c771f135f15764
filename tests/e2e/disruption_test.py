"""Budgets and endpoints by kubectl: a drain that waits for a budget, and what stands behind a service."""
import json
import unittest

from harness import ClusterTest, eventually

TEMPLATE = {"metadata": {"labels": {"app": "web"}},
            "spec": {"terminationGracePeriodSeconds": 1,
                     "containers": [{"name": "app", "image": "nginx", "ports": [{"name": "http", "containerPort": 80}]}]}}


def deployment(name, replicas):
    template = json.loads(json.dumps(TEMPLATE))
    template["metadata"]["labels"]["app"] = name
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}}


def budget(name, spec):
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": {"app": name}}, **spec}}


def service(name, **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"ports": [{"name": "http", "port": 80, "targetPort": "http"}], **spec}}


class DisruptionTest(ClusterTest):
    def rows(self, *arguments):
        return [line.split() for line in self.cluster.out("get", *arguments, "--no-headers").splitlines()]

    def test_a_drain_waits_until_the_budget_allows_it(self):
        self.cluster.apply(deployment("web", 4))
        self.cluster.apply(budget("web", {"minAvailable": "75%"}))
        pods = self.cluster.running("app=web", 4)
        eventually(lambda: self.rows("pdb", "web")[0][1:4] == ["75%", "N/A", "1"], "the budget is counted")
        node = pods[0]["spec"]["nodeName"]
        on_it = {pod["metadata"]["name"] for pod in pods if pod["spec"]["nodeName"] == node}
        self.cluster.kubectl("drain", node, "--ignore-daemonsets", "--pod-selector", "app=web")
        after = self.cluster.running("app=web", 4)
        self.assertFalse(on_it & {pod["metadata"]["name"] for pod in after})
        self.cluster.kubectl("uncordon", node)
        eventually(lambda: self.rows("pdb", "web")[0][3] == "1", "the budget is whole again")
        status = self.cluster.get("pdb", "web")["status"]
        self.assertEqual({k: status[k] for k in ("expectedPods", "desiredHealthy", "currentHealthy")},
                         {"expectedPods": 4, "desiredHealthy": 3, "currentHealthy": 4})
        self.assertEqual(status["conditions"][0]["reason"], "SufficientPods")

    def test_a_budget_that_is_spent_refuses_the_drain(self):
        self.cluster.apply(deployment("fixed", 2))
        self.cluster.apply(budget("fixed", {"maxUnavailable": 0}))
        node = self.cluster.running("app=fixed", 2)[0]["spec"]["nodeName"]
        eventually(lambda: self.rows("pdb", "fixed")[0][1:4] == ["N/A", "0", "0"], "the budget is counted")
        said = self.cluster.refused("drain", node, "--ignore-daemonsets", "--pod-selector", "app=fixed", "--timeout", "8s")
        self.assertIn("Cannot evict pod as it would violate the pod's disruption budget.", said)
        self.assertEqual(len(self.cluster.running("app=fixed", 2)), 2)
        self.cluster.kubectl("uncordon", node)

    def test_endpoints_follow_the_pods(self):
        self.cluster.apply(deployment("shop", 3))
        self.cluster.apply(service("shop", selector={"app": "shop"}))
        pods = self.cluster.running("app=shop", 3)
        wanted = {pod["status"]["podIP"] for pod in pods}

        def addresses():
            subsets = self.cluster.get("endpoints", "shop").get("subsets", [])
            return {address["ip"] for subset in subsets for address in subset.get("addresses", [])}

        def sliced():
            slices = self.cluster.get("endpointslices", "-l", "kubernetes.io/service-name=shop")["items"]
            return {address for one in slices for endpoint in one["endpoints"] or []
                    if endpoint["conditions"]["ready"] for address in endpoint["addresses"]}

        eventually(lambda: addresses() == wanted, "the endpoints are the pods")
        eventually(lambda: sliced() == wanted, "the slice has the pods")
        shown = self.rows("endpoints", "shop")[0][1]
        self.assertEqual(set(shown.split(",")), {ip + ":80" for ip in wanted})
        name, kind, ports, ips = self.rows("endpointslices", "-l", "kubernetes.io/service-name=shop")[0][:4]
        self.assertTrue(name.startswith("shop-"))
        self.assertEqual((kind, ports, set(ips.split(","))), ("IPv4", "80", wanted))
        self.cluster.kubectl("scale", "deployment", "shop", "--replicas", "0")
        eventually(lambda: self.rows("endpoints", "shop")[0][1] == "<none>", "there are none")
        self.cluster.kubectl("delete", "service", "shop")
        eventually(lambda: not self.rows("endpoints", "shop", "--ignore-not-found"), "they go with their service")
        eventually(lambda: not sliced() and not self.rows("endpointslices", "-l", "kubernetes.io/service-name=shop"),
                   "and so do its slices")

    def test_endpoints_without_a_selector_are_mirrored(self):
        self.cluster.apply(service("outside"))
        self.cluster.apply({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "outside"},
                            "subsets": [{"addresses": [{"ip": "192.0.2.7"}], "ports": [{"name": "http", "port": 8080}]}]})
        eventually(lambda: [row[1:4] for row in self.rows("endpointslices", "-l", "kubernetes.io/service-name=outside")]
                   == [["IPv4", "8080", "192.0.2.7"]], "a slice")

    def test_the_api_server_has_endpoints(self):
        port = self.cluster.state()["apiServer"].rsplit(":", 1)[1]
        self.assertEqual(eventually(lambda: self.rows("endpoints", "kubernetes"), "endpoints")[0][1], f"127.0.0.1:{port}")
        self.assertEqual(eventually(lambda: self.rows("endpointslices", "kubernetes"), "its slice")[0][1:4],
                         ["IPv4", port, "127.0.0.1"])

    def test_a_namespace_tells_what_it_waits_for(self):
        self.cluster.kubectl("create", "namespace", "ending")
        self.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap",
                            "metadata": {"name": "held", "namespace": "ending", "finalizers": ["example.com/hold"]}})
        self.cluster.kubectl("delete", "namespace", "ending", "--wait=false")

        def told():
            conditions = self.cluster.get("namespace", "ending")["status"]["conditions"]
            return {c["type"]: c["message"] for c in conditions if c["status"] == "True"}

        self.assertEqual(eventually(lambda: "NamespaceFinalizersRemaining" in told() and told(), "it says so"), {
            "NamespaceContentRemaining": "Some resources are remaining: configmaps. has 1 resource instances",
            "NamespaceFinalizersRemaining":
                "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"})
        self.cluster.kubectl("patch", "configmap", "held", "-n", "ending", "--type=merge",
                             "-p", '{"metadata":{"finalizers":null}}')
        eventually(lambda: not self.rows("namespace", "ending", "--ignore-not-found"), "it has gone")


if __name__ == "__main__":
    unittest.main()
