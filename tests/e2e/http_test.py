"""The API on the wire: answers compared whole with what a kube-apiserver was observed to say (fixtures/), and requests of
clients newer than the installed one."""
import base64
import copy
import gzip
import http.client
import json
import os
import re
import unittest

from harness import REPOSITORY, ClusterTest, deployment, eventually, fixture
from https import MAGIC, PROTOBUF, TABLE, Api

OBSERVED = fixture("observed_answers.json")
MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
LIST_WATCH = "allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&watch=true"
END_OF_LIST = {"k8s.io/initial-events-end": "true"}


def config(name, **more):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


def replaced(value, words):
    """`value` with each key of `words` replaced by its value, in all of its strings."""
    text = json.dumps(value)
    for old, new in words.items():
        text = text.replace(old, new)
    return json.loads(text)


class HttpTest(ClusterTest):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = Api(cls.cluster)

    def assert_observed(self, name, answer, words=None):
        """Code, body and the headers that were observed; `words` puts this run's names for those of the observation."""
        expected = OBSERVED[name]
        self.assertEqual(answer.code, expected["code"], answer)
        if isinstance(expected["body"], str):
            self.assertEqual(answer.body.decode(), expected["body"])
        else:
            self.assertEqual(answer.json, replaced(expected["body"], words or {}))
        for header, value in expected["headers"].items():
            self.assertEqual(answer.headers.get(header), value, header)

    def created(self, name, **more):
        answer = self.api.request("POST", MAPS, config(name, **more))
        self.assertEqual(answer.code, 201, answer)
        return answer.json


