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

    def test_create_from_yaml(self):
        path = os.path.join(self.cluster.root, "several.yaml")
        with open(path, "w") as file:
            file.write("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\n---\n"
                       "apiVersion: v1\nkind: Service\nmetadata: {name: from-yaml}\nspec:\n  ports: [{port: 80}]\n")
        utils.create_from_yaml(self.api, path)
        self.assertEqual(self.core.read_namespaced_service("from-yaml", "default").spec.type, "ClusterIP")


if __name__ == "__main__":
    unittest.main(verbosity=2)
