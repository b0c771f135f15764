"""What pods use, and autoscalers that follow it: top, autoscale, both versions of an autoscaler and of events."""
import re
import unittest

from harness import ClusterTest, eventually


def deployment(name, replicas, cpu_use, request="200m"):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name},
                                               "annotations": {"sim.kabuki.io/cpu-use": cpu_use,
                                                               "sim.kabuki.io/memory-use": "64Mi"}},
                                  "spec": {"containers": [
                                      {"name": "app", "image": "nginx", "resources": {"requests": {"cpu": request}}},
                                      {"name": "helper", "image": "busybox",
                                       "resources": {"requests": {"cpu": "100m"}}}]}}}}


class AutoscaleTest(ClusterTest):
    options = ("--autoscaler-period", "500ms", "--metrics-resolution", "500ms")

    def replicas(self, name):
        return self.cluster.get("deployment", name)["spec"]["replicas"]

    def rows(self, *arguments):
        """What kubectl prints, as words per line."""
        return [line.split() for line in self.cluster.out(*arguments).splitlines()]

    def test_top_shows_what_pods_and_nodes_use(self):
        self.cluster.apply(deployment("top", 2, "150m"))
        self.cluster.running("app=top", 2)
        rows = eventually(lambda: len(r := self.rows("top", "pods", "-l", "app=top")) == 3 and r, "all pods are there")
        self.assertEqual(rows[0], ["NAME", "CPU(cores)", "MEMORY(bytes)"])
        self.assertEqual([row[1:] for row in rows[1:]], [["300m", "128Mi"]] * 2)
        self.assertEqual(self.rows("top", "pods", "-l", "app=none"), [])
        containers = self.rows("top", "pods", "-l", "app=top", "--containers", "--sort-by=cpu")
        self.assertEqual(sorted(row[1:] for row in containers[1:]),
                         sorted([["app", "150m", "64Mi"], ["helper", "150m", "64Mi"]] * 2))
        everywhere = self.rows("top", "pods", "-A", "--sort-by=memory")
        self.assertEqual(everywhere[0][0], "NAMESPACE")
        one = self.rows("top", "pod", rows[1][0])
        self.assertEqual(one[1], rows[1])
        nodes = eventually(lambda: len(r := self.rows("top", "nodes")) == 4 and r, "all nodes are there")
        for node in nodes[1:]:
            self.assertRegex(" ".join(node), r"^node-\d \d+m \d+% \d+Mi \d+%$")
        self.assertRegex(self.cluster.refused("top", "pod", "none"), "not found")

    def test_a_deployment_under_load_grows_and_shrinks(self):
        self.cluster.apply(deployment("load", 2, "200m"))
        self.cluster.running("app=load", 2)
        self.cluster.apply({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "load"},
            "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "load"},
                     "minReplicas": 1, "maxReplicas": 6,
                     "metrics": [{"type": "ContainerResource", "containerResource": {
                         "name": "cpu", "container": "app",
                         "target": {"type": "Utilization", "averageUtilization": 50}}}],
                     "behavior": {"scaleDown": {"stabilizationWindowSeconds": 1}}}})
        eventually(lambda: self.replicas("load") == 6, "it has grown")
        self.cluster.running("app=load", 6)
        eventually(lambda: "100%/50%" in self.cluster.out("get", "hpa", "load"), "the table shows the use")
        eventually(lambda: "SuccessfulRescale" in self.cluster.out("describe", "hpa", "load"), "an event tells of it")
        expected = {"AbleToScale": ("True", "ReadyForNewScale"), "ScalingActive": ("True", "ValidMetricFound"),
                    "ScalingLimited": ("True", "TooManyReplicas")}
        eventually(lambda: expected == {c["type"]: (c["status"], c["reason"])
                                        for c in self.cluster.get("hpa", "load")["status"]["conditions"]},
                   "it tells that it has all it may have")
        self.cluster.out("annotate", "pods", "-l", "app=load", "--overwrite", "sim.kabuki.io/cpu-use=5m")
        eventually(lambda: self.replicas("load") == 1, "it has shrunk")
        self.cluster.running("app=load", 1)

    def test_kubectl_autoscale_makes_an_autoscaler_that_works(self):
        self.cluster.apply(deployment("auto", 1, "10m"))
        self.cluster.out("autoscale", "deployment", "auto", "--min=3", "--max=4", "--cpu-percent=80")
        eventually(lambda: self.replicas("auto") == 3, "the minimum holds")
        eventually(lambda: re.search(r"auto\s+Deployment/auto\s+cpu: \d+%/80%\s+3\s+4\s+3", self.cluster.out("get", "hpa", "auto")),
                   "it is measured")
        old = self.cluster.get("horizontalpodautoscalers.v1.autoscaling", "auto")
        self.assertEqual(old["apiVersion"], "autoscaling/v1")
        self.assertEqual(old["spec"]["targetCPUUtilizationPercentage"], 80)
        new = self.cluster.get("horizontalpodautoscalers.v2.autoscaling", "auto")
        self.assertEqual(new["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"], 80)
        self.cluster.out("patch", "horizontalpodautoscalers.v1.autoscaling", "auto", "--type=merge",
                         "-p", '{"spec":{"minReplicas":4}}')
        eventually(lambda: self.replicas("auto") == 4, "the new minimum holds")
        self.cluster.out("delete", "hpa", "auto")

    def test_a_manifest_of_version_1_is_applied_and_changed(self):
        manifest = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "old"},
                    "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"},
                             "maxReplicas": 5, "targetCPUUtilizationPercentage": 60}}
        self.assertIn("created", self.cluster.apply(manifest))
        self.assertIn("unchanged", self.cluster.apply(manifest))
        manifest["spec"]["targetCPUUtilizationPercentage"] = 40
        self.assertIn("configured", self.cluster.apply(manifest))
        metric = self.cluster.get("horizontalpodautoscalers.v2.autoscaling", "old")["spec"]["metrics"][0]
        self.assertEqual(metric["resource"]["target"]["averageUtilization"], 40)
        eventually(lambda: "FailedGetScale" in self.cluster.out("describe", "hpa", "old"), "its target is missing")
        self.cluster.out("delete", "horizontalpodautoscalers.v1.autoscaling", "old")

    def test_events_are_found_in_both_groups(self):
        self.cluster.apply(deployment("events", 1, "10m"))
        self.cluster.running("app=events", 1)
        names = eventually(lambda: {e["metadata"]["name"] for e in self.cluster.get("events")["items"]}, "there are some")
        other = self.cluster.get("events.v1.events.k8s.io")
        self.assertEqual(other["items"][0]["apiVersion"], "events.k8s.io/v1")
        self.assertLessEqual(names, {e["metadata"]["name"] for e in other["items"]})
        self.assertTrue(all("note" in e and "regarding" in e for e in other["items"]))

    def test_discovery_offers_all_versions(self):
        versions = self.cluster.out("api-versions").split()
        for version in ("autoscaling/v1", "autoscaling/v2", "events.k8s.io/v1", "metrics.k8s.io/v1beta1"):
            self.assertIn(version, versions)
        self.assertIn("targetCPUUtilizationPercentage",
                      self.cluster.out("explain", "hpa.spec", "--api-version=autoscaling/v1"))
        self.assertIn("behavior", self.cluster.out("explain", "hpa.spec", "--api-version=autoscaling/v2"))


if __name__ == "__main__":
    unittest.main()
