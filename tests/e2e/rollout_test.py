"""kubectl rollout over deployments, stateful sets and daemon sets; drain against budgets; top."""
import json
import re
import unittest

from harness import WAIT, ClusterTest, deployment, eventually

IMAGE = "registry.example/web:1.0"


def lines(text):
    return [line for line in text.splitlines() if line.strip()]


def workload(kind, name, **spec):
    labels = {"app": name}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": {
        "selector": {"matchLabels": labels}, **spec, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": IMAGE}]}}}}


def budget(name, **spec):
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": {"app": name}}, **spec}}


class RolloutTest(ClusterTest):
    def images(self, selector, count):
        return {p["spec"]["containers"][0]["image"] for p in self.cluster.running(selector, count)}

    def rolled(self, what):
        self.assertRegex(self.cluster.out("rollout", "status", what, WAIT),
                         r"successfully rolled out|rolling update complete|roll out complete|statefulset rolling update complete")

    def test_history_and_undo_of_a_deployment(self):
        out = self.cluster.out
        self.cluster.apply(deployment("story", replicas=2))
        self.rolled("deploy/story")
        for number in (2, 3):
            out("set", "image", "deploy/story", f"web=registry.example/web:{number}.0")
            out("annotate", "deploy/story", f"kubernetes.io/change-cause=to {number}", "--overwrite")
            self.rolled("deploy/story")
        eventually(lambda: "to 3" in out("rollout", "history", "deploy/story"), "the cause of the last change")
        table = [row.split(None, 1) for row in lines(out("rollout", "history", "deploy/story"))[-3:]]
        self.assertEqual([row[0] for row in table], ["1", "2", "3"])
        self.assertEqual(table[2][1].strip(), "to 3")
        self.assertRegex(out("rollout", "history", "deploy/story", "--revision=2"), r"Image:\s+registry.example/web:2.0")
        self.assertIn("unable to find the specified revision", self.cluster.refused(
            "rollout", "history", "deploy/story", "--revision=9"))
        out("rollout", "undo", "deploy/story", "--to-revision=1")
        self.rolled("deploy/story")
        self.assertEqual(self.images("app=story", 2), {IMAGE})
        self.assertEqual([row.split()[0] for row in lines(out("rollout", "history", "deploy/story"))[-3:]], ["2", "3", "4"])
        self.assertIn("rolled back", out("rollout", "undo", "deploy/story"))
        self.rolled("deploy/story")
        self.assertEqual(self.images("app=story", 2), {"registry.example/web:3.0"})

    def test_pause_gathers_changes_until_resume(self):
        out = self.cluster.out
        self.cluster.apply(deployment("paused", replicas=2))
        self.rolled("deploy/paused")
        self.assertIn("paused", out("rollout", "pause", "deploy/paused"))
        self.assertIn("already paused", self.cluster.refused("rollout", "pause", "deploy/paused"))
        out("set", "image", "deploy/paused", "web=registry.example/web:2.0")
        out("set", "env", "deploy/paused", "MODE=fast")
        generation = self.cluster.get("deploy", "paused")["metadata"]["generation"]
        eventually(lambda: self.cluster.get("deploy", "paused")["status"]["observedGeneration"] == generation, "seen")
        self.assertEqual(len(self.cluster.get("rs", "-l", "app=paused")["items"]), 1)
        self.assertIn("resumed", out("rollout", "resume", "deploy/paused"))
        self.rolled("deploy/paused")
        self.assertEqual(self.images("app=paused", 2), {"registry.example/web:2.0"})
        self.assertEqual(len(self.cluster.get("rs", "-l", "app=paused")["items"]), 2)

    def test_a_rollout_that_does_not_come_to_an_end(self):
        self.cluster.apply(deployment("stuck", replicas=2))
        self.rolled("deploy/stuck")
        self.cluster.out("patch", "deploy", "stuck", "-p", json.dumps({"spec": {"template": {
            "metadata": {"annotations": {"sim.kabuki.io/ready-after": "1h"}}}}}))
        self.assertIn("timed out waiting for the condition", self.cluster.refused(
            "rollout", "status", "deploy/stuck", "--timeout=1s"))
        self.cluster.out("rollout", "undo", "deploy/stuck")
        self.rolled("deploy/stuck")

    def test_a_stateful_set(self):
        out = self.cluster.out
        self.cluster.apply(workload("StatefulSet", "db", serviceName="db", replicas=3))
        self.rolled("sts/db")
        self.assertEqual([row.split()[0] for row in lines(out("get", "pods", "-l", "app=db", "--no-headers"))],
                         ["db-0", "db-1", "db-2"])
        self.assertEqual(lines(out("get", "sts", "db"))[1].split()[:2], ["db", "3/3"])
        out("set", "image", "sts/db", "web=registry.example/web:2.0")
        self.rolled("sts/db")
        self.assertEqual(self.images("app=db", 3), {"registry.example/web:2.0"})
        self.assertEqual([row.split()[0] for row in lines(out("rollout", "history", "sts/db"))[-2:]], ["1", "2"])
        out("rollout", "undo", "sts/db")
        self.rolled("sts/db")
        self.assertEqual(self.images("app=db", 3), {IMAGE})
        before = {p["metadata"]["uid"] for p in self.cluster.running("app=db", 3)}
        out("rollout", "restart", "sts/db")
        self.rolled("sts/db")
        self.assertFalse(before & {p["metadata"]["uid"] for p in self.cluster.running("app=db", 3)})
        out("scale", "sts/db", "--replicas=1")
        self.assertEqual(self.cluster.running("app=db", 1)[0]["metadata"]["name"], "db-0")
        self.assertRegex(out("describe", "sts", "db"), r"Replicas: +1 desired")

    def test_a_daemon_set(self):
        out = self.cluster.out
        self.cluster.apply(workload("DaemonSet", "agent"))
        self.rolled("ds/agent")
        self.assertEqual(len({p["spec"]["nodeName"] for p in self.cluster.running("app=agent", 3)}), 3)
        out("set", "image", "ds/agent", "web=registry.example/web:2.0")
        self.rolled("ds/agent")
        self.assertEqual(self.images("app=agent", 3), {"registry.example/web:2.0"})
        self.assertRegex(out("rollout", "history", "ds/agent", "--revision=1"), r"Image:\s+registry.example/web:1.0")
        out("rollout", "undo", "ds/agent", "--to-revision=1")
        self.rolled("ds/agent")
        self.assertEqual(self.images("app=agent", 3), {IMAGE})
        self.assertEqual(lines(out("get", "ds", "agent"))[1].split()[:6], ["agent", "3", "3", "3", "3", "3"])


