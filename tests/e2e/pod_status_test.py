"""What kubectl prints of pods, their logs, and the pods that show the control plane."""
import unittest

from harness import PATIENCE, ClusterTest, eventually

SIM = "sim.kabuki.io/"


def pod(name, spec=None, restart="Always", container=None, **settings):
    """A pod of one simulated container; `settings` are annotations, `__` standing for `.` and `_` for `-`."""
    annotations = {SIM + key.replace("__", ".").replace("_", "-"): value for key, value in settings.items()}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": annotations},
            "spec": {"restartPolicy": restart, "terminationGracePeriodSeconds": 5,
                     "containers": [{"name": "main", "image": "registry.example/main:1.0", **(container or {})}],
                     **(spec or {})}}


INIT = {"initContainers": [{"name": "first", "image": "registry.example/first:1.0"},
                           {"name": "second", "image": "registry.example/second:1.0"}]}
MISSING = {"envFrom": [{"configMapRef": {"name": "nowhere"}}]}
PROBED = {"livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1, "failureThreshold": 2}}


class PodStatusTest(ClusterTest):
    options = ("--listen", "127.0.0.1")

    def columns(self, name, namespace="default"):
        """READY and STATUS."""
        return self.cluster.out("get", "pod", name, "-n", namespace, "--no-headers").split()[1:3]

    def prints(self, name, *wanted):
        eventually(lambda: self.columns(name) == list(wanted), f"{name} printed as {wanted}")

    def messages(self, name):
        events = self.cluster.get("events", "--field-selector", f"involvedObject.name={name}")["items"]
        return [e["message"] for e in events]

    def test_statuses_are_printed_as_kubernetes_prints_them(self):
        cases = [
            (pod("creating", start_latency="1h"), "0/1", "ContainerCreating"),
            (pod("running"), "1/1", "Running"),
            (pod("completed", restart="Never", run_time="100ms"), "0/1", "Completed"),
            (pod("error", restart="Never", run_time="100ms", exit_code="3"), "0/1", "Error"),
            (pod("oom", restart="Never", exit_code="oom", run_time="100ms"), "0/1", "OOMKilled"),
            (pod("cannot", restart="Never", exit_code="cannot-run"), "0/1", "ContainerCannotRun"),
            (pod("crashing", run_time="100ms", exit_code="1"), "0/1", "CrashLoopBackOff"),
            (pod("imageless", image_pull="fail"), "0/1", "ImagePullBackOff"),
            (pod("misnamed", container={"image": "Upper/CASE:1"}), "0/1", "InvalidImageName"),
            (pod("unconfigured", container=MISSING), "0/1", "CreateContainerConfigError"),
            (pod("initializing", INIT, second__run_time="1h"), "0/1", "Init:1/2"),
            (pod("init-error", INIT, restart="Never", first__exit_code="1"), "0/1", "Init:Error"),
            (pod("init-crash", INIT, first__exit_code="1", first__run_time="100ms"), "0/1", "Init:CrashLoopBackOff"),
            (pod("initialized", INIT, main__start_latency="1h"), "0/1", "PodInitializing"),
            (pod("gated", {"schedulingGates": [{"name": "example.com/later"}]}), "0/1", "SchedulingGated"),
        ]
        self.cluster.apply(*[case[0] for case in cases])
        for document, ready, status in cases:
            self.prints(document["metadata"]["name"], ready, status)
        self.cluster.out("create", "configmap", "nowhere", "--from-literal=a=b")
        self.prints("unconfigured", "1/1", "Running")
        eventually(lambda: 'Error: configmap "nowhere" not found' in self.messages("unconfigured"), "an event tells what was missing")
        # It goes on for longer than any machine takes to look at it.
        self.cluster.apply(pod("stopping", {"terminationGracePeriodSeconds": 600}, stop_latency="ignore"))
        self.prints("stopping", "1/1", "Running")
        self.cluster.out("delete", "pod", "stopping", "--wait=false")
        self.assertEqual(self.columns("stopping"), ["1/1", "Terminating"])

    def test_a_failing_liveness_probe_is_told_and_restarts(self):
        self.cluster.apply(pod("unhealthy", container=PROBED, liveness_probe="fail(2s)"))
        eventually(lambda: self.cluster.get("pod", "unhealthy")["status"]["containerStatuses"][0]["restartCount"] > 0,
                   "a restart")
        eventually(lambda: {"Liveness probe failed: HTTP probe failed with statuscode: 500",
                            "Container main failed liveness probe, will be restarted"} <= set(self.messages("unhealthy")), "events")

    def test_a_volume_that_is_not_there_is_waited_for(self):
        self.cluster.apply(pod("volumeless", {"volumes": [{"name": "v", "secret": {"secretName": "later"}}]}))
        message = 'MountVolume.SetUp failed for volume "v" : secret "later" not found'
        eventually(lambda: message in self.messages("volumeless"), "FailedMount")
        self.assertEqual(self.columns("volumeless"), ["0/1", "ContainerCreating"])
        self.cluster.out("create", "secret", "generic", "later")
        self.prints("volumeless", "1/1", "Running")

    def test_logs(self):
        self.cluster.apply(pod("talks", logs="tick {n}", log_every="100ms"), pod("silent"),
                           pod("two", {"containers": [{"name": n, "image": "registry.example/x"} for n in "ab"]}))
        for name, ready in (("talks", "1/1"), ("silent", "1/1"), ("two", "2/2")):
            self.prints(name, ready, "Running")
        self.assertEqual(self.cluster.out("logs", "silent"), "container main of pod default/silent started, restart 0\n")
        eventually(lambda: self.cluster.out("logs", "talks").startswith("tick 1\ntick 2\ntick 3\n"), "lines")
        lines = self.cluster.out("logs", "talks", "--tail=2", "--timestamps").splitlines()
        self.assertEqual(len(lines), 2)
        self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z tick \d+$")
        self.assertEqual(self.cluster.out("logs", "talks", "--limit-bytes=10"), "tick 1\ntic")
        everything = self.cluster.out("logs", "two", "--all-containers")
        self.assertIn("container a of", everything)
        self.assertIn("container b of", everything)
        self.assertIn("a container name must be specified for pod two, choose one of: [a b]",
                      self.refusal("two"))
        self.assertIn('previous terminated container "main" in pod "silent" not found',
                      self.cluster.refused("logs", "silent", "-p"))
        self.assertIn("container nobody is not valid for pod silent", self.cluster.refused("logs", "silent", "-c", "nobody"))

    def refusal(self, name):
        """What the server says; newer clients choose a container themselves."""
        return self.cluster.refused("get", "--raw", f"/api/v1/namespaces/default/pods/{name}/log")

    def test_logs_are_followed_to_the_end_and_remembered_once(self):
        self.cluster.apply(pod("counts", restart="Never", logs="line {n}", log_every="500ms", run_time="3s"))
        # On a slow machine it has ended before it is seen to run: its log is followed all the same.
        eventually(lambda: self.columns("counts") in (["1/1", "Running"], ["0/1", "Completed"]), "it has begun")
        follow = self.cluster.start_kubectl("logs", "-f", "counts")
        text, _ = follow.communicate(timeout=PATIENCE)
        self.assertEqual(follow.returncode, 0)
        lines = text.splitlines()
        self.assertEqual(lines, [f"line {n + 1}" for n in range(len(lines))])
        self.assertGreaterEqual(len(lines), 6)
        self.assertEqual(self.cluster.out("logs", "counts"), text)
        self.cluster.apply(pod("again", run_time="200ms", exit_code="4"))
        self.prints("again", "0/1", "CrashLoopBackOff")
        self.assertIn("ended with exit code 4\n", self.cluster.out("logs", "-p", "again"))
        self.cluster.apply(pod("waits", start_latency="1h"))
        self.prints("waits", "0/1", "ContainerCreating")
        self.assertIn('container "main" in pod "waits" is waiting to start: ContainerCreating',
                      self.cluster.refused("logs", "waits"))

    def test_logs_come_from_nodes_of_other_hosts(self):
        self.cluster.join(nodes=1)
        self.cluster.nodes_ready(self.nodes + 1)
        names = [n["metadata"]["name"] for n in self.cluster.get("nodes")["items"]]
        far = next(name for name in names if name.startswith("host-"))
        self.cluster.apply(pod("far", {"nodeName": far}, logs="from afar"))
        self.prints("far", "1/1", "Running")
        self.assertEqual(self.cluster.out("logs", "far"), "from afar\n")

    def test_static_pods_show_the_control_plane(self):
        def shown():
            pods = self.cluster.get("pods", "-n", "kube-system", "-l", "tier=control-plane")["items"]
            ready = [p for p in pods if all(c["ready"] for c in p["status"].get("containerStatuses", [{"ready": 0}]))]
            return {p["metadata"]["labels"]["component"]: p for p in ready} if len(ready) == 5 else None
        pods = eventually(shown, "static pods")
        self.assertEqual(sorted(pods), ["api-server", "controllers", "membership", "scheduler", "store"])
        server = pods["api-server"]
        self.assertEqual(server["metadata"]["ownerReferences"][0]["kind"], "Node")
        self.assertIn("kubernetes.io/config.mirror", server["metadata"]["annotations"])
        name = server["metadata"]["name"]
        self.cluster.out("delete", "pod", "-n", "kube-system", name, "--wait=false")
        eventually(lambda: (shown() or {}).get("api-server", server)["metadata"]["uid"] != server["metadata"]["uid"],
                   "the deleted one is back")
        self.cluster.kabuki("fault", "kill", "host-1/api-server/http-1")
        container = eventually(
            lambda: next((c for c in self.cluster.get("pod", name, "-n", "kube-system")["status"]["containerStatuses"]
                          if c["name"] == "http-1" and c["restartCount"] > 0 and c["ready"]), None), "a restart is shown")
        self.assertIn("terminated", container["lastState"])

    def test_a_node_under_pressure_evicts(self):
        node = f"node-{self.nodes}"
        self.cluster.apply(pod("victim", {"nodeName": node}))
        self.prints("victim", "1/1", "Running")
        self.cluster.out("annotate", "node", node, SIM + "pressure=memory")
        status = eventually(lambda: (lambda s: s if s.get("reason") == "Evicted" else None)(
            self.cluster.get("pod", "victim")["status"]), "an eviction")
        self.assertEqual(status["phase"], "Failed")
        self.assertIn("The node was low on resource: memory. Threshold quantity: 100Mi", status["message"])
        self.assertIn("DisruptionTarget", [c["type"] for c in status["conditions"]])
        taints = eventually(lambda: self.cluster.get("node", node)["spec"].get("taints"), "a taint")
        self.assertEqual(taints[0]["key"], "node.kubernetes.io/memory-pressure")
        self.cluster.apply(pod("refused", {"nodeName": node}))
        self.prints("refused", "0/1", "Evicted")
        self.cluster.out("annotate", "node", node, SIM + "pressure-")
        eventually(lambda: not self.cluster.get("node", node)["spec"].get("taints"), "the taint is gone")


if __name__ == "__main__":
    unittest.main()
