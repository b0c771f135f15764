"""What careless and unkind users do with kubectl: wrong manifests, objects that are too large, refused changes, crowds of
pods, namespaces that go with all they have, creates and deletes in quick succession."""
import json
import os
import threading
import unittest

from harness import WAIT, ClusterTest, deployment, eventually, kubectl_minor

MINOR = kubectl_minor()
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [%s]}"
JOB = "{template: {spec: {restartPolicy: %s, containers: [{name: c, image: i}]}}}"

# What is applied, and what must be said about it.
WRONG = [
    ("apiVersion: v1\nkind: ConfigMap\n metadata: {name: [x\n", "mapping values are not allowed"),
    ("apiVersion: v1\n\tkind: ConfigMap\n", "found a tab character|found character that cannot start any token"),
    ("apiVersion: v1\nmetadata: {name: x}\n", "kind"),
    ("apiVersion: v1\nkind: Gizmo\nmetadata: {name: x}\n", 'no matches for kind "Gizmo" in version "v1"'),
    ("apiVersion: apps/v9\nkind: Deployment\nmetadata: {name: x}\n", 'no matches for kind "Deployment" in version "apps/v9"'),
    ("apiVersion: v1\nkind: ConfigMap\nspec: {a: b}\nmetadata: {name: x}\n", 'unknown field "spec"'),
    ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: 1}\n", "of type string|invalid type.*expected \"string\""),
    ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replicas: three}\n",
     "of type int32|invalid type.*expected \"integer\""),
    ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: nowhere}\n", 'namespaces "nowhere" not found'),
    ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, labels: {a b: c}}\n", "metadata.labels: Invalid value"),
    ("apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: {a: '!!!'}\n", "base64"),
    ("apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [{port: 0}]}\n", "must be between 1 and 65535"),
    (POD % "", "spec.containers: Required value|missing required field"),
    (POD % "{name: c, image: i}, {name: c, image: i}", r'spec.containers\[1\].name: Duplicate value: "c"'),
    (POD % "{name: c, image: i, resources: {limits: {cpu: lots}}}", "quantities must match the regular expression"),
    (POD % "{name: c, image: i, resources: {limits: {cpu: -1}}}", "must be greater than or equal to 0"),
    (POD % "{name: c, image: i, resources: {limits: {cpu: 1}, requests: {cpu: 2}}}", "must be less than or equal to cpu limit"),
    (POD % "{name: c, image: i, volumeMounts: [{name: v, mountPath: /v}]}", 'volumeMounts.*Not found: "v"'),
    ("apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\nspec: " + JOB % "Always", 'supported values: "OnFailure", "Never"'),
    ("apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: x}\nspec: {schedule: daily at noon, jobTemplate: {spec: "
     + JOB % "Never" + "}}", "expected exactly 5 fields"),
]