class RefusalTest(HttpTest):
    def test_what_is_not_there(self):
        self.assert_observed("not found", self.api.get("/api/v1/namespaces/default/pods/nope"))
        self.assert_observed("no such path", self.api.get("/apis/nonsense/v1"))
        self.assert_observed("no such path", self.api.get("/api/v1/namespaces/default/gizmos"))

    def test_method_not_allowed(self):
        self.assert_observed("method not allowed", self.api.request("POST", MAPS + "/x", config("x")))

    def test_unsupported_media_types(self):
        self.assert_observed("unsupported media type",
                             self.api.request("POST", MAPS, "<x/>", {"Content-Type": "application/xml"}))
        self.created("media")
        answer = self.api.request("PATCH", MAPS + "/media", "{}", {"Content-Type": "text/plain"})
        self.assertEqual((answer.code, answer.json["reason"]), (415, "UnsupportedMediaType"))

    def test_not_acceptable(self):
        self.assert_observed("not acceptable", self.api.get(MAPS, headers={"Accept": "application/xml"}))

    def test_invalid_object(self):
        self.assert_observed("invalid", self.api.request("POST", MAPS, config("Bad_Name", data={"a b": "c"})))

    def test_bad_json_and_wrong_kind(self):
        headers = {"Content-Type": "application/json"}
        self.assert_observed("bad json", self.api.request("POST", MAPS, '{"metadata":{"name":', headers))
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}
        answer = self.api.request("POST", MAPS, secret)
        self.assertEqual((answer.code, answer.json["reason"]), (400, "BadRequest"), answer)
        self.assertIn("Secret in version \"v1\" cannot be handled as a ConfigMap", answer.json["message"])

    def test_unknown_fields_by_validation(self):
        body = config("x", datta={"a": "b"})
        self.assert_observed("strict validation", self.api.request("POST", MAPS + "?fieldValidation=Strict&dryRun=All", body))
        warned = self.api.request("POST", MAPS + "?dryRun=All", body)
        self.assertEqual((warned.code, warned.headers["warning"]), (201, OBSERVED["warned"]["headers"]["warning"]))
        self.assertEqual(set(warned.json["metadata"]) - {"uid", "creationTimestamp", "managedFields"}, {"name", "namespace"})
        ignored = self.api.request("POST", MAPS + "?dryRun=All&fieldValidation=Ignore", body)
        self.assertEqual((ignored.code, ignored.headers.get("warning")), (201, None))
        self.assertEqual(self.api.get(MAPS + "/x").code, 404)

    def test_conflicts(self):
        uid = self.created("taken")["metadata"]["uid"]
        words = {"gn-jbdxz": "taken", "668cec96-9686-4672-88a7-2c514b70afd1": uid}
        self.assert_observed("exists", self.api.request("POST", MAPS, config("taken")), words)
        stale = config("taken")
        stale["metadata"]["resourceVersion"] = "1"
        self.assert_observed("stale resourceVersion", self.api.request("PUT", MAPS + "/taken", stale), words)
        other = config("taken")
        other["metadata"]["uid"] = "xx"
        self.assert_observed("other uid", self.api.request("PUT", MAPS + "/taken", other), words)

    def test_deletions(self):
        uid = self.created("going")["metadata"]["uid"]
        words = {"gn-jbdxz": "going", "668cec96-9686-4672-88a7-2c514b70afd1": uid}
        self.assert_observed("delete precondition", self.api.request(
            "DELETE", MAPS + "/going", {"preconditions": {"uid": "xx"}}), words)
        self.assert_observed("deleted", self.api.request("DELETE", MAPS + "/going"), words)
        self.assert_observed("deleted twice", self.api.request("DELETE", MAPS + "/going"), words)

    def test_list_options(self):
        self.assert_observed("bad field selector",
                             self.api.get("/api/v1/namespaces/default/pods?fieldSelector=spec.foo%3D1"))
        answer = self.api.get(MAPS + "?limit=1&continue=z9bad")
        self.assertEqual((answer.code, answer.json["reason"]), (400, "BadRequest"), answer)
        self.assertIn("continue key is not valid", answer.json["message"])
        self.assert_observed("bad resourceVersionMatch", self.api.get(MAPS + "?resourceVersionMatch=Exact"))

    def test_future_resource_version(self):
        answer = self.api.get(MAPS + "?resourceVersion=99999999")
        expected = copy.deepcopy(OBSERVED["future resourceVersion"]["body"])
        self.assertEqual((answer.code, answer.headers["retry-after"]), (504, "1"), answer)
        body = answer.json
        self.assertRegex(body["message"], r"^Timeout: Too large resource version: 99999999, current: \d+$")
        expected["message"] = body["message"]
        self.assertEqual(body, expected)

    def test_anonymous_clients_may_look_at_health_only(self):
        self.assert_observed("anonymous", self.api.get("/api/v1/pods", anonymous=True))
        for path in ("/healthz", "/livez", "/readyz"):
            self.assert_observed("healthz", self.api.get(path, anonymous=True))

    def test_version(self):
        for path in ("/version", "/version/"):
            version = self.api.get(path).json
            self.assertLessEqual(set(OBSERVED["version"]["body"]), set(version))
            self.assertEqual((version["major"], version["minor"]), ("1", "36"))

    def test_immutable_selector(self):
        self.assertEqual(self.api.request("POST", DEPLOYMENTS, deployment("web", replicas=0)).code, 201)
        self.assert_observed("immutable", self.api.request(
            "PATCH", DEPLOYMENTS + "/web", json.dumps({"spec": {"selector": {"matchLabels": {"q": "r"}}}}),
            {"Content-Type": "application/merge-patch+json"}))

    def test_compacted_history(self):
        # A shard that starts again remembers no history before its start.
        self.created("history")
        self.cluster.kabuki("fault", "kill", "host-1/store/objects")
        eventually(lambda: self.api.get(MAPS).code == 200, "the shard is back")
        old = self.api.get(MAPS + "?resourceVersion=1&resourceVersionMatch=Exact")
        self.assert_observed("compacted", old)
        with self.api.watch(MAPS + "?watch=true&resourceVersion=1") as watch:
            self.assertEqual(watch.code, 200)
            event = next(watch)
        self.assertEqual((event["type"], event["object"]["code"], event["object"]["reason"]), ("ERROR", 410, "Expired"))
        self.assertRegex(event["object"]["message"], r"^too old resource version: 1 \(\d+\)$")


EXCHANGES = os.path.join(REPOSITORY, "tests", "actors", "data", "observed_exchanges.json")
FITTING = {"number": "[0-9]+", "uid": "[0-9a-f-]+", "time": "[0-9TZ:-]+", "age": "[0-9dhms]+", "suffix": "[0-9a-z]+",
           "token": "[0-9A-Za-z_-]+", "text": "(?s:.*)"}


def settled(expected, actual):
    """`actual` with `expected`'s strings where they fit, so that the two can be compared whole."""
    if isinstance(expected, str) and isinstance(actual, str):
        pattern = re.escape(expected)
        for name, fitting in FITTING.items():
            pattern = pattern.replace(f"<{name}>", fitting)
        return expected if re.fullmatch(pattern, actual) else actual
    if isinstance(expected, dict) and isinstance(actual, dict):
        return {key: settled(expected[key], value) if key in expected else value for key, value in actual.items()}
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [settled(one, other) for one, other in zip(expected, actual)]
    return actual


