"""kubectl's commands that kubectl_test.py does not know: every form that needs no exec, port-forward, certificate or
token. What older clients lack is skipped by their version."""
import json
import os
import re
import threading
import unittest

from harness import PATIENCE, WAIT, ClusterTest, deployment, eventually, kubectl_minor, listed, run

MINOR = kubectl_minor()
IMAGE = "registry.example/web:1.0"


def since(minor, what):
    return unittest.skipIf(MINOR < minor, f"kubectl 1.{MINOR} has no {what}")


def config(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"made": "here"}}, "data": data}


def lines(text):
    return [line for line in text.splitlines() if line.strip()]


class AskingTest(ClusterTest):
    """What the server says of itself and of what it has."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.apply(deployment("asked", replicas=3), config("a-config", a="1"), config("b-config", a="0"))
        cls.pods = cls.cluster.running("app=asked", 3)

    def test_explain_recursively_lists_every_field(self):
        text = self.cluster.out("explain", "pods", "--recursive")
        for field in ("containers", "livenessProbe", "topologySpreadConstraints", "ephemeralContainers"):
            self.assertRegex(text, rf"\n +{field}\s")
        self.assertRegex(self.cluster.out("explain", "deployments.spec.strategy", "--recursive"), r"maxUnavailable")
        self.assertRegex(self.cluster.out("explain", "horizontalpodautoscalers", "--api-version=autoscaling/v2"),
                         r"autoscaling(/v2)?")

    def test_api_resources_are_filtered(self):
        names = lines(self.cluster.out("api-resources", "--namespaced=false", "-o", "name"))
        self.assertIn("nodes", names)
        self.assertNotIn("pods", names)
        names = lines(self.cluster.out("api-resources", "--api-group=apps", "-o", "name"))
        self.assertEqual(sorted(names), ["controllerrevisions.apps", "daemonsets.apps", "deployments.apps",
                                         "replicasets.apps", "statefulsets.apps"])
        self.assertIn("pods", lines(self.cluster.out("api-resources", "--verbs=deletecollection,watch", "-o", "name")))
        self.assertRegex(self.cluster.out("api-resources", "-o", "wide"), r"deployments .*deletecollection")

    def test_get_sorts(self):
        out = self.cluster.out("get", "configmaps", "-l", "made=here", "--sort-by=.data.a", "-o", "name")
        self.assertEqual(lines(out), ["configmap/b-config", "configmap/a-config"])
        out = self.cluster.out("get", "nodes", "--sort-by=.metadata.name", "--no-headers")
        self.assertEqual([row.split()[0] for row in lines(out)], ["node-1", "node-2", "node-3"])

    def test_get_in_pages_over_all_namespaces(self):
        whole = lines(self.cluster.out("get", "configmaps", "-A", "--no-headers"))
        paged = lines(self.cluster.out("get", "configmaps", "-A", "--no-headers", "--chunk-size=1"))
        self.assertEqual([row.split()[:2] for row in paged], [row.split()[:2] for row in whole])
        self.assertGreater(len(whole), 4)

    def test_get_of_several_kinds_and_names(self):
        out = self.cluster.out("get", "deploy,svc", "-o", "name")
        self.assertEqual(lines(out), ["deployment.apps/asked", "service/kubernetes"])
        out = self.cluster.out("get", "deploy/asked", "cm/a-config", "-o", "name")
        self.assertEqual(lines(out), ["deployment.apps/asked", "configmap/a-config"])
        out = self.cluster.out("get", "deployments.v1.apps", "asked", "-o", "jsonpath={.spec.replicas}")
        self.assertEqual(out, "3")

    def test_get_prints_by_templates_labels_and_kinds(self):
        out = self.cluster.out("get", "pods", "-l", "app=asked", "-o", "go-template={{range .items}}{{.status.phase}} {{end}}")
        self.assertEqual(out.split(), ["Running"] * 3)
        self.assertEqual(lines(self.cluster.out("get", "cm", "a-config", "--show-labels"))[1].split()[-1], "made=here")
        self.assertEqual(lines(self.cluster.out("get", "cm", "a-config", "-L", "made"))[1].split()[-1], "here")
        self.assertEqual(lines(self.cluster.out("get", "cm", "a-config", "--show-kind"))[1].split()[0], "configmap/a-config")

    def test_get_of_labels_and_fields_together(self):
        out = self.cluster.out("get", "pods", "-l", "app=asked", "--field-selector", "status.phase!=Failed", "-o", "name")
        self.assertEqual(len(lines(out)), 3)

    def test_get_raw_of_what_the_server_tells(self):
        self.assertIn("check passed", self.cluster.out("get", "--raw", "/readyz?verbose"))
        self.assertEqual(self.cluster.out("get", "--raw", "/livez"), "ok")
        self.assertIn("# TYPE", self.cluster.out("get", "--raw", "/metrics"))
        self.assertEqual(json.loads(self.cluster.out("get", "--raw", "/version"))["minor"], "36")
        self.assertEqual(json.loads(self.cluster.out("get", "--raw", "/apis/apps/v1"))["kind"], "APIResourceList")
        self.assertIn("could not find the requested resource", self.cluster.refused("get", "--raw", "/nothing"))

    def test_get_of_a_subresource(self):
        if MINOR < 24:
            self.skipTest(f"kubectl 1.{MINOR} has no --subresource")
        scale = json.loads(self.cluster.out("get", "deployment", "asked", "--subresource=scale", "-o", "json"))
        self.assertEqual((scale["kind"], scale["spec"]["replicas"]), ("Scale", 3))

    def test_describe_of_several(self):
        text = self.cluster.out("describe", "pods", "-l", "app=asked")
        self.assertEqual(text.count("Controlled By:"), 3)
        text = self.cluster.out("describe", "configmap", "a-config")
        self.assertRegex(text, r"Data\n====\na:\n----\n1")
        self.assertRegex(self.cluster.out("describe", "sa", "default"), r"Name: +default")

    def test_events_of_one_object(self):
        selected = "involvedObject.kind=Deployment,involvedObject.name=asked"
        eventually(lambda: re.search(r"ScalingReplicaSet +deployment/asked",
                                     self.cluster.out("get", "events", "--field-selector", selected)), "an event")
        if MINOR < 26:
            return
        self.assertRegex(self.cluster.out("events"), r"ScalingReplicaSet +Deployment/asked")
        text = self.cluster.out("events", "--for", "deploy/asked")
        self.assertEqual([row.split()[2:4] for row in lines(text)[1:]], [["ScalingReplicaSet", "Deployment/asked"]])
        self.assertIn("Scheduled", self.cluster.out("events", "--types=Normal", "-A"))

    def test_logs(self):
        name = self.pods[0]["metadata"]["name"]
        self.assertTrue(lines(self.cluster.out("logs", name)))
        self.assertLessEqual(len(lines(self.cluster.out("logs", name, "--tail=1"))), 1)
        self.cluster.out("logs", "-l", "app=asked", "--tail=2")
        self.cluster.out("logs", "deployment/asked", "-c", "web", "--timestamps")
        self.assertIn("container nope is not valid", self.cluster.refused("logs", name, "-c", "nope"))
        following = self.cluster.start_kubectl("logs", "-f", name)
        self.assertIn("started", following.stdout.readline())
        self.cluster.out("delete", "pod", name, "--grace-period=0", "--force")
        self.assertEqual(following.wait(timeout=PATIENCE), 0, following.stdout.read())
        type(self).pods = self.cluster.running("app=asked", 3)

    def test_cluster_info(self):
        self.assertIn("is running at", self.cluster.out("cluster-info"))
        place = os.path.join(self.cluster.root, "dump")
        self.cluster.out("cluster-info", "dump", f"--output-directory={place}", "--all-namespaces")
        with open(os.path.join(place, "nodes.json")) as nodes:
            self.assertEqual(json.load(nodes)["kind"], "NodeList")
        self.assertTrue(os.path.exists(os.path.join(place, "default", "pods.json")))

    def test_proxy_passes_requests_on(self):
        proxy = self.cluster.start_kubectl("proxy", "--port=0")
        port = proxy.stdout.readline().split(":")[-1].strip()
        answer = run(["curl", "-s", f"http://127.0.0.1:{port}/api/v1/namespaces/default/configmaps/a-config"]).stdout
        self.assertEqual(json.loads(answer)["data"], {"a": "1"})
        proxy.kill()

    def test_kustomize_needs_no_server(self):
        place = kustomization(self.cluster, "local")
        text = self.cluster.out("kustomize", place)
        self.assertIn("name: local-web", text)

    def test_asking_for_permission(self):
        answer = self.cluster.kubectl("auth", "can-i", "create", "pods", check=False)
        self.assertEqual(answer.stdout, "yes\n")
        self.assertEqual(self.cluster.kubectl("auth", "can-i", "create", "pods", "--as=jane", check=False).stdout, "no\n")
        self.assertEqual(self.cluster.out("auth", "can-i", "create", "pods", "--as=jane", "--as-group=system:masters"), "yes\n")
        self.assertIn('User "jane" cannot list resource "pods"', self.cluster.refused("get", "pods", "--as=jane"))
        self.assertRegex(self.cluster.out("auth", "can-i", "--list"), r"\*\.\* +\[\] +\[\] +\[\*\]")
        if MINOR >= 28:
            self.assertRegex(self.cluster.out("auth", "whoami"), r"Groups +\[system:masters")


def kustomization(cluster, prefix):
    place = os.path.join(cluster.root, f"kustomization-{prefix}")
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, "web.yaml"), "w") as file:
        file.write(json.dumps(deployment("web", replicas=1)))
    with open(os.path.join(place, "kustomization.yaml"), "w") as file:
        file.write(f"resources: [web.yaml]\nnamePrefix: {prefix}-\ncommonLabels: {{made-by: {prefix}}}\n")
    return place


class CreatingTest(ClusterTest):
    """`kubectl create KIND` and what else makes objects from flags."""

    def made(self, kind, name, *flags):
        self.assertRegex(self.cluster.out("create", kind, *([] if not name else [name]), *flags), r"created\n$")

    def test_create_that_is_only_printed(self):
        text = self.cluster.out("create", "deployment", "d9", "--image=x", "--dry-run=client", "-o", "yaml")
        self.assertIn("kind: Deployment\n", text)
        self.assertEqual(self.cluster.out("get", "deployment", "d9", "--ignore-not-found"), "")
        text = self.cluster.out("create", "deployment", "d9", "--image=x", "--dry-run=server", "-o", "json")
        self.assertEqual(json.loads(text)["spec"]["progressDeadlineSeconds"], 600)
        self.assertEqual(self.cluster.out("get", "deployment", "d9", "--ignore-not-found"), "")

    def test_create_deployment_with_replicas_and_port(self):
        self.made("deployment", "flagged", f"--image={IMAGE}", "--replicas=2", "--port=8080")
        spec = self.cluster.running("app=flagged", 2)[0]["spec"]
        self.assertEqual(spec["containers"][0]["ports"][0]["containerPort"], 8080)

    def test_create_job_and_from_a_cron_job(self):
        self.made("job", "once", f"--image={IMAGE}", "--", "work", "hard")
        self.assertEqual(self.cluster.get("job", "once")["spec"]["template"]["spec"]["containers"][0]["command"],
                         ["work", "hard"])
        if MINOR < 21:
            return  # it asks for batch/v1beta1, which is gone
        self.made("cronjob", "yearly", f"--image={IMAGE}", "--schedule=0 0 1 1 *")
        self.assertEqual(lines(self.cluster.out("get", "cronjob", "yearly"))[1].split()[1:6], ["0", "0", "1", "1", "*"])
        self.made("job", "by-hand", "--from=cronjob/yearly")
        job = self.cluster.get("job", "by-hand")
        self.assertEqual(job["metadata"]["annotations"], {"cronjob.kubernetes.io/instantiate": "manual"})
        self.assertEqual(job["metadata"]["ownerReferences"][0]["name"], "yearly")
        eventually(lambda: self.cluster.get("pods", "-l", "job-name=by-hand")["items"], "the job's pod")

    def test_create_config_maps_and_secrets_of_files(self):
        place = os.path.join(self.cluster.root, "settings")
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, "app.ini"), "w") as file:
            file.write("colour=red\n")
        with open(os.path.join(place, "raw.bin"), "wb") as file:
            file.write(b"\xff\x00")
        self.made("configmap", "of-folder", f"--from-file={place}")
        made = self.cluster.get("configmap", "of-folder")
        self.assertEqual((made["data"], made["binaryData"]), ({"app.ini": "colour=red\n"}, {"raw.bin": "/wA="}))
        self.made("configmap", "of-lines", f"--from-env-file={place}/app.ini")
        self.assertEqual(self.cluster.get("configmap", "of-lines")["data"], {"colour": "red"})
        self.made("secret", None, "docker-registry", "pull", "--docker-server=r.example", "--docker-username=u",
                  "--docker-password=p")
        self.assertEqual(self.cluster.get("secret", "pull")["type"], "kubernetes.io/dockerconfigjson")

    def test_create_what_an_administrator_creates(self):
        self.made("namespace", "team")
        self.made("quota", "small", "--hard=pods=10,requests.cpu=2", "-n", "team")
        self.assertEqual(self.cluster.get("quota", "small", "-n", "team")["spec"]["hard"], {"pods": "10", "requests.cpu": "2"})
        self.made("priorityclass", "high", "--value=100", "--description=first")
        self.assertEqual(lines(self.cluster.out("get", "priorityclass", "high"))[1].split()[:2], ["high", "100"])
        self.made("serviceaccount", "robot", "-n", "team")
        self.made("role", "reader", "--verb=get,list", "--resource=pods", "-n", "team")
        self.made("rolebinding", "readers", "--role=reader", "--serviceaccount=team:robot", "-n", "team")
        self.made("clusterrole", "watcher", "--verb=watch", "--resource=nodes")
        self.made("clusterrolebinding", "watchers", "--clusterrole=watcher", "--group=ops")
        self.assertRegex(self.cluster.out("describe", "role", "reader", "-n", "team"), r"pods +\[\] +\[\] +\[get list\]")

    @since(21, "policy/v1")
    def test_create_a_budget(self):
        self.made("poddisruptionbudget", "two", "--selector=app=guarded", "--min-available=2")
        self.assertEqual(lines(self.cluster.out("get", "pdb", "two"))[1].split()[:3], ["two", "2", "N/A"])

    def test_create_an_ingress_and_services(self):
        self.made("ingress", "way", "--rule=shop.example/cart=cart:80", "--rule=shop.example/*=front:http")
        rule = self.cluster.get("ingress", "way")["spec"]["rules"][0]
        self.assertEqual([(p["path"], p["pathType"]) for p in rule["http"]["paths"]], [("/cart", "Exact"), ("/", "Prefix")])
        self.made("service", None, "nodeport", "out", "--tcp=80:8080")
        self.assertEqual(self.cluster.get("service", "out")["spec"]["type"], "NodePort")
        self.made("service", None, "externalname", "far", "--external-name=far.example")
        self.made("service", None, "loadbalancer", "wide", "--tcp=80")
        self.made("service", None, "clusterip", "headless", "--clusterip=None", "--tcp=80")
        self.assertEqual(self.cluster.get("service", "headless")["spec"]["clusterIP"], "None")

    def test_run_and_its_forms(self):
        out = self.cluster.out
        self.assertEqual(out("run", "once", f"--image={IMAGE}", "--restart=Never", "--env=A=b", "--labels=x=y", "--", "go"),
                         "pod/once created\n")
        pod = self.cluster.get("pod", "once")
        self.assertEqual((pod["spec"]["restartPolicy"], pod["metadata"]["labels"], pod["spec"]["containers"][0]["args"]),
                         ("Never", {"x": "y"}, ["go"]))
        self.assertIn("kind: Pod", out("run", "shown", f"--image={IMAGE}", "--dry-run=client", "-o", "yaml"))
        out("run", "served", f"--image={IMAGE}", "--port=80", "--expose")
        self.assertEqual(self.cluster.get("service", "served")["spec"]["selector"], {"run": "served"})

    def test_autoscale(self):
        self.cluster.apply(deployment("scaled", replicas=2))
        self.assertRegex(self.cluster.out("autoscale", "deploy/scaled", "--min=2", "--max=5", "--cpu-percent=50"),
                         "autoscaled\n$")
        spec = self.cluster.get("hpa", "scaled")["spec"]
        self.assertEqual((spec["minReplicas"], spec["maxReplicas"], spec["scaleTargetRef"]["name"]), (2, 5, "scaled"))
        self.assertEqual(lines(self.cluster.out("get", "hpa", "scaled"))[1].split()[:2], ["scaled", "Deployment/scaled"])
        self.assertRegex(self.cluster.out("describe", "hpa", "scaled"), r"Max replicas: +5")

    @since(30, "debug by the ephemeral containers of today")
    def test_debug_adds_a_container(self):
        self.cluster.out("run", "patient", f"--image={IMAGE}")
        self.cluster.out("wait", "--for=condition=Ready", "pod/patient", WAIT)
        self.cluster.out("debug", "patient", "--image=registry.example/tools:1", "-c", "probe", "--profile=general")
        containers = self.cluster.get("pod", "patient")["spec"]["ephemeralContainers"]
        self.assertEqual([(c["name"], c["image"]) for c in containers], [("probe", "registry.example/tools:1")])


class ChangingTest(ClusterTest):
    """diff, apply's forms, set, edit, delete's forms."""

    def file(self, name, *documents):
        path = os.path.join(self.cluster.root, name)
        with open(path, "w") as file:
            json.dump(documents[0] if len(documents) == 1 else listed(*documents), file)
        return path

    def test_diff_tells_what_apply_would_change(self):
        self.cluster.apply(config("compared", colour="red"))
        same = self.file("same.yaml", config("compared", colour="red"))
        self.assertEqual(self.cluster.kubectl("diff", "-f", same).returncode, 0)
        other = self.file("other.yaml", config("compared", colour="blue"))
        for way in ([], ["--server-side", "--force-conflicts"]):
            result = self.cluster.kubectl("diff", *way, "-f", other, check=False)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn("-  colour: red\n", result.stdout)
            self.assertIn("+  colour: blue\n", result.stdout)
        self.assertEqual(self.cluster.get("cm", "compared")["data"], {"colour": "red"})

    def test_apply_that_is_only_tried(self):
        path = self.file("tried.yaml", deployment("tried", replicas=1))
        self.assertEqual(self.cluster.out("apply", "--dry-run=server", "-f", path),
                         "deployment.apps/tried created (server dry run)\n")
        self.assertEqual(self.cluster.out("get", "deploy", "tried", "--ignore-not-found"), "")
        self.cluster.out("apply", "-f", path)
        self.assertEqual(self.cluster.out("apply", "--dry-run=server", "-f", path),
                         "deployment.apps/tried unchanged (server dry run)\n")

    def test_apply_server_side_twice(self):
        path = self.file("sided.yaml", deployment("sided", replicas=1))
        for _ in range(2):
            self.assertEqual(self.cluster.out("apply", "--server-side", "-f", path),
                             "deployment.apps/sided serverside-applied\n")
        self.assertEqual(self.cluster.get("deploy", "sided")["metadata"]["generation"], 1)

    def test_apply_prunes_what_is_no_longer_said(self):
        def labelled(name):
            return {**config(name, a="b"), "metadata": {"name": name, "labels": {"set": "pruned"}}}
        self.cluster.out("apply", "-f", self.file("both.yaml", labelled("kept"), labelled("dropped")))
        out = self.cluster.out("apply", "--prune", "-l", "set=pruned", "--prune-whitelist=core/v1/ConfigMap"
                               if MINOR < 26 else "--prune-allowlist=core/v1/ConfigMap",
                               "-f", self.file("one.yaml", labelled("kept")))
        self.assertIn("configmap/dropped pruned\n", out)
        self.assertEqual(lines(self.cluster.out("get", "cm", "-l", "set=pruned", "-o", "name")), ["configmap/kept"])

    def test_apply_of_a_kustomization(self):
        place = kustomization(self.cluster, "k")
        self.assertEqual(self.cluster.out("apply", "-k", place), "deployment.apps/k-web created\n")
        self.cluster.running("made-by=k", 1)
        self.assertEqual(self.cluster.out("delete", "-k", place).split()[:2], ["deployment.apps", '"k-web"'])

    def test_apply_of_a_folder_and_its_last_configuration(self):
        place = os.path.join(self.cluster.root, "folder")
        os.makedirs(place, exist_ok=True)
        for name in ("first", "second"):
            self.file(f"folder/{name}.json", config(f"{name}-of-folder", a="1"))
        self.assertEqual(self.cluster.out("apply", "-R", "-f", place),
                         "configmap/first-of-folder created\nconfigmap/second-of-folder created\n")
        self.assertIn('a: "1"', self.cluster.out("apply", "view-last-applied", "cm/first-of-folder"))
        changed = self.file("set-last.json", config("first-of-folder", a="2"))
        self.assertIn("configured", self.cluster.out("apply", "set-last-applied", "-f", changed))
        self.assertIn('a: "2"', self.cluster.out("apply", "view-last-applied", "cm/first-of-folder"))

    def test_set_changes_one_thing(self):
        self.cluster.apply(deployment("adjusted", replicas=1))
        out = self.cluster.out
        self.assertIn("env updated", out("set", "env", "deploy/adjusted", "MODE=fast"))
        self.assertIn("resource requirements updated",
                      out("set", "resources", "deploy/adjusted", "--limits=cpu=200m,memory=64Mi", "--requests=cpu=100m"))
        out("create", "serviceaccount", "clerk")
        self.assertIn("serviceaccount updated", out("set", "serviceaccount", "deploy/adjusted", "clerk"))
        spec = self.cluster.get("deploy", "adjusted")["spec"]["template"]["spec"]
        self.assertEqual(spec["serviceAccountName"], "clerk")
        self.assertEqual(spec["containers"][0]["env"], [{"name": "MODE", "value": "fast"}])
        self.assertEqual(spec["containers"][0]["resources"],
                         {"limits": {"cpu": "200m", "memory": "64Mi"}, "requests": {"cpu": "100m"}})
        self.assertIn("MODE=fast", out("set", "env", "deploy/adjusted", "--list"))
        out("create", "service", "clusterip", "pointed", "--tcp=80")
        self.assertIn("selector updated", out("set", "selector", "service/pointed", "app=adjusted"))
        self.assertEqual(self.cluster.get("svc", "pointed")["spec"]["selector"], {"app": "adjusted"})

    def test_edit_a_deployment(self):
        self.cluster.apply(deployment("edited", replicas=1))
        editor = os.path.join(self.cluster.root, "edit-replicas")
        with open(editor, "w") as script:
            script.write('#!/bin/sh\nsed -i "s/  replicas: 1/  replicas: 2/" "$1"\n')
        os.chmod(editor, 0o700)
        self.cluster.env["KUBE_EDITOR"] = editor
        self.assertEqual(self.cluster.out("edit", "deploy", "edited"), "deployment.apps/edited edited\n")
        self.cluster.running("app=edited", 2)
        # What the server refuses comes back to the editor, and stays in a file when the editor has no more to say.
        with open(editor, "w") as script:
            script.write('#!/bin/sh\nsed -i "s/  replicas: 2/  replicas: -2/" "$1"\n')
        result = self.cluster.kubectl("edit", "deploy", "edited", check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(self.cluster.get("deploy", "edited")["spec"]["replicas"], 2)

    def test_replace_by_force(self):
        path = self.file("forced.yaml", config("forced", a="1"))
        self.cluster.out("create", "-f", path)
        uid = self.cluster.get("cm", "forced")["metadata"]["uid"]
        self.assertIn("configmap/forced replaced\n", self.cluster.out("replace", "--force", "--grace-period=0", "-f", path))
        self.assertNotEqual(self.cluster.get("cm", "forced")["metadata"]["uid"], uid)

    def test_labels_and_annotations_of_many(self):
        self.cluster.apply(config("many-1"), config("many-2"))
        out = self.cluster.out("label", "cm", "many-1", "many-2", "batch=one")
        self.assertEqual(lines(out), ["configmap/many-1 labeled", "configmap/many-2 labeled"])
        self.cluster.out("annotate", "cm", "-l", "batch=one", "note=both")
        notes = [cm["metadata"]["annotations"]["note"] for cm in self.cluster.get("cm", "-l", "batch=one")["items"]]
        self.assertEqual(notes, ["both", "both"])
        version = self.cluster.get("cm", "many-1")["metadata"]["resourceVersion"]
        self.cluster.out("label", "cm", "many-1", "batch=two", "--overwrite", f"--resource-version={version}")
        self.assertIn("the object has been modified", self.cluster.refused(
            "label", "cm", "many-1", "batch=three", "--overwrite", f"--resource-version={version}"))

    def test_delete_in_all_its_forms(self):
        for name in ("gone-1", "gone-2", "gone-3"):
            self.cluster.out("create", "configmap", name)
        self.cluster.out("delete", "cm", "gone-1", "--wait=false")
        path = self.file("gone.yaml", config("gone-2"))
        self.assertIn("deleted", self.cluster.out("delete", "-f", path, "--ignore-not-found"))
        self.assertEqual(self.cluster.out("delete", "-f", path, "--ignore-not-found"), "")
        self.assertIn("deleted", self.cluster.out("delete", "cm/gone-3", "--now"))
        self.cluster.out("create", "namespace", "emptied")
        for name in ("one", "two"):
            self.cluster.out("create", "secret", "generic", name, "-n", "emptied", "--from-literal=a=b")
        self.assertEqual(len(lines(self.cluster.out("delete", "secret", "--all", "-n", "emptied"))), 2)
        self.assertEqual(self.cluster.out("get", "secrets", "-n", "emptied", "-o", "name"), "")
        self.cluster.out("run", "quick", f"--image={IMAGE}", "-n", "emptied")
        self.assertIn("deleted", self.cluster.out("delete", "pods", "-l", "run=quick", "-n", "emptied"))
        self.cluster.out("delete", "ns", "emptied", WAIT)
        self.assertIn("NotFound", self.cluster.refused("delete", "pod", "nobody", "--force", "--grace-period=0"))

    def test_delete_and_its_dependents(self):
        self.cluster.apply(deployment("fore", replicas=1), deployment("orphans", replicas=1))
        self.cluster.running("app=fore", 1)
        self.cluster.running("app=orphans", 1)
        self.cluster.out("delete", "deploy", "fore", "--cascade=foreground", WAIT)
        self.assertEqual(self.cluster.out("get", "rs,pods", "-l", "app=fore", "-o", "name"), "")
        self.cluster.out("delete", "deploy", "orphans", "--cascade=orphan")
        self.assertEqual(len(lines(self.cluster.out("get", "rs,pods", "-l", "app=orphans", "-o", "name"))), 2)


class WaitingTest(ClusterTest):
    """wait and watch."""

    def test_wait_for_what_is_gone(self):
        if MINOR >= 22:
            self.assertEqual(self.cluster.out("wait", "--for=delete", "pod/none", "--timeout=5s"), "")
        self.cluster.out("run", "leaving", f"--image={IMAGE}")
        self.cluster.out("wait", "--for=condition=Ready", "pod/leaving", WAIT)
        self.cluster.out("delete", "pod", "leaving", "--wait=false")
        result = self.cluster.kubectl("wait", "--for=delete", "pod/leaving", WAIT, check=False)
        self.assertTrue(result.returncode == 0 or "no matching resources" in result.stderr or "NotFound" in result.stderr,
                        result.stderr)
        self.assertEqual(self.cluster.out("get", "pod", "leaving", "--ignore-not-found"), "")

    @since(23, "--for=jsonpath")
    def test_wait_for_a_value(self):
        self.cluster.apply(deployment("valued", replicas=2))
        self.assertEqual(self.cluster.out("wait", "--for=jsonpath={.status.readyReplicas}=2", "deploy/valued", WAIT),
                         "deployment.apps/valued condition met\n")
        self.assertIn("timed out", self.cluster.refused("wait", "--for=jsonpath={.spec.replicas}=9", "deploy/valued",
                                                        "--timeout=1s"))

    def test_wait_for_many(self):
        self.cluster.apply(deployment("crowd", replicas=4))
        eventually(lambda: len(self.cluster.get("pods", "-l", "app=crowd")["items"]) == 4, "pods")
        out = self.cluster.out("wait", "--for=condition=Ready", "pods", "-l", "app=crowd", WAIT)
        self.assertEqual(len(lines(out)), 4)
        self.cluster.out("wait", "--for=condition=Progressing=True", "deploy/crowd", WAIT)

    def test_watch_only_skips_what_is_there(self):
        self.cluster.apply(config("there", a="1"))
        watch = self.cluster.start_kubectl("get", "cm", "--watch-only", "-o", "name")
        # Writes go on until the first is seen: when the watch begins, nobody outside knows.
        count = iter(range(1000))
        stop = threading.Event()

        def write():
            while not stop.is_set():
                self.cluster.apply(config("new", a=str(next(count))))
        writer = threading.Thread(target=write)
        writer.start()
        try:
            self.assertEqual(watch.stdout.readline(), "configmap/new\n")
        finally:
            stop.set()
            writer.join()
            watch.kill()

    def test_watch_events_as_json(self):
        self.cluster.apply(config("followed", a="1"))
        watch = self.cluster.start_kubectl("get", "cm", "followed", "-w", "--output-watch-events", "-o",
                                           "jsonpath={.type} {.object.data.a}{'\\n'}")
        self.assertEqual(watch.stdout.readline(), "ADDED 1\n")
        self.cluster.apply(config("followed", a="2"))
        self.assertEqual(watch.stdout.readline(), "MODIFIED 2\n")
        self.cluster.out("delete", "cm", "followed")
        self.assertEqual(watch.stdout.readline(), "DELETED 2\n")
        watch.kill()

    def test_watch_of_events(self):
        watch = self.cluster.start_kubectl("get", "events", "-w", "--field-selector", "involvedObject.name=noticed",
                                           "--no-headers")
        self.cluster.out("run", "noticed", f"--image={IMAGE}")
        self.assertIn("pod/noticed", watch.stdout.readline())
        watch.kill()


if __name__ == "__main__":
    unittest.main(verbosity=2)