# What may not be changed: an object, a patch, what must be said.
FIXED = [
    ("deployment/kept", {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, "field is immutable"),
    ("job/kept", {"spec": {"completions": 5}}, "field is immutable"),
    ("service/kept", {"spec": {"clusterIP": "10.96.9.9"}}, "may not change once set"),
    ("secret/kept", {"type": "example.com/other"}, "field is immutable"),
    ("pod/kept", {"spec": {"nodeName": "elsewhere"}}, "pod updates may not change fields other than"),
    ("pod/kept", {"metadata": {"uid": "1"}}, "metadata.uid: Invalid value"),
    ("pod/kept", {"metadata": {"resourceVersion": "1", "labels": {"a": "b"}}}, "the object has been modified"),
    ("pod/kept", {"kind": "Service"}, "does not match"),
    ("pod/kept", {"spec": {"containers": "none"}}, "expected an array|cannot|Invalid"),
    ("statefulset/kept", {"spec": {"serviceName": "other"}}, "updates to statefulset spec for fields other than"),
    ("node/node-1", {"spec": {"podCIDR": "192.0.2.0/24"}}, "may not change podCIDR"),
    ("namespace/default", {"metadata": {"name": "other"}}, "does not match the name on the URL"),
    ("configmap/kept", {"data": {"a": "c"}}, "field is immutable when `immutable` is set"),
    ("persistentvolumeclaim/data-kept-0", {"spec": {"resources": {"requests": {"storage": "1Mi"}}}},
     "field can not be less than status.capacity"),
]


class WrongTest(ClusterTest):
    def test_manifests_that_are_wrong(self):
        for text, told in WRONG:
            with self.subTest(text):
                self.assertRegex(self.cluster.refused("apply", "-f", "-", stdin=text), told)

    def test_fields_that_are_not_there_warn_or_are_let_be(self):
        text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\nspec: {a: b}\n"
        if MINOR >= 25:
            result = self.cluster.kubectl("apply", "--validate=warn", "-f", "-", stdin=text % "warned")
            self.assertIn('Warning: unknown field "spec"', result.stderr)
        result = self.cluster.kubectl("apply", "--validate=false", "-f", "-", stdin=text % "ignored")
        self.assertIn("created", result.stdout)
        self.assertNotIn("spec", self.cluster.get("cm", "ignored"))

    def test_objects_that_are_too_large(self):
        large, huge = (os.path.join(self.cluster.root, name) for name in ("large", "huge"))
        for path, size in ((large, 300_000), (huge, 1_100_000)):
            with open(path, "w") as file:
                file.write("x" * size)
        out = self.cluster.out
        out("create", "cm", "large", f"--from-file={large}")
        self.assertIn("may not be more than 1048576 bytes", self.cluster.refused("create", "cm", "huge", f"--from-file={huge}"))
        self.assertIn("may not be more than 1048576 bytes",
                      self.cluster.refused("create", "secret", "generic", "huge", f"--from-file={huge}"))
        manifest = out("create", "cm", "large", f"--from-file={large}", "--dry-run=client", "-o", "json")
        self.assertIn("metadata.annotations: Too long", self.cluster.refused("apply", "-f", "-", stdin=manifest))
        self.assertIn("serverside-applied", out("apply", "--server-side", "-f", "-", stdin=manifest))

    def test_changes_that_are_refused(self):
        template = {"metadata": {"labels": {"app": "kept"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        once = {**template, "spec": {**template["spec"], "restartPolicy": "Never"}}
        claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
        self.cluster.apply(
            deployment("kept", replicas=0),
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "kept"}, "spec": {"suspend": True, "template": once}},
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kept"}, "spec": {"ports": [{"port": 80}]}},
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kept"}, "type": "Opaque"},
            {"apiVersion": "v1", "kind": "Pod", **template, "metadata": {"name": "kept"}},
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "kept"}, "spec": {
                "serviceName": "kept", "replicas": 1, "selector": {"matchLabels": {"app": "kept"}}, "template": template,
                "volumeClaimTemplates": [claim]}},
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}, "immutable": True, "data": {"a": "b"}})
        self.cluster.out("rollout", "status", "sts/kept", WAIT)
        self.cluster.out("wait", "--for=condition=Ready", "pod/kept", WAIT)
        for target, patch, told in FIXED:
            with self.subTest(target, patch=patch):
                kind = "strategic" if target.startswith("pod/") else "merge"
                self.assertRegex(self.cluster.refused("patch", target, f"--type={kind}", "-p", json.dumps(patch)), told)
        for body in ("not json", "[]"):
            with self.subTest(body):
                self.cluster.refused("patch", "cm", "kept", "--type=merge", "-p", body)
        self.assertIn("at least 1", self.cluster.refused("autoscale", "deploy/kept", "--max=0"))

    def test_what_may_not_go_and_what_comes_back(self):
        for name in ("default", "kube-system"):
            self.assertIn("this namespace may not be deleted", self.cluster.refused("delete", "ns", name))
        for kind, name in (("service", "kubernetes"), ("serviceaccount", "default"), ("configmap", "kube-root-ca.crt"),
                           ("node", "node-3")):
            with self.subTest(kind):
                uid = self.cluster.get(kind, name)["metadata"]["uid"]
                self.cluster.out("delete", kind, name, "--wait=false")
                eventually(lambda: self.cluster.get(kind, name)["metadata"]["uid"] != uid, f"{kind} {name} is back")
        self.cluster.out("delete", "leases", "-A", "--all")
        self.cluster.nodes_ready()
        self.cluster.out("create", "deployment", "after", "--image=registry.example/web:1.0")
        self.cluster.running("app=after", 1)


class CrowdTest(ClusterTest):
    nodes = 6

    def test_five_hundred_pods_of_one_deployment_and_the_end_of_their_namespace(self):
        out = self.cluster.out
        out("create", "namespace", "crowd")
        out("create", "deployment", "many", "--image=registry.example/web:1.0", "--replicas=500", "-n", "crowd")
        out("rollout", "status", "deploy/many", "-n", "crowd", WAIT)
        rows = out("get", "pods", "-n", "crowd", "--no-headers").splitlines()
        self.assertEqual([row.split()[1:3] for row in rows], [["1/1", "Running"]] * 500)
        self.assertEqual(len({row.split()[5] for row in out("get", "pods", "-n", "crowd", "--no-headers", "-o", "wide").splitlines()}),
                         500)
        for number in range(20):
            out("create", "cm", f"beside-{number}", "-n", "crowd")
        self.assertIn("deleted", out("delete", "namespace", "crowd", WAIT))
        self.assertEqual(out("get", "all,cm,events,endpointslices", "-n", "crowd", "-o", "name"), "")
        out("create", "namespace", "crowd")
        self.cluster.out("delete", "namespace", "crowd", WAIT)

    def test_creates_and_deletes_in_quick_succession(self):
        failures = []

        def loop(name):
            try:
                for turn in range(6):
                    self.cluster.out("create", "deployment", name, "--image=registry.example/web:1.0", "--replicas=3")
                    if turn % 2:
                        self.cluster.out("delete", "pods", "-l", f"app={name}", "--force", "--grace-period=0", "--wait=false")
                    self.cluster.out("delete", "deployment", name, *(["--cascade=foreground"] if turn % 3 == 0 else []))
            except Exception as error:  # a command that took too long, too
                failures.append(error)
        threads = [threading.Thread(target=loop, args=(f"loop-{number}",)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        eventually(lambda: not self.cluster.out("get", "pods,rs,deploy", "-l", "app in (loop-0,loop-1,loop-2)", "-o", "name"),
                   "nothing is left")


if __name__ == "__main__":
    unittest.main(verbosity=2)
