"""kubectl's ways of writing that the other tests do not know: forms of create, run, expose, set, apply, edit, label, patch,
scale, rollout, delete, debug, cordon, drain and taint."""
import json
import os
import re
import unittest

from harness import PATIENCE, WAIT, ClusterTest, deployment, eventually, kubectl_minor, listed, run

MINOR = kubectl_minor()
IMAGE = "registry.example/web:1.0"


def since(minor, what):
    return unittest.skipIf(MINOR < minor, f"kubectl 1.{MINOR} has no {what}")


def config(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"of": name}}, "data": data}


def lines(text):
    return [line for line in text.splitlines() if line.strip()]


class Forms(ClusterTest):
    def file(self, name, *documents):
        path = os.path.join(self.cluster.root, name)
        with open(path, "w") as file:
            json.dump(documents[0] if len(documents) == 1 else listed(*documents), file)
        return path

    def editor(self, name, script):
        path = os.path.join(self.cluster.root, name)
        with open(path, "w") as file:
            file.write("#!/bin/sh\n" + script)
        os.chmod(path, 0o700)
        self.cluster.env["KUBE_EDITOR"] = path

    def out(self, *arguments, **options):
        return self.cluster.out(*arguments, **options)

    def spec(self, kind, name):
        return self.cluster.get(kind, name)["spec"]


