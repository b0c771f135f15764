"""Debian's python3-kubernetes: what programs written with it do."""
import os
import signal
import sys
import threading
import unittest

try:
    import kubernetes
except ImportError:
    # Debian's modules belong to Debian's interpreter.
    if os.path.exists("/usr/bin/python3") and os.path.realpath(sys.executable) != os.path.realpath("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    kubernetes = None

from harness import Cluster, ClusterTest, deployment, eventually

if kubernetes:
    from kubernetes import client, config, dynamic, utils, watch
    from kubernetes.client.exceptions import ApiException
    from kubernetes.stream import stream
    import json

APPLY = "application/apply-patch+yaml"


def config_map(name, labels=None, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels=labels), data=data)


@unittest.skipUnless(kubernetes, "python3-kubernetes is not installed: tools/setup installs it")
class PythonClientTest(ClusterTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = config.new_client_from_config(cls.cluster.kubeconfig)
        cls.core, cls.apps, cls.batch = client.CoreV1Api(cls.api), client.AppsV1Api(cls.api), client.BatchV1Api(cls.api)

    def refused(self, status, reason, call, *arguments, **options):
        with self.assertRaises(ApiException) as caught:
            call(*arguments, **options)
        body = json.loads(caught.exception.body)
        self.assertEqual((caught.exception.status, body["kind"], body["reason"]), (status, "Status", reason), body)
        return body

    def test_version_and_discovery(self):
        self.assertEqual(client.VersionApi(self.api).get_code().major, "1")
        self.assertIn("apps", [g.name for g in client.ApisApi(self.api).get_api_versions().groups])
        self.assertIn("pods", [r.name for r in self.core.get_api_resources().resources])
        self.assertEqual(client.AppsApi(self.api).get_api_group().preferred_version.group_version, "apps/v1")

    def test_one_object_through_its_life(self):
        made = self.core.create_namespaced_config_map("default", config_map("life", colour="red"))
        self.assertTrue(made.metadata.uid)
        read = self.core.read_namespaced_config_map("life", "default")
        self.assertEqual(read.data, {"colour": "red"})
        read.data["size"] = "big"
        replaced = self.core.replace_namespaced_config_map("life", "default", read)
        self.assertEqual(replaced.data, {"colour": "red", "size": "big"})
        self.refused(409, "Conflict", self.core.replace_namespaced_config_map, "life", "default", read)
        patched = self.core.patch_namespaced_config_map("life", "default", {"data": {"colour": None}})
        self.assertEqual(patched.data, {"size": "big"})
        patched = self.core.patch_namespaced_config_map(
            "life", "default", [{"op": "add", "path": "/data/shape", "value": "round"}])
        self.assertEqual(patched.data, {"size": "big", "shape": "round"})
        deleted = self.core.delete_namespaced_config_map("life", "default")
        self.assertEqual(deleted.status, "Success")
        self.refused(404, "NotFound", self.core.read_namespaced_config_map, "life", "default")

    def test_many_kinds(self):
        self.core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name="kinds")))
        self.core.create_namespaced_secret("kinds", client.V1Secret(
            metadata=client.V1ObjectMeta(name="s"), string_data={"a": "b"}))
        self.assertEqual(self.core.read_namespaced_secret("s", "kinds").data, {"a": "Yg=="})
        self.core.create_namespaced_service("kinds", client.V1Service(
            metadata=client.V1ObjectMeta(name="front"), spec=client.V1ServiceSpec(
                selector={"app": "web"}, ports=[client.V1ServicePort(port=80, target_port="http")])))
        port = self.core.read_namespaced_service("front", "kinds").spec.ports[0]
        self.assertEqual((port.port, port.target_port, port.protocol), (80, "http", "TCP"))
        self.batch.create_namespaced_job("kinds", client.V1Job(
            metadata=client.V1ObjectMeta(name="j"), spec=client.V1JobSpec(completions=2, template=client.V1PodTemplateSpec(
                spec=client.V1PodSpec(restart_policy="Never", containers=[client.V1Container(
                    name="c", image="registry.example/web:1.0")])))))
        self.assertEqual(self.batch.read_namespaced_job("j", "kinds").spec.completions, 2)
        client.SchedulingV1Api(self.api).create_priority_class(client.V1PriorityClass(
            metadata=client.V1ObjectMeta(name="python"), value=7))
        client.NetworkingV1Api(self.api).create_namespaced_network_policy("kinds", client.V1NetworkPolicy(
            metadata=client.V1ObjectMeta(name="n"), spec=client.V1NetworkPolicySpec(
                pod_selector=client.V1LabelSelector(), policy_types=["Ingress"])))
        client.RbacAuthorizationV1Api(self.api).create_namespaced_role("kinds", client.V1Role(
            metadata=client.V1ObjectMeta(name="r"), rules=[client.V1PolicyRule(
                api_groups=[""], resources=["pods"], verbs=["get"])]))
        self.assertEqual({n.metadata.name for n in self.core.list_node().items}, {"node-1", "node-2", "node-3"})
        self.core.delete_namespace("kinds")
        eventually(lambda: "kinds" not in [n.metadata.name for n in self.core.list_namespace().items], "namespace gone")

    def test_a_deployment_and_its_pods(self):
        self.apps.create_namespaced_deployment("default", deployment("py", replicas=2))
        self.cluster.running("app=py", 2)
        self.apps.patch_namespaced_deployment_scale("py", "default", {"spec": {"replicas": 3}})
        self.assertEqual(self.apps.read_namespaced_deployment_scale("py", "default").spec.replicas, 3)
        self.cluster.running("app=py", 3)
        pods = self.core.list_namespaced_pod("default", label_selector="app=py", field_selector="status.phase=Running")
        self.assertEqual(len(pods.items), 3)
        self.assertIsNotNone(pods.items[0].status.start_time)
        self.assertEqual(pods.items[0].metadata.owner_references[0].kind, "ReplicaSet")
        self.assertEqual(self.apps.read_namespaced_deployment_status("py", "default").status.replicas, 3)
        self.apps.delete_namespaced_deployment("py", "default", propagation_policy="Foreground")
        eventually(lambda: not self.core.list_namespaced_pod("default", label_selector="app=py").items, "pods gone")

    def test_lists_by_pages_and_deletes_collections(self):
        for i in range(5):
            self.core.create_namespaced_config_map("default", config_map(f"page-{i}", {"set": "pages"}, i=str(i)))
        names, token = [], None
        while True:
            page = self.core.list_namespaced_config_map("default", label_selector="set=pages", limit=2, _continue=token)
            self.assertLessEqual(len(page.items), 2)
            names += [i.metadata.name for i in page.items]
            token = page.metadata._continue
            if not token:
                break
        self.assertEqual(names, [f"page-{i}" for i in range(5)])
        self.core.delete_collection_namespaced_config_map("default", label_selector="set=pages")
        self.assertEqual(self.core.list_namespaced_config_map("default", label_selector="set=pages").items, [])

    def test_watch_from_a_version_and_after_a_restart(self):
        with Cluster() as cluster:
            core = client.CoreV1Api(config.new_client_from_config(cluster.kubeconfig))
            core.create_namespaced_config_map("default", config_map("before"))
            version = core.list_namespaced_config_map("default").metadata.resource_version
            core.create_namespaced_config_map("default", config_map("seen", a="1"))
            core.patch_namespaced_config_map("seen", "default", {"data": {"a": "2"}})
            core.delete_namespaced_config_map("seen", "default")
            seen, watcher = [], watch.Watch()
            for event in watcher.stream(core.list_namespaced_config_map, "default", resource_version=version,
                                        timeout_seconds=60):
                seen.append((event["type"], event["object"].metadata.name, (event["object"].data or {}).get("a")))
                if event["type"] == "DELETED":
                    watcher.stop()
            self.assertEqual(seen, [("ADDED", "seen", "1"), ("MODIFIED", "seen", "2"), ("DELETED", "seen", "2")])

            # The stream ends with the server; who lists again and watches from there has missed nothing.
            ended = threading.Event()

            def follow():
                try:
                    for _ in watch.Watch().stream(core.list_namespaced_config_map, "default", timeout_seconds=60):
                        pass
                except Exception:  # whatever the connection died of
                    pass
                ended.set()
            threading.Thread(target=follow, daemon=True).start()
            os.kill(cluster.state()["pid"], signal.SIGKILL)

            def again():
                try:
                    return core.list_namespaced_config_map("default")
                except (ApiException, OSError, kubernetes.client.rest.urllib3.exceptions.HTTPError):
                    return None
            listed = eventually(again, "the server is back")
            # What was before the restart is not remembered.
            with self.assertRaises(ApiException) as caught:
                for _ in watch.Watch().stream(core.list_namespaced_config_map, "default", resource_version="1",
                                              timeout_seconds=10):
                    pass
            self.assertEqual(caught.exception.status, 410)
            self.assertIn("before", [i.metadata.name for i in listed.items])
            self.assertTrue(ended.wait(60))
            core.create_namespaced_config_map("default", config_map("after"))
            for event in watch.Watch().stream(core.list_namespaced_config_map, "default", timeout_seconds=60,
                                              resource_version=listed.metadata.resource_version):
                self.assertEqual((event["type"], event["object"].metadata.name), ("ADDED", "after"))
                break

    def test_server_side_apply(self):
        def apply(manager, data, force=False):
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "sided"}, "data": data}
            return self.api.call_api("/api/v1/namespaces/default/configmaps/sided", "PATCH",
                                     query_params=[("fieldManager", manager), ("force", str(force).lower())],
                                     header_params={"Content-Type": APPLY, "Accept": "application/json"}, body=json.dumps(body),
                                     auth_settings=["BearerToken"], response_type="V1ConfigMap")[0]
        self.assertEqual(apply("me", {"a": "1", "b": "1"}).data, {"a": "1", "b": "1"})
        self.assertEqual(apply("me", {"a": "1"}).data, {"a": "1"})
        with self.assertRaises(ApiException) as caught:
            apply("you", {"a": "2"})
        body = json.loads(caught.exception.body)
        self.assertEqual((caught.exception.status, body["details"]["causes"][0]["reason"], body["details"]["causes"][0]["field"]),
                         (409, "FieldManagerConflict", ".data.a"))
        self.assertEqual([m.manager for m in apply("you", {"a": "2"}, force=True).metadata.managed_fields], ["you"])

    def test_refusals_are_exceptions_that_say_why(self):
        self.core.create_namespaced_config_map("default", config_map("twice"))
        body = self.refused(409, "AlreadyExists", self.core.create_namespaced_config_map, "default", config_map("twice"))
        self.assertEqual(body["details"], {"name": "twice", "kind": "configmaps"})
        body = self.refused(422, "Invalid", self.core.create_namespaced_config_map, "default", config_map("Bad_Name"))
        self.assertEqual([c["field"] for c in body["details"]["causes"]], ["metadata.name"])
        wrong = deployment("wrong")
        wrong["spec"]["replicas"] = -1
        body = self.refused(422, "Invalid", self.apps.create_namespaced_deployment, "default", wrong)
        self.assertEqual([c["field"] for c in body["details"]["causes"]], ["spec.replicas"])
        self.refused(404, "NotFound", self.core.read_namespaced_pod, "nobody", "default")
        self.refused(404, "NotFound", self.core.create_namespaced_config_map, "nowhere", config_map("lost"))
        self.refused(400, "BadRequest", self.core.list_namespaced_pod, "default", field_selector="spec.colour=red")
        self.refused(504, "Timeout", self.core.list_namespaced_config_map, "default", resource_version="999999999",
                     resource_version_match="Exact")

    def test_dry_run(self):
        self.core.create_namespaced_config_map("default", config_map("dry"), dry_run="All")
        self.refused(404, "NotFound", self.core.read_namespaced_config_map, "dry", "default")

    def test_eviction(self):
        self.core.create_namespaced_pod("default", {"metadata": {"name": "leaving"}, "spec": {
            "containers": [{"name": "c", "image": "registry.example/web:1.0"}]}})
        self.cluster.out("wait", "--for=condition=Ready", "pod/leaving", "--timeout=60s")
        self.core.create_namespaced_pod_eviction("leaving", "default", client.V1Eviction(
            metadata=client.V1ObjectMeta(name="leaving")))
        eventually(lambda: not self.cluster.out("get", "pod", "leaving", "--ignore-not-found"), "the pod has gone")

    def started(self, name, **annotations):
        """A pod that runs; annotations say how."""
        self.core.create_namespaced_pod("default", {
            "metadata": {"name": name, "labels": {"app": name},
                         "annotations": {"sim.kabuki.io/" + key.replace("_", "-"): value for key, value in annotations.items()}},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "registry.example/web:1.0"}]}})
        self.cluster.out("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")

    def test_logs_read_and_followed(self):
        self.started("talks", logs="tick {n}", log_every="100ms", run_time="2s")
        eventually(lambda: "tick 3\n" in self.core.read_namespaced_pod_log("talks", "default"), "lines")
        self.assertEqual(self.core.read_namespaced_pod_log("talks", "default", limit_bytes=6), "tick 1")
        self.assertRegex(self.core.read_namespaced_pod_log("talks", "default", tail_lines=1, timestamps=True), r"^\S+Z tick \d+\n$")
        followed = list(watch.Watch().stream(self.core.read_namespaced_pod_log, "talks", "default"))
        self.assertEqual(followed, [f"tick {n + 1}" for n in range(len(followed))])
        self.assertGreater(len(followed), 10)
        self.refused(400, "BadRequest", self.core.read_namespaced_pod_log, "talks", "default", container="nobody")

    def test_kinds_of_many_groups_through_their_lives(self):
        meta, labels = client.V1ObjectMeta, {"app": "groups"}
        template = client.V1PodTemplateSpec(metadata=meta(labels=labels), spec=client.V1PodSpec(
            containers=[client.V1Container(name="c", image="registry.example/web:1.0")]))
        selector = client.V1LabelSelector(match_labels=labels)
        once = client.V1PodTemplateSpec(spec=client.V1PodSpec(
            restart_policy="Never", containers=[client.V1Container(name="c", image="registry.example/web:1.0")]))
        made = [
            (self.apps, "stateful_set", client.V1StatefulSet(spec=client.V1StatefulSetSpec(
                service_name="g", replicas=1, selector=selector, template=template))),
            (self.apps, "daemon_set", client.V1DaemonSet(spec=client.V1DaemonSetSpec(selector=selector, template=template))),
            (self.batch, "cron_job", client.V1CronJob(spec=client.V1CronJobSpec(
                schedule="0 0 1 1 *", job_template=client.V1JobTemplateSpec(spec=client.V1JobSpec(template=once))))),
            (client.AutoscalingV1Api(self.api), "horizontal_pod_autoscaler", client.V1HorizontalPodAutoscaler(
                spec=client.V1HorizontalPodAutoscalerSpec(max_replicas=3, scale_target_ref=client.V1CrossVersionObjectReference(
                    api_version="apps/v1", kind="StatefulSet", name="g")))),
            (client.PolicyV1Api(self.api), "pod_disruption_budget", client.V1PodDisruptionBudget(
                spec=client.V1PodDisruptionBudgetSpec(min_available=1, selector=selector))),
            (client.CoordinationV1Api(self.api), "lease", client.V1Lease(spec=client.V1LeaseSpec(holder_identity="me"))),
            (client.DiscoveryV1Api(self.api), "endpoint_slice", client.V1EndpointSlice(address_type="IPv4", endpoints=[
                client.V1Endpoint(addresses=["192.0.2.1"])])),
            (client.NetworkingV1Api(self.api), "ingress", client.V1Ingress(spec=client.V1IngressSpec(
                default_backend=client.V1IngressBackend(service=client.V1IngressServiceBackend(
                    name="g", port=client.V1ServiceBackendPort(number=80)))))),
            (self.core, "resource_quota", client.V1ResourceQuota(spec=client.V1ResourceQuotaSpec(hard={"secrets": "9"}))),
            (self.core, "persistent_volume_claim", client.V1PersistentVolumeClaim(spec=client.V1PersistentVolumeClaimSpec(
                access_modes=["ReadWriteOnce"], resources=client.V1ResourceRequirements(requests={"storage": "1Gi"})))),
        ]
        self.core.create_namespace(client.V1Namespace(metadata=meta(name="groups")))
        for api, kind, body in made:
            with self.subTest(kind):
                body.metadata = meta(name="g", labels=labels)
                call = lambda verb, *arguments: getattr(api, f"{verb}_namespaced_{kind}")(*arguments)
                self.assertTrue(call("create", "groups", body).metadata.uid)
                patched = call("patch", "g", "groups", {"metadata": {"labels": {"step": "two"}}})
                self.assertEqual(patched.metadata.labels, {"app": "groups", "step": "two"})
                self.assertEqual([i.metadata.name for i in call("list", "groups").items if i.metadata.name == "g"], ["g"])
                read = call("read", "g", "groups")
                read.metadata.annotations = {"step": "three"}
                try:
                    call("replace", "g", "groups", read)
                except ApiException as error:  # a controller wrote in between
                    self.assertEqual(error.status, 409)
                call("delete", "g", "groups")
        self.core.delete_namespace("groups")
        eventually(lambda: "groups" not in [n.metadata.name for n in self.core.list_namespace().items], "namespace gone")

    def test_a_pod_is_bound_and_its_status_written_by_hand(self):
        self.core.create_namespaced_pod("default", {"metadata": {"name": "placed"}, "spec": {
            "schedulerName": "nobody", "containers": [{"name": "c", "image": "registry.example/web:1.0"}]}})
        self.core.create_namespaced_pod_binding("placed", "default", client.V1Binding(
            metadata=client.V1ObjectMeta(name="placed"), target=client.V1ObjectReference(kind="Node", name="node-2")),
            _preload_content=False)
        self.assertEqual(self.core.read_namespaced_pod("placed", "default").spec.node_name, "node-2")
        told = {"status": {"conditions": [{"type": "example.com/Tried", "status": "True"}]}}
        patched = self.core.patch_namespaced_pod_status("placed", "default", told)
        self.assertIn("example.com/Tried", [c.type for c in patched.status.conditions])
        self.core.patch_node("node-1", {"spec": {"unschedulable": True}})
        self.assertTrue(self.core.read_node("node-1").spec.unschedulable)
        self.core.patch_node("node-1", {"spec": {"unschedulable": None}})
        self.assertIsNone(self.core.read_node("node-1").spec.unschedulable)

    def test_deletions_with_conditions(self):
        uid = self.core.create_namespaced_config_map("default", config_map("guarded")).metadata.uid
        wrong = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="other"))
        self.refused(409, "Conflict", self.core.delete_namespaced_config_map, "guarded", "default", body=wrong)
        right = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=uid))
        self.core.delete_namespaced_config_map("guarded", "default", body=right)
        made = self.core.create_namespaced_config_map("default", client.V1ConfigMap(
            metadata=client.V1ObjectMeta(generate_name="numbered-")))
        self.assertRegex(made.metadata.name, r"^numbered-[a-z0-9]{5}$")

    def test_the_dynamic_client_watches(self):
        maps = dynamic.DynamicClient(self.api).resources.get(api_version="v1", kind="ConfigMap")
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dyn-watched"}, "data": {"a": "1"}}
        version = maps.create(namespace="default", body=body).metadata.resourceVersion
        maps.delete(name="dyn-watched", namespace="default")
        for event in maps.watch(namespace="default", field_selector="metadata.name=dyn-watched", timeout=30,
                                resource_version=version):
            self.assertEqual((event["type"], event["object"].data.a), ("DELETED", "1"))
            break
        else:
            self.fail("the watch ended")

    def test_the_dynamic_client_finds_kinds_by_itself(self):
        dynamic_client = dynamic.DynamicClient(self.api)
        maps = dynamic_client.resources.get(api_version="v1", kind="ConfigMap")
        maps.create(namespace="default", body={"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dyn"},
                                               "data": {"a": "1"}})
        self.assertEqual(maps.get(name="dyn", namespace="default").data.a, "1")
        maps.patch(name="dyn", namespace="default", body={"data": {"a": "2"}}, content_type="application/merge-patch+json")
        self.assertEqual(maps.get(name="dyn", namespace="default").data.a, "2")
        self.assertIn("dyn", [i.metadata.name for i in maps.get(namespace="default").items])
        maps.delete(name="dyn", namespace="default")
        with self.assertRaises(dynamic.exceptions.NotFoundError):
            maps.get(name="dyn", namespace="default")

    def test_programs_in_containers(self):
        """The example of python3-kubernetes, pod_exec.py, and what else its streams offer."""
        self.core.create_namespaced_pod("default", {"metadata": {"name": "shell", "labels": {"app": "shell"}}, "spec": {
            "containers": [{"name": "c", "image": "registry.example/web:1.0"}]}})
        self.cluster.running("app=shell", 1)

        def run(command, **options):
            # Its streams replace what the client calls with.
            core = client.CoreV1Api(config.new_client_from_config(self.cluster.kubeconfig))
            options = {"stderr": True, "stdin": False, "stdout": True, "tty": False, **options}
            return stream(core.connect_get_namespaced_pod_exec, "shell", "default", command=command, **options)
        self.assertEqual(run(["/bin/sh", "-c", "echo to stderr >&2; echo to stdout"]), "to stderr\nto stdout\n")
        shell = run(["/bin/sh"], stdin=True, _preload_content=False)
        shell.write_stdin("echo to stdout\n")
        self.assertEqual(shell.readline_stdout(timeout=10), "to stdout")
        shell.write_stdin("echo to stderr >&2\n")
        self.assertEqual(shell.readline_stderr(timeout=10), "to stderr")
        # This client does not see what comes together with what it has just read.
        shell.write_stdin("echo a; echo b >&2; echo c\n")
        self.assertEqual(shell.readline_stdout(timeout=10), "a")
        self.assertEqual(shell.readline_stderr(timeout=10), "b")
        self.assertEqual(shell.readline_stdout(timeout=10), "c")
        shell.write_stdin("whoami\n")
        self.assertEqual(shell.readline_stdout(timeout=10), "root")
        self.assertIsNone(shell.returncode)
        shell.write_stdin("exit 7\n")
        shell.run_forever(timeout=10)
        self.assertEqual(shell.returncode, 7)
        done = run(["true"], _preload_content=False)
        done.run_forever(timeout=10)
        self.assertEqual(done.returncode, 0)
        for ended in (shell, done):
            ended.close()
        # As much as there are several messages of.
        lines = run(["seq", "100000"]).splitlines()
        self.assertEqual((len(lines), lines[-1]), (100000, "100000"))
        with self.assertRaises(ApiException) as caught:
            run(["true"], container="none")
        self.assertIn("Handshake status 400", str(caught.exception.reason))
        core = client.CoreV1Api(config.new_client_from_config(self.cluster.kubeconfig))
        attached = stream(core.connect_get_namespaced_pod_attach, "shell", "default", stderr=True, stdin=False, stdout=True,
                          tty=False, _preload_content=False)
        self.core.delete_namespaced_pod("shell", "default")
        attached.run_forever(timeout=30)
        self.assertEqual(attached.read_stdout(), "container c of pod default/shell ended with exit code 0\n")
        self.assertFalse(attached.is_open())
        attached.close()

    def test_create_from_yaml(self):
        path = os.path.join(self.cluster.root, "several.yaml")
        with open(path, "w") as file:
            file.write("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\n---\n"
                       "apiVersion: v1\nkind: Service\nmetadata: {name: from-yaml}\nspec:\n  ports: [{port: 80}]\n")
        utils.create_from_yaml(self.api, path)
        self.assertEqual(self.core.read_namespaced_service("from-yaml", "default").spec.type, "ClusterIP")


if __name__ == "__main__":
    unittest.main(verbosity=2)
