"""Watches and logs over WebSockets, by Debian's python3-websocket."""
import base64
import contextlib
import json
import os
import sys
import unittest

try:
    import websocket
except ImportError:
    # Debian's modules belong to Debian's interpreter.
    if os.path.exists("/usr/bin/python3") and os.path.realpath(sys.executable) != os.path.realpath("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    websocket = None

from harness import PATIENCE, ClusterTest
from https import MAGIC, PROTOBUF, Api

MAPS = "/api/v1/namespaces/default/configmaps"


@unittest.skipUnless(websocket, "python3-websocket is not installed: tools/setup installs it")
class WebSocketTest(ClusterTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = Api(cls.cluster)

    def open(self, path, **options):
        tls = {"ca_certs": self.api.authority, "certfile": self.api.identity[0], "keyfile": self.api.identity[1]}
        return websocket.create_connection(f"wss://{self.api.host}:{self.api.port}{path}", sslopt=tls, timeout=PATIENCE,
                                           **options)

    def test_a_watch_has_one_event_in_a_message(self):
        listed = self.api.get(MAPS).json["metadata"]["resourceVersion"]
        path = f"{MAPS}?watch=1&resourceVersion={listed}&fieldSelector=metadata.name%3Dsocketed"
        with contextlib.closing(self.open(path)) as watch:
            self.api.request("POST", MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "socketed"},
                                            "data": {"n": "x" * 100_000}})
            self.api.request("PATCH", MAPS + "/socketed", '{"data":{"n":"1"}}',
                             {"Content-Type": "application/merge-patch+json"})
            self.api.request("DELETE", MAPS + "/socketed")
            events = []
            for _ in range(3):
                opcode, message = watch.recv_data()
                self.assertEqual(opcode, websocket.ABNF.OPCODE_TEXT)
                events.append(json.loads(message))
            watch.ping("still there?")
            frame = watch.recv_frame()
            self.assertEqual((frame.opcode, frame.data), (websocket.ABNF.OPCODE_PONG, b"still there?"))
            watch.send_close()
            self.assertEqual(watch.recv_frame().opcode, websocket.ABNF.OPCODE_CLOSE)
        self.assertEqual([(e["type"], e["object"]["metadata"]["name"]) for e in events],
                         [(kind, "socketed") for kind in ("ADDED", "MODIFIED", "DELETED")])
        self.assertEqual(len(events[0]["object"]["data"]["n"]), 100_000)

    def test_a_protobuf_watch_has_one_event_in_a_message(self):
        with contextlib.closing(self.open("/api/v1/namespaces?watch=1&timeoutSeconds=1",
                                          header={"Accept": PROTOBUF})) as watch:
            opcode, message = watch.recv_data()
            self.assertEqual(opcode, websocket.ABNF.OPCODE_BINARY)
            self.assertEqual(message[:7], b"\x0a\x05ADDED")
            self.assertIn(MAGIC, message)
            while opcode != websocket.ABNF.OPCODE_CLOSE:
                opcode, message = watch.recv_data()
            self.assertEqual(message, (1000).to_bytes(2, "big"))

    def test_a_log_is_followed_in_messages(self):
        self.cluster.kubectl("create", "-f", "-", stdin=json.dumps({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "talks", "annotations": {
                "sim.kabuki.io/logs": "tick {n}", "sim.kabuki.io/log-every": "100ms", "sim.kabuki.io/run-time": "2s"}},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "registry.example/web:1.0"}]}}))
        self.cluster.kubectl("wait", "--for=condition=Ready", "pod/talks", "--timeout=60s")
        path = "/api/v1/namespaces/default/pods/talks/log?follow=true"
        texts = []
        for protocol, opcode in (("base64.binary.k8s.io", websocket.ABNF.OPCODE_TEXT),
                                 ("binary.k8s.io", websocket.ABNF.OPCODE_BINARY)):
            with contextlib.closing(self.open(path, subprotocols=[protocol])) as log:
                self.assertEqual(log.getsubprotocol(), protocol)
                text = b""
                while True:
                    got, message = log.recv_data()
                    if got == websocket.ABNF.OPCODE_CLOSE:
                        break
                    self.assertEqual(got, opcode)
                    text += base64.b64decode(message, validate=True) if opcode == websocket.ABNF.OPCODE_TEXT else message
                texts.append(text.decode())
        lines = texts[0].splitlines()
        self.assertGreater(len(lines), 10)
        self.assertEqual(lines, [f"tick {i + 1}" for i in range(len(lines))])
        self.assertEqual(texts[1], texts[0])

    def test_what_a_web_socket_cannot_have_is_refused_over_http(self):
        for path, code in (("/api/v1/namespaces/default/gizmos?watch=1", 404),
                           (MAPS + "?watch=1&fieldSelector=spec.colour%3Dred", 400), (MAPS, 200)):
            with self.assertRaises(websocket.WebSocketBadStatusException) as refused:
                self.open(path)
            self.assertEqual(refused.exception.status_code, code, path)
        answer = self.api.get(MAPS + "?watch=1", headers={
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "8", "Sec-WebSocket-Key": "x"})
        self.assertEqual((answer.code, answer.headers["sec-websocket-version"], answer.json["kind"]), (426, "13", "Status"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
