"""kubectl as people use it. Debian 12's is 1.20; KUBECTL names another."""
import json
import os
import re
import stat
import unittest

from harness import WAIT, ClusterTest, deployment, eventually, kubectl_minor

def config(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data or {"colour": "red"}}


def lines(text):
    return [line for line in text.splitlines() if line.strip()]


class ReadingTest(ClusterTest):
    """One deployment of three, read in every way."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.apply(deployment("read", replicas=3))
        cls.pods = cls.cluster.running("app=read", 3)

    def test_get_prints_the_columns_people_know(self):
        table = lines(self.cluster.out("get", "pods", "-l", "app=read"))
        self.assertEqual(table[0].split(), ["NAME", "READY", "STATUS", "RESTARTS", "AGE"])
        self.assertEqual([row.split()[1:4] for row in table[1:]], [["1/1", "Running", "0"]] * 3)
        table = lines(self.cluster.out("get", "deployment", "read"))
        self.assertEqual(table[0].split(), ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"])
        self.assertEqual(table[1].split()[:4], ["read", "3/3", "3", "3"])
        table = lines(self.cluster.out("get", "nodes"))
        self.assertEqual(table[0].split(), ["NAME", "STATUS", "ROLES", "AGE", "VERSION"])
        self.assertEqual([row.split()[1] for row in table[1:]], ["Ready"] * 3)

    def test_get_wide_adds_address_and_node(self):
        table = lines(self.cluster.out("get", "pods", "-l", "app=read", "-o", "wide"))
        self.assertEqual(table[0].split()[5:7], ["IP", "NODE"])
        addresses = [row.split()[5] for row in table[1:]]
        self.assertEqual(len(set(addresses)), 3)
        for row in table[1:]:
            self.assertRegex(row.split()[5], r"^\d+\.\d+\.\d+\.\d+$")
            self.assertRegex(row.split()[6], r"^node-\d$")

    def test_get_yaml_and_json_tell_the_same_object(self):
        name = self.pods[0]["metadata"]["name"]
        as_json = json.loads(self.cluster.out("get", "pod", name, "-o", "json"))
        as_yaml = self.cluster.out("get", "pod", name, "-o", "yaml")
        self.assertTrue(as_yaml.startswith("apiVersion: v1\n"))
        self.assertIn(f"uid: {as_json['metadata']['uid']}\n", as_yaml)
        self.assertEqual(as_json["kind"], "Pod")
        self.assertEqual(as_json["status"]["phase"], "Running")
        self.assertEqual(as_json["spec"]["restartPolicy"], "Always")

    def test_get_name_jsonpath_and_custom_columns(self):
        names = sorted(p["metadata"]["name"] for p in self.pods)
        self.assertEqual(sorted(lines(self.cluster.out("get", "pods", "-l", "app=read", "-o", "name"))),
                         ["pod/" + n for n in names])
        path = "jsonpath={.items[*].metadata.name}"
        self.assertEqual(sorted(self.cluster.out("get", "pods", "-l", "app=read", "-o", path).split()), names)
        table = lines(self.cluster.out("get", "pods", "-l", "app=read", "-o", "custom-columns=N:.metadata.name"))
        self.assertEqual(sorted(table[1:]), names)

    def test_get_in_pages_gives_all(self):
        self.assertEqual(len(lines(self.cluster.out("get", "pods", "-l", "app=read", "--chunk-size=1"))), 4)

    def test_get_all_lists_every_kind_of_the_category(self):
        names = self.cluster.out("get", "all", "-o", "name")
        for kind in ("pod/read-", "service/kubernetes", "deployment.apps/read", "replicaset.apps/read-"):
            self.assertIn(kind, names)

    def test_get_all_namespaces(self):
        table = lines(self.cluster.out("get", "serviceaccounts", "-A"))
        self.assertEqual(table[0].split()[:2], ["NAMESPACE", "NAME"])
        self.assertLessEqual({"default", "kube-system", "kube-public", "kube-node-lease"},
                             {row.split()[0] for row in table[1:]})

    def test_get_of_what_is_not_there(self):
        self.assertEqual(self.cluster.refused("get", "pod", "nope"), 'Error from server (NotFound): pods "nope" not found\n')
        self.assertIn('doesn\'t have a resource type "gizmos"', self.cluster.refused("get", "gizmos"))
        self.assertEqual(self.cluster.out("get", "pod", "nope", "--ignore-not-found"), "")

    def test_selectors_of_labels_and_fields(self):
        node = self.pods[0]["spec"]["nodeName"]
        here = sorted(p["metadata"]["name"] for p in self.pods if p["spec"]["nodeName"] == node)

        def names(*selection):
            return sorted(n.split("/")[1] for n in lines(self.cluster.out("get", "pods", "-o", "name", *selection)))
        everyone = sorted(p["metadata"]["name"] for p in self.pods)
        self.assertEqual(names("-l", "app in (read, other)"), everyone)
        self.assertEqual(names("-l", "app=read,app!=other"), everyone)
        self.assertEqual(names("-l", "app notin (read)"), [])
        self.assertEqual(names("-l", "app=read", "--field-selector", f"spec.nodeName={node}"), here)
        self.assertEqual(names("-l", "app=read", "--field-selector", "status.phase!=Running"), [])
        self.assertEqual(names("--field-selector", f"metadata.name={everyone[0]}"), [everyone[0]])
        self.assertIn("field label not supported: spec.foo",
                      self.cluster.refused("get", "pods", "--field-selector", "spec.foo=1"))

    def test_describe_pod(self):
        pod = self.pods[0]
        # Events come a little after what they tell of.
        text = eventually(lambda: "Started" in (t := self.cluster.out("describe", "pod", pod["metadata"]["name"])) and t, "events")
        for part in (r"Node: +node-\d/", r"Status: +Running", r"IP: +" + re.escape(pod["status"]["podIP"]),
                     r"Controlled By: +ReplicaSet/read-", r"State: +Running", r"Restart Count: +0", r"Ready +True",
                     r"Normal +Scheduled ", r"Normal +Started "):
            self.assertRegex(text, part)

    def test_describe_node(self):
        eventually(lambda: self.cluster.get("lease", "node-1", "-n", "kube-node-lease"), "the node's lease")
        text = self.cluster.out("describe", "node", "node-1")
        for part in (r"Name: +node-1", r"Ready +True", r"Capacity:", r"pods: +110", r"PodCIDR: +10\.",
                     r"HolderIdentity: +node-1", r"Non-terminated Pods:"):
            self.assertRegex(text, part)

    def test_describe_deployment_and_replica_set(self):
        text = eventually(lambda: "ScalingReplicaSet" in (t := self.cluster.out("describe", "deployment", "read")) and t, "events")
        for part in (r"Replicas: +3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable",
                     r"NewReplicaSet: +read-\w+ \(3/3 replicas created\)", r"Available +True", r"ScalingReplicaSet"):
            self.assertRegex(text, part)
        text = eventually(lambda: "SuccessfulCreate" in (t := self.cluster.out("describe", "rs", "-l", "app=read")) and t, "events")
        for part in (r"Controlled By: +Deployment/read", r"3 current / 3 desired", r"3 Running / 0 Waiting",
                     r"SuccessfulCreate"):
            self.assertRegex(text, part)

    def test_describe_service_and_namespace(self):
        text = self.cluster.out("describe", "svc", "kubernetes")
        for part in (r"Type: +ClusterIP", r"IP: +10\.96\.0\.1", r"443/TCP"):
            self.assertRegex(text, part)
        self.assertRegex(self.cluster.out("describe", "ns", "default"), r"Status: +Active")

    def test_explain(self):
        text = self.cluster.out("explain", "pod.spec.containers")
        self.assertRegex(text, r"KIND: +Pod")
        for field in ("image", "resources", "volumeMounts"):
            self.assertRegex(text, rf"\n +{field}\s")
        self.assertRegex(self.cluster.out("explain", "deployment.spec.strategy.rollingUpdate"), r"maxSurge\s")
        self.assertIn('field "nonsense" does not exist', self.cluster.refused("explain", "pod.spec.nonsense"))

    def test_api_resources_and_versions(self):
        # What nodes use has the names of other kinds too.
        rows = [row for row in lines(self.cluster.out("api-resources")) if "metrics.k8s.io" not in row]
        table = {row.split()[0]: row for row in rows}
        self.assertRegex(table["pods"], r"pods +po +v1 +true +Pod")
        self.assertRegex(table["deployments"], r"deployments +deploy +apps/v1 +true +Deployment")
        self.assertRegex(table["nodes"], r"nodes +no +v1 +false +Node")
        self.assertLessEqual({"v1", "apps/v1", "coordination.k8s.io/v1"},
                             set(lines(self.cluster.out("api-versions"))))

    def test_version_and_cluster_info(self):
        version = json.loads(self.cluster.out("version", "-o", "json"))["serverVersion"]
        self.assertEqual((version["major"], version["minor"]), ("1", "36"))
        self.assertIn("is running at", self.cluster.out("cluster-info"))
        self.assertIn("127.0.0.1", self.cluster.out("cluster-info"))

    def test_get_raw(self):
        self.assertEqual(self.cluster.out("get", "--raw", "/healthz"), "ok")
        self.assertEqual(json.loads(self.cluster.out("get", "--raw", "/api/v1/namespaces/default"))["kind"], "Namespace")

    def test_get_events(self):
        name = self.pods[0]["metadata"]["name"]
        eventually(lambda: {"Scheduled", "Pulled", "Created", "Started"} <= set(
            self.cluster.out("get", "events", "--field-selector", f"involvedObject.name={name}",
                             "-o", "jsonpath={.items[*].reason}").split()), "every step is told")
        eventually(lambda: re.search(r"ScalingReplicaSet +deployment/read +Scaled up replica set",
                                     self.cluster.out("get", "events")), "the deployment's event")
        self.assertIn("Scheduled", self.cluster.out("get", "events", "--sort-by=.metadata.creationTimestamp"))


class WritingTest(ClusterTest):
    def test_create_of_files_and_by_flags(self):
        out = self.cluster.out
        self.assertEqual(out("create", "-f", "-", stdin=json.dumps(config("filed"))), "configmap/filed created\n")
        self.assertEqual(out("create", "configmap", "flagged", "--from-literal=a=b"), "configmap/flagged created\n")
        self.assertEqual(self.cluster.get("configmap", "flagged")["data"], {"a": "b"})
        self.assertEqual(out("create", "secret", "generic", "hidden", "--from-literal=a=b"), "secret/hidden created\n")
        self.assertEqual(self.cluster.get("secret", "hidden")["data"], {"a": "Yg=="})
        self.assertEqual(out("create", "namespace", "made"), "namespace/made created\n")
        self.assertEqual(out("create", "serviceaccount", "robot"), "serviceaccount/robot created\n")
        self.assertEqual(out("create", "service", "clusterip", "front", "--tcp=80:8080"), "service/front created\n")
        service = self.cluster.get("service", "front")
        self.assertEqual((service["spec"]["type"], service["spec"]["ports"][0]["targetPort"]), ("ClusterIP", 8080))
        self.assertRegex(service["spec"]["clusterIP"], r"^10\.")
        self.assertEqual(out("create", "deployment", "flags", "--image=registry.example/web:1.0"),
                         "deployment.apps/flags created\n")
        self.cluster.running("app=flags", 1)
        self.assertEqual(self.cluster.refused("create", "namespace", "made"),
                         'Error from server (AlreadyExists): namespaces "made" already exists\n')

    def test_create_from_yaml_of_several_documents(self):
        text = ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n---\n"
                "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: two\n"
                "  stringData:\n    word: hush\n")
        self.assertEqual(self.cluster.out("create", "-f", "-", stdin=text), "configmap/one created\nsecret/two created\n")
        self.assertEqual(self.cluster.get("secret", "two")["data"], {"word": "aHVzaA=="})

    def test_dry_run_creates_nothing(self):
        for way in ("client", "server"):
            out = self.cluster.out("create", "-f", "-", f"--dry-run={way}", stdin=json.dumps(config("dry")))
            self.assertIn("configmap/dry created", out)
        self.assertEqual(self.cluster.out("get", "configmap", "dry", "--ignore-not-found"), "")

    def test_apply_creates_changes_and_leaves_alone(self):
        wanted = deployment("applied", replicas=1)
        self.assertEqual(self.cluster.apply(wanted), "deployment.apps/applied created\n")
        before = self.cluster.get("deployment", "applied")["metadata"]["generation"]
        self.assertEqual(self.cluster.apply(wanted), "deployment.apps/applied unchanged\n")
        self.assertEqual(self.cluster.get("deployment", "applied")["metadata"]["generation"], before)
        wanted["spec"]["replicas"] = 2
        wanted["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "MODE", "value": "fast"}]
        self.assertEqual(self.cluster.apply(wanted), "deployment.apps/applied configured\n")
        del wanted["spec"]["template"]["spec"]["containers"][0]["env"]
        self.assertEqual(self.cluster.apply(wanted), "deployment.apps/applied configured\n")
        changed = self.cluster.get("deployment", "applied")
        self.assertEqual(changed["spec"]["replicas"], 2)
        self.assertNotIn("env", changed["spec"]["template"]["spec"]["containers"][0])
        self.cluster.running("app=applied", 2)

    def test_apply_refuses_what_is_invalid(self):
        self.assertIn("is invalid", self.cluster.refused("apply", "--validate=false", "-f", "-",
                                                        stdin=json.dumps(config("Bad_Name"))))
        wrong = deployment("wrong")
        wrong["spec"]["template"]["spec"]["colour"] = "red"
        self.assertRegex(self.cluster.refused("apply", "-f", "-", stdin=json.dumps(wrong)),
                         r'unknown field "(spec\.template\.spec\.)?colour"')

    def test_scale_set_image_and_rollout(self):
        self.cluster.apply(deployment("rolled", replicas=2))
        self.cluster.running("app=rolled", 2)
        self.assertEqual(self.cluster.out("scale", "deployment/rolled", "--replicas=4"), "deployment.apps/rolled scaled\n")
        self.cluster.running("app=rolled", 4)
        self.assertEqual(self.cluster.out("scale", "deployment/rolled", "--current-replicas=4", "--replicas=3"),
                         "deployment.apps/rolled scaled\n")
        self.cluster.running("app=rolled", 3)
        self.assertIn("image updated", self.cluster.out("set", "image", "deployment/rolled",
                                                        "web=registry.example/web:2.0"))
        self.assertIn("successfully rolled out",
                      self.cluster.out("rollout", "status", "deployment/rolled", WAIT))
        pods = self.cluster.running("app=rolled", 3)
        self.assertEqual({p["spec"]["containers"][0]["image"] for p in pods}, {"registry.example/web:2.0"})
        history = lines(self.cluster.out("rollout", "history", "deployment/rolled"))
        self.assertEqual([row.split()[0] for row in history[-2:]], ["1", "2"])
        self.assertIn("rolled back", self.cluster.out("rollout", "undo", "deployment/rolled"))
        self.cluster.out("rollout", "status", "deployment/rolled", WAIT)
        pods = self.cluster.running("app=rolled", 3)
        self.assertEqual({p["spec"]["containers"][0]["image"] for p in pods}, {"registry.example/web:1.0"})
        self.assertIn("restarted", self.cluster.out("rollout", "restart", "deployment/rolled"))
        self.cluster.out("rollout", "status", "deployment/rolled", WAIT)
        names = {p["metadata"]["name"] for p in self.cluster.running("app=rolled", 3)}
        self.assertFalse(names & {p["metadata"]["name"] for p in pods})

    def test_delete_waits_or_not(self):
        self.cluster.apply(deployment("doomed", replicas=2))
        self.cluster.running("app=doomed", 2)
        self.assertEqual(self.cluster.out("delete", "deployment", "doomed"), 'deployment.apps "doomed" deleted\n'
                         if kubectl_minor() < 34 else 'deployment.apps "doomed" deleted from default namespace\n')
        eventually(lambda: not self.cluster.get("pods", "-l", "app=doomed")["items"], "pods of a deleted deployment gone")
        self.cluster.apply(deployment("doomed", replicas=1))
        pod = self.cluster.running("app=doomed", 1)[0]["metadata"]["name"]
        self.cluster.out("delete", "deployment", "doomed", "--wait=false")
        eventually(lambda: not self.cluster.out("get", "pod", pod, "--ignore-not-found"), "its pod gone")
        self.assertIn("NotFound", self.cluster.refused("delete", "deployment", "doomed"))
        self.assertEqual(self.cluster.out("delete", "deployment", "doomed", "--ignore-not-found"), "")

    def test_delete_by_force_is_at_once(self):
        self.cluster.out("run", "stubborn", "--image=registry.example/web:1.0",
                         "--overrides", json.dumps({"apiVersion": "v1", "metadata": {
                             "annotations": {"sim.kabuki.io/stop-latency": "ignore"}}}))
        self.cluster.out("wait", "--for=condition=Ready", "pod/stubborn", WAIT)
        self.cluster.out("delete", "pod", "stubborn", "--wait=false")
        self.assertIn("deletionTimestamp", self.cluster.get("pod", "stubborn")["metadata"])
        result = self.cluster.kubectl("delete", "pod", "stubborn", "--grace-period=0", "--force")
        self.assertIn("Immediate deletion does not wait", result.stderr)
        self.assertEqual(self.cluster.out("get", "pod", "stubborn", "--ignore-not-found"), "")

    def test_delete_by_selector_and_cascade(self):
        self.cluster.apply(deployment("orphaned", replicas=1))
        pod = self.cluster.running("app=orphaned", 1)[0]["metadata"]["name"]
        self.cluster.out("delete", "deployment", "orphaned",
                         "--cascade=orphan" if kubectl_minor() >= 20 else "--cascade=false")
        eventually(lambda: not any(r.get("ownerReferences") for r in
                                   (i["metadata"] for i in self.cluster.get("rs", "-l", "app=orphaned")["items"])),
                   "replica set orphaned")
        self.assertEqual(self.cluster.get("pod", pod)["status"]["phase"], "Running")
        self.cluster.out("delete", "rs", "-l", "app=orphaned", "--cascade=foreground")
        self.assertEqual(self.cluster.out("get", "pods", "-l", "app=orphaned", "-o", "name"), "")

    def test_delete_of_a_namespace_takes_all_with_it(self):
        self.cluster.out("create", "namespace", "brief")
        self.cluster.out("apply", "-n", "brief", "-f", "-", stdin=json.dumps(deployment("inner", replicas=2)))
        self.cluster.running("app=inner", 2, namespace="brief")
        self.cluster.out("delete", "namespace", "brief", WAIT)
        self.assertIn("NotFound", self.cluster.refused("get", "namespace", "brief"))
        self.assertEqual(self.cluster.get("pods", "-n", "brief")["items"], [])

    def test_label_and_annotate(self):
        self.cluster.apply(config("marked"))
        self.assertIn("labeled", self.cluster.out("label", "configmap", "marked", "tier=front"))
        self.assertIn("already has a value", self.cluster.refused("label", "configmap", "marked", "tier=back"))
        self.assertIn("labeled", self.cluster.out("label", "configmap", "marked", "tier=back", "--overwrite"))
        self.assertEqual(lines(self.cluster.out("get", "cm", "-l", "tier=back", "-o", "name")), ["configmap/marked"])
        self.assertIn("annotated", self.cluster.out("annotate", "configmap", "marked", "note=seen"))
        self.assertEqual(self.cluster.get("cm", "marked")["metadata"]["annotations"]["note"], "seen")
        self.cluster.out("label", "configmap", "marked", "tier-")
        self.cluster.out("annotate", "configmap", "marked", "note-")
        metadata = self.cluster.get("cm", "marked")["metadata"]
        self.assertNotIn("labels", metadata)
        self.assertNotIn("note", metadata["annotations"])

    def test_patch_in_three_ways(self):
        self.cluster.apply(deployment("patched", replicas=1))
        containers = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "registry.example/s:1"}]}}}}
        self.assertIn("patched", self.cluster.out("patch", "deployment", "patched", "-p", json.dumps(containers)))
        self.assertEqual([c["name"] for c in self.spec("patched")["template"]["spec"]["containers"]], ["side", "web"])
        remove = {"spec": {"template": {"spec": {"containers": [{"name": "side", "$patch": "delete"}]}}}}
        self.cluster.out("patch", "deployment", "patched", "-p", json.dumps(remove))
        self.assertEqual([c["name"] for c in self.spec("patched")["template"]["spec"]["containers"]], ["web"])
        self.cluster.out("patch", "deployment", "patched", "--type=merge", "-p", '{"spec":{"replicas":2}}')
        self.assertEqual(self.spec("patched")["replicas"], 2)
        self.cluster.out("patch", "deployment", "patched", "--type=json", "-p",
                         '[{"op":"test","path":"/spec/replicas","value":2},'
                         '{"op":"replace","path":"/spec/replicas","value":3}]')
        self.assertEqual(self.spec("patched")["replicas"], 3)
        self.cluster.refused("patch", "deployment", "patched", "--type=json", "-p",
                             '[{"op":"test","path":"/spec/replicas","value":9}]')
        self.assertIn("no change", self.cluster.out("patch", "deployment", "patched", "-p", '{"spec":{"replicas":3}}'))
        self.cluster.running("app=patched", 3)

    def spec(self, name):
        return self.cluster.get("deployment", name)["spec"]

    @unittest.skipIf(kubectl_minor() < 24, "this kubectl has no --subresource")
    def test_patch_of_a_subresource(self):
        self.cluster.apply(deployment("sub", replicas=1))
        self.cluster.running("app=sub", 1)
        self.cluster.out("patch", "deployment", "sub", "--subresource=scale", "--type=merge", "-p",
                         '{"spec":{"replicas":2}}')
        self.assertEqual(self.spec("sub")["replicas"], 2)
        pod = self.cluster.running("app=sub", 2)[0]["metadata"]
        self.cluster.out("patch", "pod", pod["name"], "--subresource=status", "--type=strategic", "-p", json.dumps(
            {"status": {"conditions": [{"type": "example.com/Tried", "status": "True"}]}}))
        conditions = {c["type"]: c["status"] for c in self.cluster.get("pod", pod["name"])["status"]["conditions"]}
        self.assertEqual((conditions["example.com/Tried"], conditions["Ready"]), ("True", "True"))

    def test_replace(self):
        self.cluster.apply(config("swapped", colour="red"))
        self.assertEqual(self.cluster.out("replace", "-f", "-", stdin=json.dumps(config("swapped", colour="blue"))),
                         "configmap/swapped replaced\n")
        self.assertEqual(self.cluster.get("cm", "swapped")["data"], {"colour": "blue"})
        stale = self.cluster.get("cm", "swapped")
        self.cluster.out("label", "cm", "swapped", "x=y")
        self.assertIn("the object has been modified", self.cluster.refused("replace", "-f", "-", stdin=json.dumps(stale)))
        uid = stale["metadata"]["uid"]
        self.assertIn("replaced", self.cluster.out("replace", "--force", "-f", "-", stdin=json.dumps(config("swapped"))))
        self.assertNotEqual(self.cluster.get("cm", "swapped")["metadata"]["uid"], uid)
        self.assertIn("NotFound", self.cluster.refused("replace", "-f", "-", stdin=json.dumps(config("absent"))))

    def test_edit_by_an_editor(self):
        self.cluster.apply(config("edited", colour="red"))
        editor = os.path.join(self.cluster.root, "editor")
        with open(editor, "w") as script:
            script.write('#!/bin/sh\nsed -i "s/colour: red/colour: green/" "$1"\n')
        os.chmod(editor, stat.S_IRWXU)
        self.cluster.env["EDITOR"] = self.cluster.env["KUBE_EDITOR"] = editor
        self.assertEqual(self.cluster.out("edit", "configmap", "edited"), "configmap/edited edited\n")
        self.assertEqual(self.cluster.get("cm", "edited")["data"], {"colour": "green"})
        result = self.cluster.kubectl("edit", "configmap", "edited")
        self.assertIn("Edit cancelled, no changes made.", result.stdout + result.stderr)

    def test_expose_and_run(self):
        self.assertEqual(self.cluster.out("run", "single", "--image=registry.example/web:1.0", "--port=8080"),
                         "pod/single created\n")
        self.cluster.out("wait", "--for=condition=Ready", "pod/single", WAIT)
        self.assertEqual(self.cluster.out("expose", "pod", "single", "--port=80", "--target-port=8080"),
                         "service/single exposed\n")
        service = self.cluster.get("service", "single")["spec"]
        self.assertEqual(service["selector"], {"run": "single"})
        self.assertEqual((service["ports"][0]["port"], service["ports"][0]["targetPort"]), (80, 8080))
        self.cluster.apply(deployment("exposed", replicas=1))
        self.assertIn("exposed", self.cluster.out("expose", "deployment", "exposed", "--name=exposed-front"))

    def test_wait_for_conditions(self):
        self.cluster.apply(deployment("awaited", replicas=2))
        self.assertEqual(self.cluster.out("wait", "--for=condition=Available", "deployment/awaited", WAIT),
                         "deployment.apps/awaited condition met\n")
        self.cluster.out("wait", "--for=condition=Ready", "pod", "-l", "app=awaited", WAIT)
        self.assertIn("timed out", self.cluster.refused("wait", "--for=condition=Never", "deployment/awaited",
                                                        "--timeout=1s"))


class WatchingTest(ClusterTest):
    def test_get_watch_prints_every_step(self):
        self.cluster.out("run", "before", "--image=registry.example/web:1.0", "--labels=app=before")
        watch = self.cluster.start_kubectl("get", "pods", "-w", "--output-watch-events", "-l", "app in (before,seen)")
        self.assertEqual(watch.stdout.readline().split()[0], "EVENT")
        self.assertEqual(watch.stdout.readline().split()[:2], ["ADDED", "before"])
        self.cluster.apply(deployment("seen", replicas=1))
        name = self.cluster.running("app=seen", 1)[0]["metadata"]["name"]
        self.cluster.out("delete", "deployment", "seen")
        seen = []
        for line in watch.stdout:
            seen.append(line.split())
            if line.startswith("DELETED"):
                break
        watch.kill()
        rows = [row for row in seen if len(row) > 1 and row[1] == name]
        self.assertEqual((rows[0][0], rows[-1][0]), ("ADDED", "DELETED"), seen)
        states = [row[3] for row in rows]
        for earlier, later in (("Pending", "Running"), ("Running", "Terminating")):
            self.assertLess(states.index(earlier), states.index(later), seen)
        self.assertIn(["1/1", "Running"], [row[2:4] for row in rows])

    def test_get_watch_of_one_object_as_json(self):
        self.cluster.apply(config("followed", step="1"))
        watch = self.cluster.start_kubectl("get", "configmap", "followed", "-w", "-o", "jsonpath={.data.step}{'\\n'}")
        self.assertEqual(watch.stdout.readline(), "1\n")
        self.cluster.apply(config("followed", step="2"))
        self.assertEqual(watch.stdout.readline(), "2\n")
        watch.kill()

    def test_rollout_status_follows(self):
        slow = deployment("slow", replicas=3, annotations={"sim.kabuki.io/ready-after": "1s"})
        self.cluster.apply(slow)
        text = self.cluster.out("rollout", "status", "deployment/slow", WAIT)
        self.assertIn("Waiting for deployment", text)
        self.assertIn("successfully rolled out", text)


class NodesTest(ClusterTest):
    def test_cordon_keeps_pods_away(self):
        self.cluster.out("cordon", "node-1")
        self.assertRegex(self.cluster.out("get", "node", "node-1"), r"Ready,SchedulingDisabled")
        here = deployment("here", replicas=1)
        here["spec"]["template"]["spec"]["nodeSelector"] = {"kubernetes.io/hostname": "node-1"}
        self.cluster.apply(deployment("elsewhere", replicas=6), here)
        nodes = {p["spec"]["nodeName"] for p in self.cluster.running("app=elsewhere", 6)}
        self.assertLessEqual(nodes, {"node-2", "node-3"})
        eventually(lambda: any(c.get("reason") == "Unschedulable" for p in self.cluster.get("pods", "-l", "app=here")["items"]
                               for c in p["status"].get("conditions", [])), "who wants just this node waits")
        self.cluster.out("uncordon", "node-1")
        self.assertEqual(self.cluster.running("app=here", 1)[0]["spec"]["nodeName"], "node-1")

    def test_taint_keeps_intolerant_pods_away(self):
        self.cluster.out("taint", "nodes", "node-2", "special=yes:NoSchedule")
        self.cluster.apply(deployment("intolerant", replicas=6))
        nodes = {p["spec"]["nodeName"] for p in self.cluster.running("app=intolerant", 6)}
        self.assertNotIn("node-2", nodes)
        tolerant = deployment("tolerant", replicas=2)
        tolerant["spec"]["template"]["spec"].update(tolerations=[{"key": "special", "operator": "Exists"}],
                                                    nodeSelector={"kubernetes.io/hostname": "node-2"})
        self.cluster.apply(tolerant)
        self.cluster.running("app=tolerant", 2)
        self.cluster.out("taint", "nodes", "node-2", "special-")
        self.assertEqual(self.cluster.get("node", "node-2")["spec"].get("taints", []), [])

    def test_label_of_a_node_attracts_its_pods(self):
        self.cluster.out("label", "node", "node-3", "disk=fast")
        chosen = deployment("chosen", replicas=2)
        chosen["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "fast"}
        self.cluster.apply(chosen)
        self.assertEqual({p["spec"]["nodeName"] for p in self.cluster.running("app=chosen", 2)}, {"node-3"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