class ExchangesTest(HttpTest):
    """What was exchanged with a kube-apiserver, once more: with a whole cluster, over HTTPS. Those exchanges that need a
    server to themselves are replayed by tests/actors/api_server/observed_exchanges_test.cpp alone."""

    def filled(self, value):
        def found(match):
            step, _, pointer = match.group(1).partition("/")
            answer = self.answers[step]
            for key in pointer.split("/"):
                answer = answer[key]
            return answer
        return json.loads(re.sub(r"{{(.*?)}}", found, json.dumps(value)))

    def sent(self, step):
        step = self.filled(step)
        headers = {"User-Agent": "curl/7.88.1", **{k.title(): v for k, v in step.get("headers", {}).items()}}
        return self.api.request(step["method"], step["path"], step.get("body"), headers,
                                anonymous=step.get("anonymous", False))

    def replay(self, exchange):
        self.answers = {}
        for step in exchange.get("given", []):
            if "kill" in step:
                self.cluster.kabuki("fault", "kill", "host-1/store/" + step["kill"])
                eventually(lambda: self.api.get(MAPS).code == 200, "the shard is back")
                continue
            answer = self.sent(step)
            self.assertLess(answer.code, 300, answer)
            if "as" in step:
                self.answers[step["as"]] = answer.json
        request = exchange["request"]
        if "events" in request:
            with self.api.watch(self.filled(request["path"])) as watch:
                code, headers = watch.code, dict(watch.answer.getheaders())
                body = [next(watch) for _ in range(request["events"])]
        else:
            answer = self.sent(request)
            code, headers = answer.code, answer.headers
            body = answer.body.decode() if isinstance(exchange["body"], str) else answer.json
        expected = self.filled(exchange["body"])
        self.assertEqual((code, settled(expected, body)), (exchange["code"], expected))
        for name, value in exchange["headers"].items():
            self.assertEqual({k.lower(): v for k, v in headers.items()}.get(name), value, name)

    def test_are_answered_alike(self):
        with open(EXCHANGES) as file:
            exchanges = json.load(file)["exchanges"]
        for exchange in exchanges:
            if exchange.get("live", True):
                with self.subTest(exchange["name"]):
                    self.replay(exchange)