class DrainTest(ClusterTest):
    options = ("--metrics-resolution", "500ms")

    def on(self, node, selector):
        return [p["metadata"]["name"] for p in self.cluster.get("pods", "-l", selector)["items"]
                if p["spec"].get("nodeName") == node and "deletionTimestamp" not in p["metadata"]]

    def spread(self, name, replicas):
        """A deployment with a pod on every node, so that each drain has something to do."""
        made = deployment(name, replicas=replicas)
        made["spec"]["template"]["spec"]["topologySpreadConstraints"] = [{
            "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"app": name}}}]
        return made

    def test_drain_waits_for_the_budget(self):
        self.cluster.apply(self.spread("guarded", 3), budget("guarded", minAvailable=2))
        self.cluster.running("app=guarded", 3)
        eventually(lambda: self.cluster.get("pdb", "guarded")["status"].get("disruptionsAllowed") == 1, "one may go")
        self.assertEqual(lines(self.cluster.out("get", "pdb", "guarded"))[1].split()[:4], ["guarded", "2", "N/A", "1"])
        node = self.cluster.get("pods", "-l", "app=guarded")["items"][0]["spec"]["nodeName"]
        out = self.cluster.out("drain", node, "--ignore-daemonsets", "--pod-selector=app=guarded", WAIT)
        self.assertRegex(out, "(drained|evicted)")
        self.assertEqual(self.on(node, "app=guarded"), [])
        self.assertTrue(self.cluster.get("node", node)["spec"]["unschedulable"])
        self.cluster.running("app=guarded", 3)
        self.cluster.out("uncordon", node)

    def test_drain_gives_up_where_the_budget_allows_nothing(self):
        self.cluster.apply(self.spread("fixed", 3), budget("fixed", maxUnavailable=0))
        self.cluster.running("app=fixed", 3)
        eventually(lambda: self.cluster.get("pdb", "fixed")["status"].get("expectedPods") == 3, "the budget counts")
        node = self.cluster.get("pods", "-l", "app=fixed")["items"][0]["spec"]["nodeName"]
        told = self.cluster.refused("drain", node, "--ignore-daemonsets", "--pod-selector=app=fixed", "--timeout=8s")
        self.assertIn("Cannot evict pod as it would violate the pod's disruption budget", told)
        self.assertNotEqual(self.on(node, "app=fixed"), [])
        self.cluster.out("delete", "pdb", "fixed")
        self.cluster.out("drain", node, "--ignore-daemonsets", "--pod-selector=app=fixed", WAIT)
        self.assertEqual(self.on(node, "app=fixed"), [])
        self.cluster.out("uncordon", node)

    def test_drain_asks_before_it_loses_something(self):
        self.cluster.apply(workload("DaemonSet", "everywhere"))
        self.cluster.running("app=everywhere", 3)
        bare = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare", "labels": {"app": "bare"}}, "spec": {
            "nodeName": "node-3", "containers": [{"name": "c", "image": IMAGE}], "volumes": [{"name": "v", "emptyDir": {}}]}}
        self.cluster.apply(bare)
        self.cluster.running("app=bare", 1)
        select = "--pod-selector=app in (bare,everywhere)"
        told = self.cluster.refused("drain", "node-3", select, WAIT)
        self.assertIn("--delete-emptydir-data", told)
        self.assertIn("--ignore-daemonsets", told)
        self.cluster.out("drain", "node-3", select, "--ignore-daemonsets", "--force", "--delete-emptydir-data", WAIT)
        self.assertEqual(self.on("node-3", "app=bare"), [])
        self.assertEqual(len(self.on("node-3", "app=everywhere")), 1)
        self.cluster.out("uncordon", "node-3")

    def test_cordon_and_taint_in_their_forms(self):
        out = self.cluster.out
        self.assertEqual(out("cordon", "node-1"), "node/node-1 cordoned\n")
        self.assertEqual(out("cordon", "node-1"), "node/node-1 already cordoned\n")
        self.assertEqual(out("uncordon", "node-1"), "node/node-1 uncordoned\n")
        self.assertEqual(out("taint", "node", "node-1", "k=v:PreferNoSchedule"), "node/node-1 tainted\n")
        self.assertIn("already has", self.cluster.refused("taint", "node", "node-1", "k=w:PreferNoSchedule"))
        self.assertEqual(out("taint", "node", "node-1", "k=w:PreferNoSchedule", "--overwrite"), "node/node-1 modified\n")
        self.assertEqual(out("taint", "node", "node-1", "k-"), "node/node-1 untainted\n")

    def test_top_tells_what_is_used(self):
        self.cluster.apply(deployment("busy", replicas=2))
        self.cluster.running("app=busy", 2)

        def nodes():
            return lines(self.cluster.out("top", "nodes"))
        table = eventually(lambda: nodes() if len(nodes()) == 4 else None, "use of every node")
        self.assertRegex(table[0], r"NAME +CPU\(cores\) +CPU(%|\(%\)) +MEMORY\(bytes\) +MEMORY(%|\(%\))")
        self.assertRegex(table[1], r"node-\d +\d+m +\d+% +\d+Mi +\d+%")
        pods = eventually(lambda: len(rows := [row for row in lines(self.cluster.out("top", "pods", "-l", "app=busy"))
                                               if "Mi" in row]) == 2 and rows, "use of both pods")
        self.assertRegex(pods[0], r"busy-\S+ +\d+m +\d+Mi")
        eventually(lambda: re.search(r"busy-\S+ +web +\d+m +\d+Mi", self.cluster.out(
            "top", "pods", "-l", "app=busy", "--containers")), "use of containers")


if __name__ == "__main__":
    unittest.main(verbosity=2)
