"""Whatever is thrown at it: a clear error, nothing lost, and the same process goes on."""
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import unittest

from harness import KABUKI, ClusterTest, deployment, eventually, run
from https import MAGIC, PROTOBUF, Api

MAPS = "/api/v1/namespaces/default/configmaps"
JSON = {"Content-Type": "application/json"}


def config(name, **more):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


class BadInputTest(ClusterTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = Api(cls.cluster)
        cls.cluster.apply(deployment("kept", replicas=2))
        cls.kept = sorted(p["metadata"]["uid"] for p in cls.cluster.running("app=kept", 2))
        cls.pids = cls.cluster.state()["pid"], cls.cluster.state()["guardianPid"]

    def tearDown(self):
        state = self.cluster.state()
        self.assertEqual((state["pid"], state["guardianPid"]), self.pids)
        self.assertEqual(sorted(p["metadata"]["uid"] for p in self.cluster.running("app=kept", 2)), self.kept)

    def assert_refused(self, answer, code, reason, *parts):
        self.assertEqual(answer.code, code, answer)
        body = answer.json
        self.assertEqual((body["kind"], body["status"], body["reason"]), ("Status", "Failure", reason), answer)
        for part in parts:
            self.assertIn(part, body["message"])

    def cannot(self, *command):
        result = run([KABUKI, *command], check=False, env=self.cluster.env)
        self.assertNotEqual(result.returncode, 0, result)
        return result.stderr + result.stdout

    def test_malformed_json(self):
        for body, why in (("{", "unexpected end of JSON input"), ("", "unexpected end of JSON input"), ("[1,2", "json"),
                          ('{"apiVersion":"v1","kind":"ConfigMap","metadata":[]}', "ConfigMap"),
                          ('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":7}}', "metadata.name"),
                          ("{" * 20000, "json"), ('{"a":' * 5000, "json"), ("\x00\x01\x02", "json")):
            with self.subTest(body[:40]):
                answer = self.api.request("POST", MAPS, body, JSON)
                self.assert_refused(answer, 400, "BadRequest")
                self.assertIn(why.lower(), answer.json["message"].lower())

    def test_malformed_protobuf(self):
        for body in (b"", MAGIC + b"\xff" * 50, b"k8s", b"\x00" * 100, MAGIC + b"\x0a\xff\xff\xff\xff\x0f"):
            with self.subTest(body[:20]):
                answer = self.api.request("POST", MAPS, body, {"Content-Type": PROTOBUF})
                self.assert_refused(answer, 400, "BadRequest")
        # Sound, and says nothing: an object without a name.
        self.assert_refused(self.api.request("POST", MAPS, MAGIC, {"Content-Type": PROTOBUF}), 422, "Invalid",
                            "name or generateName is required")

    def test_wrong_kinds_and_unknown_fields(self):
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}
        self.assert_refused(self.api.request("POST", MAPS, secret), 400, "BadRequest", "cannot be handled as a ConfigMap")
        self.assert_refused(self.api.request("POST", MAPS + "?fieldValidation=Strict", config("x", datta={})), 400,
                            "BadRequest", 'unknown field "datta"')
        self.assert_refused(self.api.request("POST", MAPS + "?fieldValidation=Maybe", config("x")), 422, "Invalid",
                            'supported values: "", "Ignore", "Strict", "Warn"')
        self.api.request("POST", MAPS, config("a"))
        self.assert_refused(self.api.request("PUT", MAPS + "/a", config("b")), 400, "BadRequest", "does not match")

    def test_oversized_bodies(self):
        big = json.dumps(config("big", data={"a": "x" * (3 * 1024 * 1024)}))
        self.assert_refused(self.api.request("POST", MAPS, big, JSON), 413, "RequestEntityTooLarge")
        connection = self.api.connection()
        connection.putrequest("POST", MAPS)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(1 << 40))
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 413)
        connection.close()
        self.assertEqual(self.api.get(MAPS + "/big").code, 404)

    def raw(self, text):
        """What the server says to bytes that are no request; b"" when it only hangs up."""
        with socket.create_connection((self.api.host, self.api.port), timeout=30) as plain:
            with self.api.tls().wrap_socket(plain, server_hostname=self.api.host) as tls:
                tls.sendall(text)
                try:
                    return tls.recv(4096)
                except (ConnectionError, ssl.SSLError):
                    return b""

    def test_half_requests_and_nonsense(self):
        for text in (b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf", b"GET /api", b""):
            with socket.create_connection((self.api.host, self.api.port)) as plain:
                with self.api.tls().wrap_socket(plain, server_hostname=self.api.host) as tls:
                    tls.sendall(text)
        self.assertTrue(self.raw(b"NONSENSE\r\n\r\n").startswith(b"HTTP/1.1 400"))
        self.assertRegex(self.raw(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200000 + b"\r\n\r\n")[:12], rb"^HTTP/1.1 4\d\d$")
        with socket.create_connection((self.api.host, self.api.port)) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(self.api.get("/healthz").body, b"ok")

    def test_unknown_paths(self):
        for path in ("/nonsense", "/api/v2", "/apis/none.example.com/v1/things", MAPS + "/a/b/c/d", "/api/v1/pods/a/b/c",
                     "/api/v1/namespaces//configmaps", "/api/v1/namespaces/default/pods/x/nonsense"):
            with self.subTest(path):
                self.assert_refused(self.api.get(path), 404, "NotFound")

    def test_certificates_of_another_authority(self):
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=self.cluster.root)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                "-subj", "/O=system:masters/CN=admin", "-keyout", "other.key", "-out", "other.pem")
        other = tuple(os.path.join(self.cluster.root, name) for name in ("other.pem", "other.key"))
        try:
            answer = self.api.get("/api/v1/pods", identity=other)
            self.assertIn(answer.code, (401, 403), answer)
        except (ssl.SSLError, ConnectionError, http.client.HTTPException):
            pass  # refused before a request could be sent

    def test_a_second_up_of_the_same_name(self):
        said = self.cannot("up", "--name", "test", "--data", self.cluster.data, "--kubeconfig", self.cluster.kubeconfig,
                           "--port", "0")
        self.assertIn('the cluster "test" runs already from ' + self.cluster.data, said)
        self.assertIn("kabuki down --name test", said)

    def test_a_port_that_is_taken(self):
        said = self.cannot("up", "--name", "other", "--data", os.path.join(self.cluster.root, "other"), "--kubeconfig",
                           os.path.join(self.cluster.root, "other-config"), "--port", str(self.api.port))
        self.assertIn(f"cannot listen on 127.0.0.1:{self.api.port}", said)
        self.assertIn("choose another port", said)

    def test_a_data_directory_of_another_version(self):
        other = os.path.join(self.cluster.root, "version")
        os.makedirs(other, exist_ok=True)
        shutil.copy(os.path.join(self.cluster.data, "format"), other)
        with open(os.path.join(other, "format"), "w") as file:
            file.write("kabuki data 99\n")
        said = self.cannot("up", "--name", "other", "--data", other, "--kubeconfig", other + "-config", "--port", "0")
        self.assertIn(f'{other} holds data of another version ("kabuki data 99"', said)
        foreign = os.path.join(self.cluster.root, "foreign")
        os.makedirs(os.path.join(foreign, "store"))
        self.assertIn("not a data directory of Kabuki's", self.cannot(
            "up", "--name", "other", "--data", foreign, "--kubeconfig", other + "-config", "--port", "0"))
        self.assertEqual(os.listdir(foreign), ["store"])

    def test_unknown_options(self):
        for command, part in ((["up", "--nonsense"], "--nonsense"), (["up", "--nodes", "many"], "--nodes"),
                              (["up", "--node-grace", "3x"], '"3x" is not a duration'), (["dance"], "subcommand"),
                              (["up", "--nodes", "-1"], "--nodes"), (["up", "--store", "paper"], "--store"),
                              (["status", "--data", "/nonexistent"], "no cluster"),
                              (["host", "--join", "/nonexistent"], "kabuki host: cannot read join file /nonexistent"),
                              (["up", "--node-grace", "0s"], "--node-grace must be more than 0s"),
                              (["fault", "crash", "pod"], "names no container")):
            with self.subTest(command):
                self.assertIn(part, self.cannot(*command))

    def test_a_kubeconfig_that_cannot_be_read_is_left_alone(self):
        broken = os.path.join(self.cluster.root, "broken-config")
        with open(broken, "w") as file:
            file.write("clusters: [what\n")
        said = self.cannot("up", "--name", "other", "--data", os.path.join(self.cluster.root, "unwritten"),
                           "--kubeconfig", broken, "--port", "0")
        self.assertIn(broken, said)
        with open(broken) as file:
            self.assertEqual(file.read(), "clusters: [what\n")
        run([KABUKI, "down", "--data", os.path.join(self.cluster.root, "unwritten")], check=False, env=self.cluster.env)


if __name__ == "__main__":
    unittest.main(verbosity=2)