class CreatingFormsTest(Forms):
    def test_secrets_of_keys_and_of_any_type(self):
        key, certificate = (os.path.join(self.cluster.root, name) for name in ("tls.key", "tls.pem"))
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
             "-subj", "/CN=shop.example", "-keyout", key, "-out", certificate])
        self.out("create", "secret", "tls", "keyed", f"--cert={certificate}", f"--key={key}")
        made = self.cluster.get("secret", "keyed")
        self.assertEqual((made["type"], sorted(made["data"])), ("kubernetes.io/tls", ["tls.crt", "tls.key"]))
        self.assertEqual(lines(self.out("get", "secret", "keyed"))[1].split()[:3], ["keyed", "kubernetes.io/tls", "2"])
        self.out("create", "secret", "generic", "typed", "--type=example.com/odd", "--from-literal=a=b")
        self.assertEqual(self.out("get", "secrets", "--field-selector=type=example.com/odd", "-o", "name"), "secret/typed\n")

    def test_roles_and_who_has_them(self):
        self.out("create", "clusterrole", "gathered", "--aggregation-rule=team=all")
        rule = self.cluster.get("clusterrole", "gathered")["aggregationRule"]
        self.assertEqual(rule, {"clusterRoleSelectors": [{"matchLabels": {"team": "all"}}]})
        self.out("create", "clusterrole", "healthy", "--verb=get", "--non-resource-url=/healthz")
        self.assertEqual(self.cluster.get("clusterrole", "healthy")["rules"], [{"nonResourceURLs": ["/healthz"], "verbs": ["get"]}])
        self.out("create", "role", "narrow", "--verb=get", "--resource=pods", "--resource-name=one")
        self.assertEqual(self.cluster.get("role", "narrow")["rules"],
                         [{"apiGroups": [""], "resourceNames": ["one"], "resources": ["pods"], "verbs": ["get"]}])
        self.out("create", "rolebinding", "had", "--role=narrow", "--user=jane")
        self.assertIn("subjects updated", self.out("set", "subject", "rolebinding", "had", "--serviceaccount=default:default"))
        self.out("create", "clusterrolebinding", "had", "--clusterrole=healthy", "--group=ops")
        self.out("set", "subject", "clusterrolebinding", "had", "--user=joe")
        self.assertEqual([(s["kind"], s["name"]) for s in self.cluster.get("rolebinding", "had")["subjects"]],
                         [("User", "jane"), ("ServiceAccount", "default")])
        self.assertEqual([(s["kind"], s["name"]) for s in self.cluster.get("clusterrolebinding", "had")["subjects"]],
                         [("Group", "ops"), ("User", "joe")])
        wider = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "narrow", "namespace": "default"},
                 "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}
        self.out("auth", "reconcile", "-f", self.file("wider.json", wider))
        self.assertEqual([rule["verbs"] for rule in self.cluster.get("role", "narrow")["rules"]], [["get"], ["list"]])

    def test_limits_of_other_forms(self):
        self.out("create", "quota", "best", "--hard=pods=5", "--scopes=BestEffort", "-n", "kube-public")
        self.assertEqual(self.cluster.get("quota", "best", "-n", "kube-public")["spec"], {"hard": {"pods": "5"}, "scopes": ["BestEffort"]})
        self.out("create", "priorityclass", "polite", "--value=5", "--preemption-policy=Never")
        self.assertEqual(self.cluster.get("priorityclass", "polite")["preemptionPolicy"], "Never")
        if MINOR >= 21:
            self.out("create", "pdb", "share", "--selector=a=b", "--max-unavailable=10%")
            self.assertEqual(self.spec("pdb", "share")["maxUnavailable"], "10%")
        self.out("create", "ingress", "guarded", "--class=nginx", "--rule=a.example/*=front:80,tls=keys",
                 "--default-backend=front:80", "--annotation=a=b")
        spec = self.spec("ingress", "guarded")
        self.assertEqual((spec["ingressClassName"], spec["tls"]), ("nginx", [{"hosts": ["a.example"], "secretName": "keys"}]))

    def test_create_saved_edited_and_raw(self):
        path = self.file("saved.json", config("saved", k="v"))
        self.out("create", "-f", path, "--save-config")
        self.assertIn("kubectl.kubernetes.io/last-applied-configuration", self.cluster.get("cm", "saved")["metadata"]["annotations"])
        self.editor("on-create", 'sed -i "s/: v$/: w/; s/\\"v\\"/\\"w\\"/" "$1"\n')
        self.out("create", "-f", self.file("handmade.json", config("handmade", k="v")), "--edit")
        self.assertEqual(self.cluster.get("cm", "handmade")["data"], {"k": "w"})
        place = "/api/v1/namespaces/default/configmaps"
        self.out("create", "--raw", place, "-f", self.file("raw.json", config("raw", k="1")))
        self.out("replace", "--raw", place + "/raw", "-f", self.file("raw.json", config("raw", k="2")))
        self.assertEqual(self.cluster.get("cm", "raw")["data"], {"k": "2"})
        self.assertEqual(json.loads(self.out("delete", "--raw", place + "/raw"))["status"], "Success")
        self.assertEqual(self.out("create", "cm", "named", "-o", "name"), "configmap/named\n")

    def test_run_in_other_forms(self):
        self.out("run", "steady", f"--image={IMAGE}", "--restart=OnFailure", "--annotations=a=b", "--command", "--", "sleep", "5")
        pod = self.cluster.get("pod", "steady")
        self.assertEqual((pod["spec"]["restartPolicy"], pod["spec"]["containers"][0]["command"], pod["metadata"]["annotations"]),
                         ("OnFailure", ["sleep", "5"], {"a": "b"}))
        self.out("run", "overridden", f"--image={IMAGE}", '--overrides={"spec":{"terminationGracePeriodSeconds":1}}')
        self.assertEqual(self.spec("pod", "overridden")["terminationGracePeriodSeconds"], 1)

    def test_expose_in_all_types(self):
        self.cluster.apply(deployment("shown", replicas=1))
        self.cluster.running("app=shown", 1)
        self.out("expose", "deploy", "shown", "--name=outward", "--type=NodePort", "--port=80")
        self.assertEqual(self.spec("svc", "outward")["type"], "NodePort")
        port = self.spec("svc", "outward")["ports"][0]["nodePort"]
        self.assertIn(port, range(30000, 32768))
        self.assertIn(f"80:{port}/TCP", self.out("get", "svc", "outward"))
        self.assertIn("provided port is already allocated",
                      self.cluster.refused("create", "service", "nodeport", "same", "--tcp=80", f"--node-port={port}"))
        self.assertIn("not in the valid range",
                      self.cluster.refused("create", "service", "nodeport", "same", "--tcp=80", "--node-port=80"))
        self.out("expose", "svc", "outward", "--name=twice", "--port=81")
        self.assertEqual(self.spec("svc", "twice")["selector"], {"app": "shown"})
        replica_set = self.out("get", "rs", "-l", "app=shown", "-o", "name").strip()
        self.out("expose", replica_set, "--name=set", "--port=82", "--target-port=80", "--session-affinity=ClientIP",
                 "--external-ip=192.0.2.1", "--protocol=UDP")
        spec = self.spec("svc", "set")
        self.assertEqual((spec["sessionAffinity"], spec["externalIPs"], spec["ports"][0]["protocol"]),
                         ("ClientIP", ["192.0.2.1"], "UDP"))
        self.out("expose", "-f", self.file("shown.json", deployment("shown")), "--name=filed", "--port=83", "--cluster-ip=None")
        self.assertEqual(self.spec("svc", "filed")["clusterIP"], "None")
        eventually(lambda: re.search(r"Endpoints: +10\.", self.out("describe", "svc", "outward")), "its endpoints")
        self.assertEqual(self.out("delete", "svc", "outward", "twice", "set", "filed", "-o", "name").count("service/"), 4)

    @since(30, "debug by the ephemeral containers of today")
    def test_debug_by_a_copy_and_on_a_node(self):
        self.out("run", "ill", f"--image={IMAGE}", "--labels=app=ill")
        self.out("wait", "--for=condition=Ready", "pod/ill", WAIT)
        flags = ("--profile=general", "--attach=false")
        self.out("debug", "ill", "--copy-to=copied", "--image=registry.example/tools:1", "-c", "probe", *flags)
        self.assertEqual([c["name"] for c in self.spec("pod", "copied")["containers"]], ["ill", "probe"])
        self.assertNotIn("labels", self.cluster.get("pod", "copied")["metadata"])
        self.out("debug", "ill", "--copy-to=other", "--set-image=*=registry.example/web:2.0", "--same-node", *flags)
        self.assertEqual(self.spec("pod", "other")["containers"][0]["image"], "registry.example/web:2.0")
        self.assertEqual(self.spec("pod", "other")["nodeName"], self.spec("pod", "ill")["nodeName"])
        told = self.out("debug", "node/node-1", "--image=registry.example/tools:1", *flags)
        name = told.split("debugging pod ")[1].split()[0]
        self.out("wait", "--for=condition=Ready", f"pod/{name}", WAIT)
        self.assertEqual((self.spec("pod", name)["nodeName"], self.spec("pod", name)["hostPID"]), ("node-1", True))
        self.out("debug", "ill", "--image=registry.example/tools:1", "-c", "beside", "--target=ill", *flags)
        self.assertEqual(self.spec("pod", "ill")["ephemeralContainers"][0]["targetContainerName"], "ill")
        eventually(lambda: "running" in self.cluster.get("pod", "ill")["status"]["ephemeralContainerStatuses"][0]["state"],
                   "the container runs")
        self.assertIn("beside", self.out("logs", "ill", "-c", "beside"))
        self.assertIn("Ephemeral Containers:", self.out("describe", "pod", "ill"))


