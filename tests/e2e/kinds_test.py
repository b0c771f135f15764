"""Every kind that is served, through kubectl: create, get in its table, describe, explain, label, replace, delete. The
objects are those of the table of validation rules, so that a new kind comes along by itself."""
import base64
import json
import os
import unittest

from harness import REPOSITORY, WAIT, ClusterTest, deployment, eventually, kubectl_minor, listed, run

OBJECTS = os.path.join(REPOSITORY, "tests", "messages", "data", "rule_objects.tsv")
CONTAINERS = {"containers": [{"name": "c", "image": "registry.example/c:1"}]}
OTHERS = [
    {"kind": "Pod", "metadata": {"name": "x", "namespace": "default"}, "spec": CONTAINERS},
    {"kind": "Node", "metadata": {"name": "x"}},
    {"kind": "Namespace", "metadata": {"name": "x"}},
    {"kind": "ConfigMap", "metadata": {"name": "x", "namespace": "default"}, "data": {"a": "b"}},
    {"kind": "Secret", "metadata": {"name": "x", "namespace": "default"}, "stringData": {"a": "b"}},
    {"kind": "Service", "metadata": {"name": "x", "namespace": "default"}, "spec": {"ports": [{"port": 80}]}},
    {"kind": "ServiceAccount", "metadata": {"name": "x", "namespace": "default"}},
    {"kind": "Event", "metadata": {"name": "x", "namespace": "default"}, "reason": "Tried", "message": "m", "type": "Normal",
     "involvedObject": {"kind": "Pod", "namespace": "default", "name": "x"}},
    {"kind": "Lease", "metadata": {"name": "x", "namespace": "default"}, "spec": {"holderIdentity": "me"}},
    deployment("x", replicas=0),
    {"kind": "ReplicaSet", "metadata": {"name": "x", "namespace": "default"}, "spec": {
        "replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": CONTAINERS}}},
]
# Before, clients ask for a version that is not served when they describe these, whatever discovery says.
DESCRIBED_SINCE = {"CronJob": 21, "PodDisruptionBudget": 21, "EndpointSlice": 22, "IPAddress": 33, "ServiceCIDR": 33,
                   "VolumeAttributesClass": 35}
# What is computed when it is asked for, or only created: there is no object to list and delete.
COMPUTED = {"ComponentStatus", "NodeMetrics", "PodMetrics", "Binding"}


def objects():
    """{kind: object} of the table and of the kinds that have functions instead of rules."""
    with open(OBJECTS) as table:
        rows = [line.rstrip("\n").split("\t") for line in table][1:]
    out = {kind: {"kind": kind, **json.loads(text)} for kind, text in rows}
    out.update({document["kind"]: document for document in OTHERS})
    return out


