"""Where pods go: affinity, spreading, priorities and the profiles of a scheduler configuration."""
import os
import unittest

from harness import Cluster, ClusterTest, eventually


def pod(name, spec=None, labels=None, cpu="100m"):
    container = {"name": "app", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels or {}},
            "spec": {"containers": [container], **(spec or {})}}


def pods(*items):
    return {"apiVersion": "v1", "kind": "List", "items": list(items)}


class PlacesTest(ClusterTest):
    def node_of(self, name):
        return eventually(lambda: self.cluster.get("pod", name)["spec"].get("nodeName"), f"{name} has a node")

    def test_anti_affinity_keeps_pods_on_nodes_of_their_own(self):
        term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "alone"}}}
        spec = {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}
        names = [f"alone-{i}" for i in range(4)]
        self.cluster.apply(pods(*[pod(name, spec, {"app": "alone"}) for name in names]))

        def settled():
            """The pod that waits, once the three others have a node."""
            pods = self.cluster.get("pods", "-l", "app=alone")["items"]
            waiting = [p["metadata"]["name"] for p in pods if "nodeName" not in p["spec"] and any(
                c.get("reason") == "Unschedulable" for c in p["status"].get("conditions", []))]
            return waiting if len(waiting) == 1 and sum("nodeName" in p["spec"] for p in pods) == 3 else None
        waiting = eventually(settled, "one waits")
        placed = [name for name in names if name not in waiting]
        self.assertEqual(len({self.node_of(name) for name in placed}), 3)
        eventually(lambda: "didn't match pod anti-affinity rules" in self.cluster.out("describe", "pod", waiting[0]), "it says why")

    def test_events_tell_first_that_a_pod_was_scheduled(self):
        names = [f"told-{i}" for i in range(20)]
        self.cluster.apply(pods(*[pod(name, cpu="10m") for name in names]))

        def told():
            """The reasons of each pod's events by their names, which go by time."""
            events = sorted(self.cluster.get("events")["items"], key=lambda event: event["metadata"]["name"])
            reasons = {name: [e["reason"] for e in events if e["involvedObject"]["name"] == name] for name in names}
            return reasons if all("Started" in r and "Scheduled" in r for r in reasons.values()) else None
        self.assertEqual({reasons[0] for reasons in eventually(told, "all have started").values()}, {"Scheduled"})

    def test_a_more_important_pod_takes_the_place_of_lesser_ones(self):
        self.cluster.apply({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
                            "metadata": {"name": "vip"}, "value": 1000})
        allocatable = self.cluster.get("nodes")["items"][0]["status"]["allocatable"]["cpu"]
        most = str(int(allocatable) - 1)
        self.cluster.apply(pods(*[pod(f"lesser-{i}", labels={"app": "lesser"}, cpu=most) for i in range(3)]))
        self.cluster.running("app=lesser", 3)
        self.cluster.apply(pod("vip", {"priorityClassName": "vip", "priority": 1000}, {"app": "vip"}, cpu=most))
        self.cluster.running("app=vip", 1)
        eventually(lambda: len(self.cluster.get("pods", "-l", "app=lesser")["items"]) == 2, "one lesser pod has gone")


class ProfilesTest(unittest.TestCase):
    def test_pods_choose_a_profile_by_name(self):
        with Cluster(nodes=3) as cluster:
            cluster.down()
            configuration = os.path.join(cluster.root, "scheduler.yaml")
            with open(configuration, "w") as file:
                file.write("""apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: packing
  plugins: {score: {disabled: [{name: NodeResourcesBalancedAllocation}]}}
  pluginConfig:
  - name: NodeResourcesFit
    args: {scoringStrategy: {type: MostAllocated}}
""")
            cluster.up("--scheduler-config", configuration)
            cluster.apply(pod("first", {"schedulerName": "packing"}, {"app": "packed"}))
            cluster.running("app=packed", 1)
            cluster.apply(pods(*[pod(f"p-{i}", {"schedulerName": "packing"}, {"app": "packed"}) for i in range(4)]))
            nodes = {p["spec"]["nodeName"] for p in cluster.running("app=packed", 5)}
            self.assertEqual(len(nodes), 1)

    def test_a_configuration_that_is_wrong_is_refused_by_field(self):
        cluster = Cluster()
        configuration = os.path.join(cluster.root, "scheduler.yaml")
        with open(configuration, "w") as file:
            file.write("apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
                       "profiles: [{plugins: {score: {enabled: [{name: Magic}]}}}]\n")
        with self.assertRaisesRegex(AssertionError, r"profiles\[0\].plugins.score.enabled\[0\].name: there is no plugin"):
            try:
                cluster.up("--scheduler-config", configuration)
            finally:
                cluster.__exit__(None, None, None)


if __name__ == "__main__":
    unittest.main()
