"""kubectl's ways of asking that the other tests do not know: forms of get, logs, events, top, wait, explain and completion."""
import json
import os
import re
import unittest

from harness import PATIENCE, WAIT, ClusterTest, deployment, eventually, kubectl_minor

MINOR = kubectl_minor()
SIM = "sim.kabuki.io/"


def since(minor, what):
    return unittest.skipIf(MINOR < minor, f"kubectl 1.{MINOR} has no {what}")


def lines(text):
    return [line for line in text.splitlines() if line.strip()]


def talker(name):
    """A pod of two containers that say `tick N` ten times a second."""
    containers = [{"name": n, "image": "registry.example/talk:1.0"} for n in ("first", "second")]
    return {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": containers}, "metadata": {
        "name": name, "labels": {"app": name}, "annotations": {SIM + "logs": "tick {n}", SIM + "log-every": "100ms"}}}


class GetFormsTest(ClusterTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.apply(deployment("asked", replicas=3))
        cls.names = sorted(p["metadata"]["name"] for p in cls.cluster.running("app=asked", 3))

    def file(self, name, text):
        path = os.path.join(self.cluster.root, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_templates_from_files(self):
        out, pods = self.cluster.out, ("get", "pods", "-l", "app=asked")
        columns = self.file("columns", "NAME PHASE\n.metadata.name .status.phase\n")
        self.assertEqual(sorted(row.split() for row in lines(out(*pods, "-o", f"custom-columns-file={columns}"))[1:]),
                         [[name, "Running"] for name in self.names])
        path = self.file("path", "{.items[*].metadata.name}")
        self.assertEqual(sorted(out(*pods, "-o", f"jsonpath-file={path}").split()), self.names)
        self.assertEqual(sorted(json.loads(out(*pods, "-o", "jsonpath-as-json={.items[*].metadata.name}"))), self.names)
        template = self.file("template", "{{len .items}}")
        self.assertEqual(out(*pods, "-o", f"go-template-file={template}"), "3")
        self.assertEqual(out(*pods, "-o", "template", "--template={{len .items}}"), "3")
        ranged = out(*pods, "-o", 'jsonpath={range .items[*]}{.metadata.name}={.spec.nodeName}{"\\n"}{end}')
        self.assertEqual(len(re.findall(r"^asked-\S+=node-\d$", ranged, re.M)), 3)

    def test_objects_of_a_file(self):
        path = self.file("asked.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": [
            deployment("asked"), {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kubernetes"}}]}))
        self.assertEqual(lines(self.cluster.out("get", "-f", path, "-o", "name")),
                         ["deployment.apps/asked", "service/kubernetes"])
        text = self.cluster.out("describe", "-f", path)
        self.assertRegex(text, r"Name: +asked\n(.|\n)*Name: +kubernetes\n")

    def test_tables_printed_by_the_client(self):
        rows = lines(self.cluster.out("get", "pods", "-l", "app=asked", "--server-print=false"))
        self.assertEqual(rows[0].split(), ["NAME", "AGE"])
        self.assertEqual(sorted(row.split()[0] for row in rows[1:]), self.names)

    def test_kinds_by_every_name_they_have(self):
        for name in ("deploy", "deployment", "deployments", "Deployment", "deployments.apps", "deployments.v1.apps"):
            with self.subTest(name):
                self.assertEqual(self.cluster.out("get", name, "asked", "-o", "name"), "deployment.apps/asked\n")

    @since(21, "--show-managed-fields")
    def test_managed_fields_when_asked_for(self):
        self.cluster.out("apply", "--server-side", "-f", "-", stdin=json.dumps(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "managed"}, "data": {"a": "b"}}))
        self.assertNotIn("managedFields", self.cluster.out("get", "cm", "managed", "-o", "yaml"))
        self.assertIn("managedFields", self.cluster.out("get", "cm", "managed", "-o", "yaml", "--show-managed-fields"))

    def test_explain_of_lists_and_plain_fields(self):
        self.assertRegex(self.cluster.out("explain", "pod.metadata.ownerReferences"), r"uid\s+<string>")
        self.assertRegex(self.cluster.out("explain", "service.spec.ports.targetPort"), r"targetPort\s*<")
        if MINOR >= 27:
            self.assertRegex(self.cluster.out("explain", "deploy.spec.replicas", "--output=plaintext-openapiv2"), "<integer>")

    @since(22, "completion by the server's answers")
    def test_completion_knows_what_there_is(self):
        self.assertIn("bash completion", self.cluster.out("completion", "bash"))
        told = lines(self.cluster.out("__complete", "get", "pods", "asked-"))
        self.assertEqual(sorted(told[:3]), self.names)
        self.assertIn("deployments.apps", " ".join(lines(self.cluster.out("__complete", "get", "deploym"))))
        self.assertIn("node-1", lines(self.cluster.out("__complete", "drain", "")))

    def test_contexts_and_namespaces_of_the_kubeconfig(self):
        self.assertEqual(self.cluster.out("config", "current-context"), "test\n")
        self.cluster.out("config", "set-context", "elsewhere", "--cluster=test", "--user=test", "--namespace=kube-system")
        found = self.cluster.out("get", "--context=elsewhere", "cm", "-o", "name")
        self.assertEqual(found, self.cluster.out("get", "-n", "kube-system", "cm", "-o", "name"))

    def test_versions_in_their_forms(self):
        self.assertIn("gitVersion: v1.36.0", self.cluster.out("version", "-o", "yaml"))
        self.assertIn("v1.36.0", self.cluster.out("version"))
        self.assertEqual(lines(self.cluster.out("api-resources", "--sort-by=name", "--api-group=batch", "-o", "name")),
                         ["cronjobs.batch", "jobs.batch"])

    def test_a_request_that_may_not_take_long(self):
        self.assertRegex(self.cluster.refused("get", "pods", "--request-timeout=1ns"), "(?i)timeout|deadline")


class LogsFormsTest(ClusterTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.apply(talker("talks"), deployment("served", replicas=2))
        cls.cluster.running("app=talks", 1)
        cls.cluster.running("app=served", 2)
        eventually(lambda: "tick 12" in cls.cluster.out("logs", "talks", "-c", "first"), "some lines")

    def test_of_one_container_by_position_or_flag(self):
        for form in (("talks", "second"), ("talks", "-c", "second"), ("pod/talks", "--container=second")):
            self.assertEqual(lines(self.cluster.out("logs", *form))[:2], ["tick 1", "tick 2"])

    def test_with_the_names_of_pod_and_container(self):
        told = self.cluster.out("logs", "-l", "app=talks", "--all-containers", "--prefix", "--tail=1")
        self.assertRegex(told, r"\[pod/talks/first\] tick \d+\n")
        self.assertRegex(told, r"\[pod/talks/second\] tick \d+\n")

    def test_since_a_while_and_since_a_time(self):
        out = self.cluster.out
        recent = lines(out("logs", "talks", "-c", "first", "--since=1s"))
        self.assertLessEqual(len(recent), 25)
        self.assertNotIn("tick 1", recent)
        self.assertEqual(out("logs", "talks", "-c", "first", "--since-time=2100-01-01T00:00:00Z"), "")
        stamped = lines(out("logs", "talks", "-c", "first", "--timestamps"))
        # Times of lines have nanoseconds, the question has seconds.
        tenth = stamped[9][:19]
        wanted = [line.split(" ", 1)[1] for line in stamped if line[:19] >= tenth]
        told = lines(out("logs", "talks", "-c", "first", f"--since-time={tenth}Z"))
        self.assertEqual(told[:len(wanted)], wanted)

    def test_of_what_owns_pods(self):
        self.assertRegex(self.cluster.out("logs", "deployment/served"), r"container web of pod default/served-\S+ started")
        self.cluster.out("create", "job", "worked", "--image=registry.example/work:1.0")
        eventually(lambda: "container worked" in self.cluster.out("logs", "job/worked"), "the job's pod talks")
        self.assertIn("container web", self.cluster.out("logs", "-l", "app=served", "--tail=-1"))
        if MINOR >= 32:
            told = self.cluster.out("logs", "deployment/served", "--all-pods")
            self.assertEqual(len(re.findall(r"\[pod/served-\S+/web\]", told)), 2)

    def test_of_many_followed_together(self):
        following = self.cluster.start_kubectl("logs", "-f", "-l", "app=talks", "--all-containers", "--prefix", "--tail=1")
        seen = set()
        while len(seen) < 2:
            seen.add(following.stdout.readline().split()[0])
        self.assertEqual(seen, {"[pod/talks/first]", "[pod/talks/second]"})
        following.kill()
        self.assertIn("max-log-requests", self.cluster.refused(
            "logs", "-f", "-l", "app=talks", "--all-containers", "--max-log-requests=1"))

    def test_of_what_is_not_there(self):
        self.assertIn('pods "nobody" not found', self.cluster.refused("logs", "nobody"))
        self.assertEqual(self.cluster.out("logs", "-l", "app=nobody"), "")


class WaitingFormsTest(ClusterTest):
    options = ("--metrics-resolution", "500ms")

    def test_wait_for_all_and_for_what_is_not_so(self):
        self.cluster.out("create", "namespace", "all")
        self.cluster.out("create", "deployment", "all", "--image=registry.example/web:1.0", "--replicas=3", "-n", "all")
        self.cluster.running("app=all", 3, namespace="all")
        told = self.cluster.out("wait", "pods", "--all", "-n", "all", "--for=condition=Ready", WAIT)
        self.assertEqual(len(lines(told)), 3)
        self.cluster.out("wait", "nodes", "--all", "--for=condition=Ready", WAIT)
        self.cluster.apply({**talker("unready"), "metadata": {"name": "unready", "annotations": {SIM + "ready-after": "1h"}}})
        self.cluster.out("wait", "--for=condition=Ready=false", "pod/unready", WAIT)
        self.cluster.out("delete", "pod", "unready", "--now")

    @since(31, "--for=create")
    def test_wait_for_what_is_still_to_come(self):
        waiting = self.cluster.start_kubectl("wait", "--for=create", "cm/later", WAIT)
        self.cluster.out("create", "cm", "later")
        self.assertEqual(waiting.communicate(timeout=PATIENCE)[0], "configmap/later condition met\n")

    @since(31, "--for=jsonpath of any value")
    def test_wait_for_any_value(self):
        self.cluster.apply(talker("addressed"))
        self.cluster.out("wait", "--for=jsonpath={.status.podIP}", "pod/addressed", WAIT)

    def test_a_watch_that_is_broken_off_leaves_nothing_behind(self):
        def watches():
            return sum(int(count) for count in re.findall(r"(\d+) watches", self.cluster.kabuki("status").stdout))
        before = watches()
        running = [self.cluster.start_kubectl("get", "pods", "-A", "-w") for _ in range(6)]
        for process in running:
            process.stdout.readline()
        eventually(lambda: watches() > before, "they are counted")
        for number, process in enumerate(running):
            process.kill() if number % 2 else process.terminate()
            process.wait()
        eventually(lambda: watches() <= before, "they are gone")

    @since(26, "events")
    def test_events_in_their_forms(self):
        self.cluster.out("run", "noted", "--image=registry.example/web:1.0")
        self.cluster.out("wait", "--for=condition=Ready", "pod/noted", WAIT)
        watch = self.cluster.start_kubectl("events", "--for", "pod/noted", "--watch")
        self.assertEqual(watch.stdout.readline().split()[:2], ["LAST", "SEEN"])
        self.assertIn("Pod/noted", watch.stdout.readline())
        watch.kill()
        eventually(lambda: "Scheduled" in [item["reason"] for item in json.loads(
            self.cluster.out("events", "--for", "pod/noted", "-o", "json"))["items"]], "an event")
        self.assertIn("No events found", self.cluster.kubectl("events", "--for", "pod/noted", "--types=Warning").stderr)

    def test_top_in_its_forms(self):
        self.cluster.apply(talker("used"))
        self.cluster.running("app=used", 1)
        rows = eventually(lambda: lines(self.cluster.out("top", "pod", "used", "--containers", "--no-headers")), "use")
        self.assertEqual([row.split()[:2] for row in rows], [["used", "first"], ["used", "second"]])
        rows = eventually(lambda: lines(self.cluster.out("top", "node", "-l", "kubernetes.io/hostname=node-2", "--no-headers")), "use")
        self.assertEqual([row.split()[0] for row in rows], ["node-2"])
        eventually(lambda: len(lines(self.cluster.out("top", "node", "node-1", "--sort-by=cpu"))) == 2, "use of one node")


if __name__ == "__main__":
    unittest.main(verbosity=2)
