"""kubectl apply --server-side: managers, conflicts, and moving over from the client's apply."""
import json
import unittest

from harness import ClusterTest, deployment


def config(name, **data):
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})


class ServerSideApplyTest(ClusterTest):
    def serve(self, manifest, *options, manager="me"):
        return self.cluster.out("apply", "--server-side", f"--field-manager={manager}", *options, "-f", "-",
                                stdin=manifest)

    def refused(self, manifest, *options, manager="you"):
        return self.cluster.refused("apply", "--server-side", f"--field-manager={manager}", *options, "-f", "-",
                                    stdin=manifest)

    def managers(self, kind, name):
        fields = json.loads(self.cluster.out("get", "--raw", f"{kind}/{name}"))["metadata"].get("managedFields", [])
        return {(entry["manager"], entry["operation"]): entry["fieldsV1"] for entry in fields}

    def data(self, name):
        return self.cluster.get("configmap", name)["data"]

    def test_creates_changes_and_takes_away(self):
        self.assertIn("serverside-applied", self.serve(config("one", a="1", b="1")))
        self.serve(config("one", a="2"))
        self.assertEqual(self.data("one"), {"a": "2"})
        self.assertEqual(self.managers("/api/v1/namespaces/default/configmaps", "one"),
                         {("me", "Apply"): {"f:data": {"f:a": {}}}})

    def test_says_who_has_a_field_and_lets_it_be_taken(self):
        self.serve(config("two", a="1"))
        told = self.refused(config("two", a="2"))
        self.assertIn('conflict with "me"', told)
        self.assertIn(".data.a", told)
        self.serve(config("two", a="2"), "--force-conflicts", manager="you")
        self.assertEqual(self.data("two"), {"a": "2"})
        self.assertEqual(set(self.managers("/api/v1/namespaces/default/configmaps", "two")), {("you", "Apply")})

    def test_leaves_alone_what_others_added(self):
        self.serve(config("three", a="1"))
        self.cluster.out("patch", "configmap", "three", "--type=merge", "-p", '{"data":{"b":"theirs"}}')
        self.serve(config("three", a="3"))
        self.assertEqual(self.data("three"), {"a": "3", "b": "theirs"})

    def test_refuses_what_the_kind_does_not_have(self):
        wrong = json.dumps({**json.loads(config("wrong", a="1")), "datta": {"b": "2"}})
        self.assertIn(".datta: field not declared in schema", self.refused(wrong, "--validate=false"))

    def test_a_dry_run_changes_nothing(self):
        self.serve(config("four", a="1"))
        self.serve(config("four", a="2"), "--dry-run=server")
        self.assertEqual(self.data("four"), {"a": "1"})

    def test_works_on_a_deployment_that_a_controller_writes_too(self):
        manifest = json.dumps(deployment("sided", replicas=2))
        self.serve(manifest)
        self.cluster.running("app=sided", 2)
        self.serve(manifest)
        self.cluster.out("scale", "deployment", "sided", "--replicas=3")
        told = self.refused(manifest, manager="me")
        self.assertIn(".spec.replicas", told)
        self.serve(manifest, "--force-conflicts")
        self.cluster.running("app=sided", 2)


if __name__ == "__main__":
    unittest.main()
