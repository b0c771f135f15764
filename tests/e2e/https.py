"""Requests as they stand on the wire, for what no installed client sends: HTTP/1.1 over TLS with the client certificate of
a kubeconfig."""
import base64
import http.client
import json
import os
import ssl
import urllib.parse

from harness import KUBECTL, PATIENCE, run

PROTOBUF = "application/vnd.kubernetes.protobuf"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
MAGIC = b"k8s\x00"


class Answer:
    def __init__(self, code, headers, body):
        self.code, self.headers, self.body = code, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.code} {self.headers} {self.body[:2000]}"


class Api:
    """One answer per connection; `anonymous` sends no certificate, `identity` another one (certificate, key)."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.directory = os.path.join(cluster.root, "api")
        os.makedirs(self.directory, exist_ok=True)
        self.load()

    def load(self):
        view = run([KUBECTL, "config", "view", "--raw", "-o", "json"], env=self.cluster.env).stdout
        config = json.loads(view)
        server = urllib.parse.urlparse(config["clusters"][0]["cluster"]["server"])
        self.host, self.port = server.hostname, server.port
        self.authority = self._keep("ca.pem", config["clusters"][0]["cluster"]["certificate-authority-data"])
        user = config["users"][0]["user"]
        self.identity = (self._keep("client.pem", user["client-certificate-data"]),
                         self._keep("client.key", user["client-key-data"]))

    def _keep(self, name, encoded):
        path = os.path.join(self.directory, name)
        with open(path, "wb") as file:
            file.write(base64.b64decode(encoded))
        return path

    def tls(self, anonymous=False, identity=None):
        context = ssl.create_default_context(cafile=self.authority)
        if not anonymous:
            context.load_cert_chain(*(identity or self.identity))
        return context

    def connection(self, **options):
        return http.client.HTTPSConnection(self.host, self.port, context=self.tls(**options), timeout=PATIENCE)

    def request(self, method, path, body=None, headers=None, **options):
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        connection = self.connection(**options)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def watch(self, path, headers=None):
        return Watch(self, path, headers or {})


class Watch:
    """A watch as an iterator of its JSON events; use it with `with`."""

    def __init__(self, api, path, headers):
        self.connection = api.connection()
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        self.code = self.answer.status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def __iter__(self):
        return self

    def __next__(self):
        line = self.answer.readline()
        if not line:
            raise StopIteration
        return json.loads(line)

    def frame(self):
        """One frame of a Protobuf watch: four bytes of length, then the message."""
        size = int.from_bytes(self.answer.read(4), "big")
        return self.answer.read(size)

    def until(self, condition):
        """The events up to the first that satisfies `condition`, which is the last."""
        events = []
        for event in self:
            events.append(event)
            if condition(event):
                return events
        raise AssertionError(f"the watch ended early: {events}")
