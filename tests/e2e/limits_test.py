"""What a namespace may take: quotas, limit ranges, priority classes, accounts; and volumes for who claims them."""
import json
import unittest

from harness import ClusterTest, eventually


def pod(name, namespace, spec=None, resources=None):
    container = {"name": "app", "image": "nginx", "resources": resources or {}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace},
            "spec": {"containers": [container], **(spec or {})}}


def claim(name, namespace, size="1Gi", **spec):
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": namespace},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}}


class LimitsTest(ClusterTest):
    def namespace(self, name):
        self.cluster.out("create", "namespace", name)
        return name

    def refusal(self, document):
        return self.cluster.refused("create", "-f", "-", stdin=json.dumps(document))

    def test_a_quota_bounds_what_a_namespace_takes(self):
        ns = self.namespace("quota")
        self.cluster.out("create", "quota", "q", "-n", ns, "--hard=pods=2,requests.cpu=1,configmaps=2")
        def used():
            return self.cluster.get("quota", "q", "-n", ns)["status"]["used"]
        eventually(lambda: used() == {"configmaps": "1", "pods": "0", "requests.cpu": "0"}, "the quota is counted")
        cpu = {"requests": {"cpu": "600m"}}
        self.cluster.apply(pod("a", ns, resources=cpu))
        self.assertIn('pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, '
                      'limited: requests.cpu=1', self.refusal(pod("b", ns, resources=cpu)))
        self.assertIn('pods "c" is forbidden: failed quota: q: must specify requests.cpu for: app',
                      self.refusal(pod("c", ns)))
        self.assertIn("exceeded quota", self.cluster.refused("create", "--dry-run=server", "-f", "-",
                                                             stdin=json.dumps(pod("b", ns, resources=cpu))))
        self.cluster.out("create", "configmap", "m", "-n", ns)
        self.assertIn('exceeded quota: q, requested: configmaps=1, used: configmaps=2, limited: configmaps=2',
                      self.cluster.refused("create", "configmap", "n", "-n", ns))
        self.assertRegex(self.cluster.out("describe", "quota", "q", "-n", ns), r"requests.cpu +600m +1")
        self.cluster.out("delete", "pod", "a", "-n", ns)
        eventually(lambda: used()["pods"] == "0", "the pod's place is free again")
        self.cluster.apply(pod("b", ns, resources=cpu))

    def test_a_deployment_gets_as_many_pods_as_its_quota_allows(self):
        ns = self.namespace("bounded")
        self.cluster.out("create", "quota", "q", "-n", ns, "--hard=pods=3")
        eventually(lambda: self.cluster.get("quota", "q", "-n", ns)["status"].get("used"), "the quota is counted")
        self.cluster.out("create", "deployment", "web", "--image=nginx", "-n", ns)
        self.cluster.out("scale", "deployment", "web", "--replicas=10", "-n", ns)
        self.cluster.running("app=web", 3, ns)
        eventually(lambda: "exceeded quota: q" in self.cluster.out("get", "events", "-n", ns), "an event says why")
        self.cluster.out("patch", "quota", "q", "-n", ns, "-p", '{"spec":{"hard":{"pods":"5"}}}')
        self.cluster.running("app=web", 5, ns)

    def test_a_limit_range_fills_in_and_bounds(self):
        ns = self.namespace("limited")
        self.cluster.apply({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l", "namespace": ns},
                            "spec": {"limits": [{"type": "Container", "default": {"cpu": "500m"},
                                                 "defaultRequest": {"cpu": "100m"}, "max": {"cpu": "1"}}]}})
        self.cluster.apply(pod("a", ns))
        made = self.cluster.get("pod", "a", "-n", ns)
        self.assertEqual(made["spec"]["containers"][0]["resources"],
                         {"limits": {"cpu": "500m"}, "requests": {"cpu": "100m"}})
        self.assertEqual(made["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
                         "LimitRanger plugin set: cpu request for container app; cpu limit for container app")
        self.assertIn('pods "b" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
                      self.refusal(pod("b", ns, resources={"limits": {"cpu": "2"}})))

    def test_priorities_come_from_their_classes(self):
        self.assertEqual({c["metadata"]["name"]: c["value"] for c in self.cluster.get("priorityclasses")["items"]
                          if c["metadata"]["name"].startswith("system-")},
                         {"system-cluster-critical": 2000000000, "system-node-critical": 2000001000})
        ns = self.namespace("important")
        self.cluster.out("create", "priorityclass", "vip", "--value=1000")
        self.cluster.apply(pod("a", ns, {"priorityClassName": "vip"}))
        self.assertEqual(self.cluster.get("pod", "a", "-n", ns)["spec"]["priority"], 1000)
        self.assertIn("no PriorityClass with name nope was found", self.refusal(pod("b", ns, {"priorityClassName": "nope"})))
        self.assertIn("this is a system priority class and cannot be deleted",
                      self.cluster.refused("delete", "priorityclass", "system-node-critical"))

    def test_a_pod_has_the_token_of_its_account(self):
        ns = self.namespace("accounts")
        self.cluster.apply(pod("a", ns))
        volumes = self.cluster.get("pod", "a", "-n", ns)["spec"]["volumes"]
        self.assertRegex(volumes[0]["name"], "^kube-api-access-[a-z0-9]{5}$")
        self.assertIn('error looking up service account accounts/nope: serviceaccount "nope" not found',
                      self.refusal(pod("b", ns, {"serviceAccountName": "nope"})))

    def test_claims_get_volumes_of_the_default_class(self):
        ns = self.namespace("claims")
        self.cluster.apply(claim("data", ns))
        def phase(name):
            return self.cluster.get("pvc", name, "-n", ns)["status"]["phase"]
        eventually(lambda: phase("data") == "Bound", "the claim is bound")
        bound = self.cluster.get("pvc", "data", "-n", ns)
        self.assertEqual(bound["spec"]["storageClassName"], "standard")
        self.assertEqual(bound["status"]["capacity"], {"storage": "1Gi"})
        volume = bound["spec"]["volumeName"]
        self.assertEqual(self.cluster.get("pv", volume)["status"]["phase"], "Bound")
        self.cluster.apply(claim("manual", ns, storageClassName=""))
        self.assertEqual(phase("manual"), "Pending")
        self.cluster.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "by-hand"},
                            "spec": {"capacity": {"storage": "2Gi"}, "accessModes": ["ReadWriteOnce"],
                                     "hostPath": {"path": "/tmp"}}})
        eventually(lambda: phase("manual") == "Bound", "the volume made by hand is taken")
        self.cluster.out("delete", "pvc", "--all", "-n", ns)
        eventually(lambda: [(v["metadata"]["name"], v["status"]["phase"]) for v in self.cluster.get("pv")["items"]
                            if v["metadata"]["name"] in (volume, "by-hand")] == [("by-hand", "Released")],
                   "what was made is gone, what was there is released")

    def test_a_stateful_set_has_claims_of_its_own(self):
        ns = self.namespace("stateful")
        self.cluster.apply({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": ns},
            "spec": {"replicas": 2, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
                     "template": {"metadata": {"labels": {"app": "db"}},
                                  "spec": {"containers": [{"name": "db", "image": "postgres", "volumeMounts": [
                                      {"name": "data", "mountPath": "/data"}]}]}},
                     "volumeClaimTemplates": [{"metadata": {"name": "data"},
                                               "spec": {"accessModes": ["ReadWriteOnce"],
                                                        "resources": {"requests": {"storage": "1Gi"}}}}]}})
        self.cluster.running("app=db", 2, ns)
        self.assertEqual([(c["metadata"]["name"], c["status"]["phase"])
                          for c in self.cluster.get("pvc", "-n", ns)["items"]],
                         [("data-db-0", "Bound"), ("data-db-1", "Bound")])
        self.cluster.out("delete", "namespace", ns)
        eventually(lambda: not [v for v in self.cluster.get("pv")["items"]
                                if v["spec"].get("claimRef", {}).get("namespace") == ns], "its volumes are gone")


if __name__ == "__main__":
    unittest.main()