class EveryKindTest(ClusterTest):
    nodes = 1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.resources = {}  # kind: (apiVersion, resource.group, namespaced)
        for row in cls.cluster.out("api-resources", "--no-headers", "-o", "wide").splitlines():
            words = row.split("[")[0].split()
            at = next(i for i, word in enumerate(words) if word in ("true", "false"))
            # kubectl 1.20 tells the version as the others do.
            version, namespaced, kind = words[at - 1], words[at] == "true", words[at + 1]
            group = version.rpartition("/")[0]
            if kind not in COMPUTED and not (kind in cls.resources and group == "events.k8s.io"):
                cls.resources[kind] = (version, words[0] + ("." + group if group else ""), namespaced)
        cls.documents = objects()
        for kind, document in cls.documents.items():
            document["apiVersion"] = cls.resources[kind][0]
            # Of the table's metadata the name alone: some rows carry what only a server gives.
            document["metadata"] = {"name": document["metadata"]["name"], "labels": {"test": "kinds"}}
            if cls.resources[kind][2]:
                document["metadata"]["namespace"] = "default"
        cls.documents["Job"]["spec"].update(suspend=True)
        cls.documents["CertificateSigningRequest"]["spec"]["request"] = cls.signing_request()
        cls.path = os.path.join(cls.cluster.root, "every-kind.json")
        with open(cls.path, "w") as file:
            json.dump(listed(*cls.documents.values()), file)
        cls.created = cls.cluster.out("create", "-f", cls.path)

    @classmethod
    def signing_request(cls):
        run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x",
             "-keyout", os.path.join(cls.cluster.root, "x.key"), "-out", os.path.join(cls.cluster.root, "x.csr")])
        with open(os.path.join(cls.cluster.root, "x.csr"), "rb") as file:
            return base64.b64encode(file.read()).decode()

    def target(self, kind):
        version, resource, namespaced = self.resources[kind]
        return [resource, self.documents[kind]["metadata"]["name"]]

    def test_1_every_kind_that_can_be_created_is_here(self):
        creatable = {row.split()[-1] for row in self.cluster.out("api-resources", "--verbs=create,list,delete",
                                                                 "--no-headers").splitlines()}
        self.assertEqual(creatable - COMPUTED, set(self.documents))
        self.assertEqual(len(self.created.splitlines()), len(self.documents))

    def test_2_get_prints_a_table_of_its_own(self):
        for kind in self.documents:
            with self.subTest(kind):
                name = self.target(kind)[1]
                for flags in ([], ["-o", "wide"]):
                    header, row = self.cluster.out("get", *self.target(kind), *flags).splitlines()
                    self.assertRegex(header, "^LAST SEEN" if kind == "Event" else "^NAME ")
                    if kind != "Event":
                        self.assertEqual(row.split()[0], name)

    def test_3_describe_tells_its_name(self):
        for kind in self.documents:
            if kubectl_minor() < DESCRIBED_SINCE.get(kind, 0):
                continue
            with self.subTest(kind):
                self.assertRegex(self.cluster.out("describe", *self.target(kind)),
                                 rf"Name: +{self.target(kind)[1]}\n")

    def test_4_explain_knows_its_fields(self):
        for kind, (version, resource, _) in self.resources.items():
            with self.subTest(kind):
                text = self.cluster.out("explain", resource.split(".")[0], f"--api-version={version}")
                self.assertRegex(text, rf"KIND: +{kind}\n")
                self.assertRegex(text, r"\n +metadata\s")

    def test_5_label_patch_and_replace(self):
        self.cluster.out("label", "-f", self.path, "step=five")
        self.cluster.out("annotate", "-f", self.path, "step=five")
        stored = self.cluster.get("-f", self.path)["items"]
        self.assertEqual([item["kind"] for item in stored], list(self.documents))
        for item in stored:
            with self.subTest(item["kind"]):
                self.assertEqual((item["metadata"]["labels"]["step"], item["metadata"]["annotations"]["step"]), ("five", "five"))
        text = self.cluster.out("patch", "-f", self.path, "--type=merge", "-p", '{"metadata":{"labels":{"step":null}}}')
        self.assertEqual(len(text.splitlines()), len(self.documents))

    def versions(self):
        return {item["kind"]: item["metadata"]["resourceVersion"] for item in self.cluster.get("-f", self.path)["items"]}

    def test_6_apply_a_second_time_writes_nothing(self):
        self.cluster.out("apply", "-f", self.path)

        def at_rest():
            return {kind: version for kind, version in self.versions().items() if kind not in ("Node", "Namespace")}
        before = eventually(lambda: (versions := at_rest()) == at_rest() and versions, "controllers have done what follows")
        told = self.cluster.out("apply", "-f", self.path)
        self.assertEqual(at_rest(), before)
        # Clients call it a change where they compare a list as a whole, and the server has defaults for its elements.
        self.assertIn("pod/x unchanged\n", told)

    def test_7_delete_removes_it(self):
        self.cluster.out("delete", "-f", self.path, "--ignore-not-found", WAIT, "--cascade=foreground")
        left = self.cluster.out("get", "-f", self.path, "--ignore-not-found", "-o", "name").split()
        self.assertEqual(left, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