class AnswerTest(HttpTest):
    def test_generated_names_have_five_characters_more(self):
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "gn-"}}
        names = {self.api.request("POST", MAPS, body).json["metadata"]["name"] for _ in range(3)}
        self.assertEqual(len(names), 3)
        for name in names:
            self.assertRegex(name, r"^gn-[bcdfghjklmnpqrstvwxz2456789]{5}$")

    def test_protobuf_creates_of_a_current_kubectl(self):
        for request in fixture("protobuf_creates.json"):
            with self.subTest(request["name"]):
                answer = self.api.request(request["method"], request["path"], base64.b64decode(request["body_base64"]),
                                          request["headers"])
                self.assertEqual((answer.code, answer.headers["content-type"]), (201, PROTOBUF), answer)
                self.assertTrue(answer.body.startswith(MAGIC))
        self.assertEqual(self.cluster.get("configmap", "proto-config")["data"], {"a": "b"})
        self.assertEqual(self.cluster.get("secret", "proto-secret")["data"], {"a": "Yg=="})
        self.assertEqual(self.cluster.get("namespace", "proto-space")["status"]["phase"], "Active")
        self.assertEqual(self.cluster.get("service", "proto-service")["spec"]["ports"][0]["targetPort"], 8080)
        web = self.cluster.get("deployment", "proto-web")
        self.assertEqual(web["spec"]["template"]["spec"]["containers"][0]["image"], "registry.example/web:1.0")
        self.cluster.running("app=proto-web", web["spec"]["replicas"])
        again = fixture("protobuf_creates.json")[1]
        refused = self.api.request(again["method"], again["path"], base64.b64decode(again["body_base64"]), again["headers"])
        self.assertEqual(refused.code, 409)
        self.assertIn(b"already exists", refused.body)

    def test_protobuf_reads(self):
        answer = self.api.get("/api/v1/namespaces/default", headers={"Accept": PROTOBUF + ",application/json"})
        self.assertEqual(answer.headers["content-type"], PROTOBUF)
        self.assertTrue(answer.body.startswith(MAGIC))
        self.assertIn(b"Namespace", answer.body)
        with self.api.watch("/api/v1/namespaces?" + LIST_WATCH, {"Accept": PROTOBUF + ",application/json"}) as watch:
            self.assertEqual(watch.answer.getheader("content-type"), PROTOBUF + ";stream=watch")
            frame = watch.frame()
            self.assertIn(b"ADDED", frame)
            self.assertIn(MAGIC, frame)

    def test_watch_lists_end_with_the_annotated_bookmark(self):
        self.created("listed", data={"n": "1"})
        with self.api.watch(MAPS + "?" + LIST_WATCH) as watch:
            events = watch.until(lambda e: e["type"] == "BOOKMARK")
            self.assertEqual({e["type"] for e in events[:-1]}, {"ADDED"})
            self.assertIn("listed", [e["object"]["metadata"]["name"] for e in events[:-1]])
            mark = events[-1]["object"]
            self.assertEqual({k: mark[k] for k in ("kind", "apiVersion")}, {"kind": "ConfigMap", "apiVersion": "v1"})
            self.assertEqual(mark["metadata"]["annotations"], END_OF_LIST)
            self.assertGreaterEqual(int(mark["metadata"]["resourceVersion"]),
                                    max(int(e["object"]["metadata"]["resourceVersion"]) for e in events[:-1]))
            self.created("later")
            event = next(watch)
            self.assertEqual((event["type"], event["object"]["metadata"]["name"]), ("ADDED", "later"))

    def test_watch_list_of_one_object_that_is_not_there(self):
        # `kubectl wait --for=delete`: hangs without the bookmark.
        with self.api.watch(MAPS + "?fieldSelector=metadata.name%3Dabsent&" + LIST_WATCH) as watch:
            self.assertEqual(next(watch)["object"]["metadata"]["annotations"], END_OF_LIST)

    def test_watch_resumes_where_it_ended(self):
        self.created("resumed")
        listed = self.api.get(MAPS).json["metadata"]["resourceVersion"]
        self.api.request("PATCH", MAPS + "/resumed", '{"data":{"n":"1"}}', {"Content-Type": "application/merge-patch+json"})
        self.api.request("DELETE", MAPS + "/resumed")
        with self.api.watch(f"{MAPS}?watch=1&resourceVersion={listed}&fieldSelector=metadata.name%3Dresumed") as watch:
            events = [next(watch), next(watch)]
        self.assertEqual([e["type"] for e in events], ["MODIFIED", "DELETED"])
        revisions = [int(e["object"]["metadata"]["resourceVersion"]) for e in events]
        self.assertTrue(int(listed) < revisions[0] < revisions[1])

    def test_tables(self):
        self.created("tabled", data={"a": "b", "c": "d"})
        table = self.api.get(MAPS, headers={"Accept": TABLE}).json
        self.assertEqual((table["kind"], table["apiVersion"]), ("Table", "meta.k8s.io/v1"))
        self.assertEqual([c["name"] for c in table["columnDefinitions"]], ["Name", "Data", "Age"])
        row = next(r for r in table["rows"] if r["cells"][0] == "tabled")
        self.assertEqual(row["cells"][:2], ["tabled", 2])
        self.assertEqual(row["object"]["kind"], "PartialObjectMetadata")
        self.assertNotIn("data", row["object"])
        pods = self.api.get("/api/v1/namespaces/default/pods", headers={"Accept": TABLE}).json
        self.assertEqual([c["name"] for c in pods["columnDefinitions"]],
                         ["Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates"])

    def test_table_watch_names_its_columns_once(self):
        self.created("t-one")
        self.created("t-two")
        selection = MAPS + "?watch=true&fieldSelector=metadata.name!%3Dkube-root-ca.crt"
        with self.api.watch(selection, {"Accept": TABLE}) as watch:
            first, second = next(watch), next(watch)
        self.assertEqual(first["object"]["kind"], "Table")
        self.assertEqual([c["name"] for c in first["object"]["columnDefinitions"]], ["Name", "Data", "Age"])
        self.assertIsNone(second["object"].get("columnDefinitions"))
        self.assertEqual(len(second["object"]["rows"]), 1)

    def test_partial_metadata(self):
        self.created("partial", data={"a": "b"})
        accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
        listed = self.api.get(MAPS, headers={"Accept": accept}).json
        self.assertEqual((listed["kind"], listed["apiVersion"]), ("PartialObjectMetadataList", "meta.k8s.io/v1"))
        item = next(i for i in listed["items"] if i["metadata"]["name"] == "partial")
        self.assertEqual(set(item), {"kind", "apiVersion", "metadata"})
        one = self.api.get(MAPS + "/partial", headers={"Accept": accept.replace("List", "")}).json
        self.assertEqual((one["kind"], one["metadata"]["name"]), ("PartialObjectMetadata", "partial"))

    def test_scale(self):
        made = self.api.request("POST", DEPLOYMENTS, deployment("web", replicas=2)).json
        self.cluster.running("app=web", 2)
        eventually(lambda: self.cluster.get("deployment", "web")["status"].get("replicas") == 2, "status counts both")

        def without_revision(scale):
            scale = copy.deepcopy(scale)
            del scale["metadata"]["resourceVersion"]
            return scale
        expected = without_revision(OBSERVED["scale"]["body"])
        expected["metadata"].update(namespace="default", uid=made["metadata"]["uid"],
                                    creationTimestamp=made["metadata"]["creationTimestamp"])
        self.assertEqual(without_revision(self.api.get(DEPLOYMENTS + "/web/scale").json), expected)
        patched = self.api.request("PATCH", DEPLOYMENTS + "/web/scale", '{"spec":{"replicas":3}}',
                                   {"Content-Type": "application/merge-patch+json"})
        self.assertEqual((patched.code, patched.json["kind"], patched.json["spec"]), (200, "Scale", {"replicas": 3}))
        self.cluster.running("app=web", 3)

    def test_paging_is_consistent(self):
        for number in range(7):
            self.created(f"page-{number}")
        names, token, revisions = [], "", set()
        while True:
            answer = self.api.get(f"{MAPS}?limit=3&continue={token}").json
            names += [i["metadata"]["name"] for i in answer["items"]]
            revisions.add(answer["metadata"]["resourceVersion"])
            if not token:
                self.created("page-8")
                self.api.request("DELETE", MAPS + "/page-6")
            token = answer["metadata"].get("continue", "")
            if not token:
                break
            self.assertGreater(answer["metadata"]["remainingItemCount"], 0)
        self.assertEqual([n for n in names if n.startswith("page-")], [f"page-{n}" for n in range(7)])
        self.assertEqual(len(revisions), 1)

    def test_terminating_namespace_takes_nothing_new(self):
        self.cluster.out("create", "namespace", "spike")
        held = config("held")
        held["metadata"]["finalizers"] = ["example.com/held"]
        self.assertEqual(self.api.request("POST", "/api/v1/namespaces/spike/configmaps", held).code, 201)
        ending = self.api.request("DELETE", "/api/v1/namespaces/spike")
        self.assertEqual((ending.code, ending.json["status"]), (200, {"phase": "Terminating"}), ending)
        self.assert_observed("terminating namespace",
                             self.api.request("POST", "/api/v1/namespaces/spike/configmaps", config("x")))
        self.api.request("PATCH", "/api/v1/namespaces/spike/configmaps/held", '{"metadata":{"finalizers":null}}',
                         {"Content-Type": "application/merge-patch+json"})
        eventually(lambda: self.api.get("/api/v1/namespaces/spike").code == 404, "the namespace has gone")

    def test_delete_of_a_collection(self):
        for name in ("all-1", "all-2"):
            self.created(name)
            self.api.request("PATCH", f"{MAPS}/{name}", '{"metadata":{"labels":{"set":"all"}}}',
                             {"Content-Type": "application/merge-patch+json"})
        answer = self.api.request("DELETE", MAPS + "?labelSelector=set%3Dall")
        self.assertEqual((answer.code, answer.json["kind"]), (200, "ConfigMapList"), answer)
        self.assertEqual(self.api.get(MAPS + "?labelSelector=set%3Dall").json["items"], [])

    def test_discovery_answers_not_modified(self):
        for path in ("/apis/apps/v1", "/openapi/v2"):
            first = self.api.get(path)
            again = self.api.get(path, headers={"If-None-Match": first.headers["etag"]})
            self.assertEqual((first.code, again.code, again.body), (200, 304, b""), path)

    def test_large_answers_are_compressed(self):
        plain = self.api.get("/openapi/v2")
        packed = self.api.get("/openapi/v2", headers={"Accept-Encoding": "gzip"})
        self.assertEqual((plain.headers.get("content-encoding"), packed.headers.get("content-encoding")), (None, "gzip"))
        self.assertEqual(gzip.decompress(packed.body), plain.body)
        self.assertLess(len(packed.body), len(plain.body) / 4)
        self.assertEqual(packed.headers["etag"], plain.headers["etag"])
        small = self.api.get("/version", headers={"Accept-Encoding": "gzip"})
        self.assertIsNone(small.headers.get("content-encoding"))

    def test_one_connection_serves_many_requests(self):
        connection = self.api.connection()
        for _ in range(20):
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.read()), (http.client.OK, b"ok"))
        connection.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