class ChangingFormsTest(Forms):
    def test_apply_and_its_last_configuration_in_an_editor(self):
        path = self.file("last.json", config("last", k="v"))
        self.out("apply", "-f", path)
        self.editor("on-last", 'sed -i "s/k: v/k: w/" "$1"\n')
        self.assertEqual(self.out("apply", "edit-last-applied", "cm/last"), "configmap/last edited\n")
        self.assertIn("k: w", self.out("apply", "view-last-applied", "-f", path))
        self.assertEqual(self.cluster.get("cm", "last")["data"], {"k": "v"})
        self.assertIn("configured (dry run)", self.out("apply", "--dry-run=client", "-f", path))

    @since(27, "apply sets")
    def test_apply_that_prunes_by_a_set(self):
        self.cluster.env["KUBECTL_APPLYSET"] = "true"
        flags = ("--prune", "--applyset=together", "-n", "default")
        self.out("apply", "-f", self.file("set-2.json", config("in-1"), config("in-2")), *flags)
        self.assertIn("pruned", self.out("apply", "-f", self.file("set-1.json", config("in-1")), *flags))
        self.assertEqual(self.out("get", "cm", "in-1", "in-2", "--ignore-not-found", "-o", "name"), "configmap/in-1\n")
        del self.cluster.env["KUBECTL_APPLYSET"]

    def test_edit_as_json_of_files_and_by_two_at_once(self):
        path = self.file("edited.json", config("edited", k="v"))
        self.out("create", "-f", path)
        self.editor("as-json", 'sed -i \'s/"k": "v"/"k": "w"/\' "$1"\n')
        self.out("edit", "cm", "edited", "-o", "json")
        self.assertEqual(self.cluster.get("cm", "edited")["data"], {"k": "w"})
        self.editor("of-file", 'sed -i "s/k: w/k: x/" "$1"\n')
        self.assertEqual(self.out("edit", "-f", path), "configmap/edited edited\n")
        # Each waits until the other has begun; each changes another key, and neither change is lost.
        place = self.cluster.root
        processes = []
        for mine, other in (("one", "two"), ("two", "one")):
            self.editor(f"edit-{mine}", f'touch {place}/{mine}.open\nwhile [ ! -e {place}/{other}.open ]; do sleep 0.05; done\n'
                                        f'sed -i "s/^data:/data:\\n  {mine}: here/" "$1"\n')
            processes.append(self.cluster.start_kubectl("edit", "cm", "edited"))
        for process in processes:
            self.assertEqual(process.communicate(timeout=PATIENCE)[0], "configmap/edited edited\n")
        self.assertEqual(self.cluster.get("cm", "edited")["data"], {"k": "x", "one": "here", "two": "here"})

    def test_labels_shown_counted_and_only_tried(self):
        for name in ("l-1", "l-2"):
            self.out("create", "cm", name)
        self.assertEqual(len(lines(self.out("label", "cm", "-l", "!of", "--field-selector=metadata.name!=kube-root-ca.crt", "all=yes"))), 2)
        self.assertEqual(self.out("label", "cm", "l-1", "--list"), "all=yes\n")
        self.out("label", "cm", "l-1", "tried=yes", "--dry-run=server")
        self.assertEqual(self.out("label", "cm", "l-1", "--list"), "all=yes\n")
        self.assertIn("a valid label must be", self.cluster.refused("label", "cm", "l-1", "a=b c"))
        path = self.file("local.json", config("local"))
        self.assertIn("tier: front", self.out("label", "-f", path, "--local", "tier=front", "-o", "yaml"))
        self.assertIn("note: seen", self.out("annotate", "-f", path, "--local", "note=seen", "-o", "yaml"))
        self.assertEqual(self.out("get", "-f", path, "--ignore-not-found"), "")
        self.out("annotate", "cm", "--all", "note=all")
        self.assertEqual({i["metadata"]["annotations"]["note"] for i in self.cluster.get("cm")["items"]}, {"all"})

    def test_patches_from_files_in_yaml_and_only_tried(self):
        self.cluster.apply(deployment("patched", replicas=1))
        tried = self.out("patch", "deploy", "patched", "-p", '{"spec":{"replicas":2}}', "--dry-run=server", "-o",
                         "jsonpath={.spec.replicas}")
        self.assertEqual((tried, self.spec("deploy", "patched")["replicas"]), ("2", 1))
        self.out("patch", "deploy", "patched", "-p", "spec:\n  minReadySeconds: 1\n")
        self.assertEqual(self.spec("deploy", "patched")["minReadySeconds"], 1)
        if MINOR >= 21:
            path = self.file("patch.json", {"spec": {"minReadySeconds": 0}})
            self.out("patch", "deploy", "patched", "--patch-file", path)
            self.assertNotIn("minReadySeconds", self.spec("deploy", "patched"))
        filed = self.file("patched.json", deployment("patched"))
        local = self.out("patch", "-f", filed, "--local", "-p", '{"spec":{"replicas":7}}', "-o", "jsonpath={.spec.replicas}")
        self.assertEqual(local, "7")
        self.out("patch", "node", "node-1", "--type=json", "-p", '[{"op":"add","path":"/metadata/labels/zone","value":"a"}]')
        self.assertEqual(self.out("get", "nodes", "-l", "zone=a", "-o", "name"), "node/node-1\n")
        self.assertIn("The request is invalid",
                      self.cluster.refused("patch", "cm", "kube-root-ca.crt", "--type=json", "-p", '[{"op":"fly"}]'))

    @since(24, "--subresource")
    def test_replace_of_a_subresource(self):
        self.cluster.apply(deployment("parted", replicas=1))
        self.cluster.running("app=parted", 1)
        self.out("patch", "deploy", "parted", "--subresource=scale", "--type=merge", "-p", '{"spec":{"replicas":2}}')
        self.cluster.running("app=parted", 2)
        node = self.cluster.get("node", "node-2")
        node["status"]["conditions"].append({"type": "example.com/Tried", "status": "True"})
        self.out("replace", "--subresource=status", "-f", self.file("node.json", node))
        self.assertIn("example.com/Tried", [c["type"] for c in self.cluster.get("node", "node-2")["status"]["conditions"]])

    def test_scale_only_if(self):
        self.cluster.apply(deployment("sized", replicas=2), deployment("sized-too", replicas=2))
        self.cluster.running("app=sized", 2)
        self.assertIn("Expected replicas to be 7, was 2",
                      self.cluster.refused("scale", "deploy/sized", "--current-replicas=7", "--replicas=3"))
        self.assertIn("Expected resource version to be 1",
                      self.cluster.refused("scale", "deploy/sized", "--resource-version=1", "--replicas=3"))
        self.assertEqual(self.spec("deploy", "sized")["replicas"], 2)
        self.assertEqual(len(lines(self.out("scale", "deploy/sized", "deploy/sized-too", "--replicas=1", f"--timeout={PATIENCE:g}s"))), 2)
        self.out("scale", "-f", self.file("sized.json", deployment("sized")), "--replicas=0")
        eventually(lambda: not self.cluster.get("pods", "-l", "app=sized")["items"], "no pod is left")
        controller = {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "old"}, "spec": {
            "replicas": 1, "selector": {"app": "old"}, "template": {
                "metadata": {"labels": {"app": "old"}}, "spec": {"containers": [{"name": "c", "image": IMAGE}]}}}}
        self.cluster.apply(controller)
        self.out("scale", "rc/old", "--replicas=2")
        self.cluster.running("app=old", 2)
        self.out("autoscale", "rc", "old", "--max=3", "--name=grown")
        self.assertEqual(self.spec("hpa", "grown")["scaleTargetRef"]["kind"], "ReplicationController")
        self.out("delete", "hpa", "grown")

    def test_set_from_elsewhere_and_back(self):
        self.cluster.apply(deployment("tuned", replicas=1), config("settings", colour="red"))
        self.out("set", "env", "deploy/tuned", "A=1", "B=2")
        self.out("set", "env", "deploy/tuned", "A-")
        self.out("set", "env", "deploy/tuned", "--from=configmap/settings", "--prefix=P_")
        env = self.spec("deploy", "tuned")["template"]["spec"]["containers"][0]["env"]
        self.assertEqual([entry["name"] for entry in env], ["B", "P_COLOUR"])
        self.assertIn("P_COLOUR=red", self.out("set", "env", "deploy/tuned", "--list", "--resolve"))
        self.out("set", "image", "deploy", "-l", "app=tuned", "*=registry.example/web:2.0")
        self.assertEqual(self.out("set", "image", "deploy/tuned", "web=registry.example/web:3.0", "--dry-run=server", "-o",
                                  "jsonpath={..image}"), "registry.example/web:3.0")
        image = self.spec("deploy", "tuned")["template"]["spec"]["containers"][0]["image"]
        self.assertEqual(image, "registry.example/web:2.0")
        local = self.out("set", "image", "-f", self.file("tuned.json", deployment("tuned")), "web=x:9", "--local", "-o", "yaml")
        self.assertIn("image: x:9", local)
        self.out("set", "resources", "deploy/tuned", "-c", "web", "--limits=cpu=1")
        self.out("set", "resources", "deploy/tuned", "-c", "web", "--limits=cpu=0")
        self.out("rollout", "status", "deploy/tuned", WAIT)

    def test_rollout_in_other_forms(self):
        self.cluster.apply(deployment("turned", replicas=2))
        self.out("rollout", "status", "deploy/turned", WAIT)
        self.out("set", "image", "deploy/turned", "web=registry.example/web:2.0")
        self.out("rollout", "status", "deploy/turned", WAIT)
        self.assertIn("successfully rolled out", self.out("rollout", "status", "deploy/turned", "--watch=false"))
        self.assertIn("desired revision (9) is different from the running revision",
                      self.cluster.refused("rollout", "status", "deploy/turned", "--revision=9", WAIT))
        self.assertIn("(server dry run)", self.out("rollout", "undo", "deploy/turned", "--dry-run=server"))
        self.assertEqual({p["spec"]["containers"][0]["image"] for p in self.cluster.running("app=turned", 2)},
                         {"registry.example/web:2.0"})
        agent = {**deployment("agent"), "kind": "DaemonSet"}
        del agent["spec"]["replicas"]
        self.cluster.apply(agent)
        before = {p["metadata"]["uid"] for p in self.cluster.running("app=agent", 3)}
        self.out("rollout", "restart", "ds/agent")
        self.out("rollout", "status", "ds/agent", WAIT)
        self.assertFalse(before & {p["metadata"]["uid"] for p in self.cluster.running("app=agent", 3)})
        if MINOR >= 26:
            self.assertEqual(self.out("rollout", "restart", "deploy", "-l", "app=turned"), "deployment.apps/turned restarted\n")

    def test_delete_in_other_forms(self):
        path = self.file("d.json", config("d-1"), config("d-2"), config("d-3"))
        self.out("create", "-f", path)
        self.assertIn("(server dry run)", self.out("delete", "cm", "d-1", "--dry-run=server"))
        self.assertIn("(dry run)", self.out("delete", "cm", "d-1", "--dry-run=client"))
        self.assertEqual(len(lines(self.out("get", "-f", path, "-o", "name"))), 3)
        self.out("delete", "cm", "--field-selector=metadata.name=d-1")
        self.assertEqual(self.out("delete", "cm", "-l", "of=d-2", "-A", "-o", "name"), "configmap/d-2\n")
        self.out("delete", "cm", "d-3", "--cascade=background")
        self.assertEqual(self.out("get", "-f", path, "--ignore-not-found", "-o", "name"), "")
        self.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.com/hold"]}})
        self.assertIn("timed out", self.cluster.refused("delete", "cm", "held", "--timeout=1s"))
        self.out("patch", "cm", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
        self.assertEqual(self.out("get", "cm", "held", "--ignore-not-found"), "")


class NodeFormsTest(Forms):
    def test_cordon_drain_and_taint_of_many(self):
        self.cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare", "labels": {"app": "bare"}},
                            "spec": {"nodeName": "node-2", "containers": [{"name": "c", "image": IMAGE}]}})
        self.cluster.running("app=bare", 1)
        one = "kubernetes.io/hostname=node-1"
        self.assertIn("cordoned (server dry run)", self.out("cordon", "-l", one, "--dry-run=server"))
        self.assertNotIn("unschedulable", self.spec("node", "node-1"))
        self.assertIn("drained", self.out("drain", "-l", "kubernetes.io/hostname in (node-1)", "--ignore-daemonsets", "--force",
                                          "--delete-emptydir-data", WAIT))
        self.out("uncordon", "-l", one)
        self.assertNotIn("unschedulable", self.spec("node", "node-1"))
        self.out("drain", "node-2", "--ignore-daemonsets", "--disable-eviction", "--force", "--grace-period=1",
                 WAIT)
        self.assertEqual(self.out("get", "pod", "bare", "--ignore-not-found"), "")
        self.out("uncordon", "node-2")
        self.assertEqual(len(lines(self.out("taint", "nodes", "--all", "a=b:NoSchedule", "c:PreferNoSchedule"))), 3)
        self.assertEqual([(t["key"], t["effect"]) for t in self.spec("node", "node-3")["taints"]],
                         [("a", "NoSchedule"), ("c", "PreferNoSchedule")])
        self.out("taint", "nodes", "-l", "kubernetes.io/hostname", "a:NoSchedule-", "c-")
        self.assertNotIn("taints", self.spec("node", "node-3"))
        self.assertIn("invalid taint effect", self.cluster.refused("taint", "node", "node-1", "x:NoNo"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
