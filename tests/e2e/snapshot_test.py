"""A snapshot of a running cluster, restored under clients that go on: nothing that was saved is lost, no client ever sees a
revision go back, everything converges."""
import glob
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import unittest

from harness import KABUKI, Cluster, deployment, eventually, run
from https import Api
from recovery_test import MAPS, Writer, containers

PODS = "/api/v1/namespaces/default/pods"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Reflector(threading.Thread):
    """Lists, watches, resumes where a stream broke, lists again when told 410: as client-go does. Notes every revision that
    went back."""

    def __init__(self, api, path):
        super().__init__(daemon=True)
        self.api, self.path = api, path
        self.cache, self.newest, self.seen = {}, 0, {}
        self.went_back, self.expired, self.events = [], 0, 0
        self.enough = threading.Event()

    def run(self):
        while not self.enough.is_set():
            try:
                self.relist()
                while self.watch():
                    pass
            except (OSError, ssl.SSLError, http.client.HTTPException, ValueError):
                self.enough.wait(0.05)

    def note(self, what, revision, name=None):
        floor = self.seen.get(name, 0) if what == "item" else self.newest
        if revision < floor:
            self.went_back.append(f"{what} {name or ''} at {revision} after {floor}")
        if what != "item":
            self.newest = max(self.newest, revision)
        if name:
            self.seen[name] = max(revision, self.seen.get(name, 0))

    def relist(self):
        answer = self.api.get(self.path)
        if answer.code != 200:
            raise ValueError(answer)
        items = answer.json["items"]
        self.note("list", int(answer.json["metadata"]["resourceVersion"]))
        for item in items:
            self.note("item", int(item["metadata"]["resourceVersion"]), item["metadata"]["name"])
        self.cache = {i["metadata"]["name"]: i for i in items}

    def watch(self):
        """True when the stream only broke."""
        path = f"{self.path}?watch=1&allowWatchBookmarks=true&timeoutSeconds=5&resourceVersion={self.newest}"
        while not self.enough.is_set():
            try:
                with self.api.watch(path) as watch:
                    if watch.code == 410:
                        self.expired += 1
                        return False
                    if watch.code != 200:
                        raise ValueError(watch.code)
                    for event in watch:
                        if event["type"] == "ERROR":
                            self.expired += event["object"]["code"] == 410
                            return False
                        self.take(event)
                return True
            except (OSError, ssl.SSLError, http.client.HTTPException, ValueError):
                self.enough.wait(0.05)
        return False

    def take(self, event):
        meta = event["object"]["metadata"]
        self.events += 1
        self.note(event["type"], int(meta["resourceVersion"]), meta.get("name"))
        if event["type"] == "DELETED":
            self.cache.pop(meta["name"], None)
        elif event["type"] != "BOOKMARK":
            self.cache[meta["name"]] = event["object"]

    def holds_what_is_there(self):
        there = {i["metadata"]["name"]: i["metadata"]["resourceVersion"] for i in self.api.get(self.path).json["items"]}
        mine = {name: i["metadata"]["resourceVersion"] for name, i in list(self.cache.items())}
        return there == mine

    def stop(self):
        self.enough.set()
        self.join()


class SnapshotTest(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster()
        self.cluster.__enter__()
        self.addCleanup(self.cluster.__exit__, None, None, None)
        self.cluster.nodes_ready()
        self.file = os.path.join(self.cluster.root, "test.snap")

    def kabuki(self, *arguments, check=True):
        return run([KABUKI, *arguments], check=check, env=self.cluster.env)

    def save(self, *more):
        return json.loads(self.cluster.kabuki("snapshot", "save", self.file, "-o", "json", *more).stdout)

    def restore(self):
        """Into a new directory, from which the cluster then runs, at the same address."""
        port = self.cluster.state()["apiServer"].rsplit(":", 1)[1]
        self.cluster.down()
        new = self.cluster.data + "-restored"
        summary = json.loads(run([KABUKI, "snapshot", "restore", self.file, "--data", new, "-o", "json"],
                                 env=self.cluster.env).stdout)
        self.cluster.data = new
        run([KABUKI, "up", "--name", "test", "--data", new, "--kubeconfig", self.cluster.kubeconfig, "--port", port,
             "--nodes", "3", *self.cluster.options], env=self.cluster.env)
        return summary

    def test_restore_under_live_clients(self):
        self.cluster.apply(deployment("four", replicas=4))
        before = containers(self.cluster.running("app=four", 4))
        api = Api(self.cluster)
        writer = Writer(api, "load")
        reflectors = [Reflector(api, MAPS), Reflector(api, PODS)]
        for thread in [writer, *reflectors]:
            thread.start()
        eventually(lambda: len(writer.acknowledged) > 50, "writes are acknowledged")

        sure = dict(writer.acknowledged)
        saved = self.save()
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        self.assertEqual(glob.glob(self.file + ".*"), [])
        verified = json.loads(self.kabuki("snapshot", "verify", self.file, "-o", "json").stdout)
        self.assertEqual(verified, saved)
        # What comes now is lost, and its revisions must not come again.
        self.cluster.out("scale", "deployment/four", "--replicas=7")
        self.cluster.running("app=four", 7)
        count = len(writer.acknowledged)
        eventually(lambda: len(writer.acknowledged) > count + 50, "writes are acknowledged after the snapshot")
        lost_pods = {p["metadata"]["name"] for p in self.cluster.get("pods", "-l", "app=four")["items"]} - set(before)
        self.assertEqual(len(lost_pods), 3)
        old = api.get(MAPS).json["metadata"]["resourceVersion"]
        old_data = self.cluster.data

        summary = self.restore()
        self.assertEqual([(s["name"], s["objects"]) for s in summary["shards"]],
                         [(s["name"], s["objects"]) for s in saved["shards"]])
        for then, now in zip(saved["shards"], summary["shards"]):
            self.assertGreater(now["revision"], then["revision"] + 10**9)
        # The clients' old credentials are good, and writes go on.
        count = len(writer.acknowledged)
        eventually(lambda: len(writer.acknowledged) > count + 20, "writes are acknowledged again")
        writer.stop()
        there = {i["metadata"]["name"]: i["metadata"]["uid"] for i in api.get(MAPS).json["items"]}
        self.assertEqual({n for n, uid in sure.items() if there.get(n) != uid}, set())
        # An old watch is told that it is too old.
        with api.watch(f"{MAPS}?watch=1&resourceVersion={old}") as watch:
            code = watch.code if watch.code != 200 else next(watch)["object"]["code"]
        self.assertEqual(code, 410)

        self.assertEqual(containers(self.cluster.running("app=four", 4)), before)
        self.cluster.nodes_ready()
        self.cluster.out("scale", "deployment/four", "--replicas=6")
        after = containers(self.cluster.running("app=four", 6))
        self.assertEqual({n: after[n] for n in before}, before)
        for reflector in reflectors:
            eventually(reflector.holds_what_is_there, f"the watch of {reflector.path} has caught up")
            reflector.stop()
            self.assertEqual(reflector.went_back, [])
            self.assertGreaterEqual(reflector.expired, 1)
        check = json.loads(self.cluster.kabuki("store", "check", "-o", "json").stdout)
        self.assertEqual(check["errors"], 0)
        self.cluster.down()
        offline = json.loads(self.cluster.kabuki("store", "check", "-o", "json").stdout)
        self.assertEqual((offline["errors"], [f for f in offline["findings"] if f["severity"] == "error"]), (0, []))
        shutil.rmtree(old_data)

    def test_a_restored_host_takes_its_workers_back(self):
        self.cluster.down()
        self.cluster.options = ["--listen", "127.0.0.1"]
        self.cluster.up()
        self.cluster.join(nodes=2)
        self.cluster.nodes_ready(5)
        self.cluster.apply(deployment("spread", replicas=10))
        before = containers(self.cluster.running("app=spread", 10))
        self.save()
        self.cluster.out("delete", "deployment", "spread")
        eventually(lambda: not self.cluster.get("pods", "-l", "app=spread")["items"], "all pods gone")
        self.restore()
        self.cluster.nodes_ready(5)
        after = containers(self.cluster.running("app=spread", 10))
        self.assertEqual({n: c[0] for n, c in after.items()}, {n: c[0] for n, c in before.items()})
        self.cluster.out("scale", "deployment/spread", "--replicas=14")
        self.cluster.running("app=spread", 14)

    def test_a_damaged_snapshot_is_refused(self):
        self.save()
        with open(self.file, "r+b") as file:
            file.seek(-100, os.SEEK_END)
            byte = file.read(1)
            file.seek(-100, os.SEEK_END)
            file.write(bytes([byte[0] ^ 1]))
        for arguments in (["verify", self.file], ["restore", self.file, "--data", self.cluster.root + "/new"]):
            result = self.kabuki("snapshot", *arguments, check=False)
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr, "test.snap: .*, offset [0-9]+: ")
        self.assertFalse(os.path.exists(self.cluster.root + "/new"))

    def test_a_directory_in_use_is_not_restored_into(self):
        self.save()
        result = self.kabuki("snapshot", "restore", self.file, "--data", self.cluster.data, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("is not empty", result.stderr)

    def test_snapshots_at_intervals_keep_the_newest(self):
        others = [os.path.join(self.cluster.root, n) for n in ("test-20260101T000000Z.snap", "test-mine.snap")]
        for other in others:
            open(other, "w").close()
        process = subprocess.Popen([KABUKI, "snapshot", "save", self.file, "--data", self.cluster.data, "--every", "1s",
                                    "--keep", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, **self.cluster.env})
        try:
            removed = [process.stdout.readline() for _ in range(30)]
            self.assertGreaterEqual(len([l for l in removed if l.startswith("Removed ")]), 2)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()
        kept = sorted(glob.glob(os.path.join(self.cluster.root, "test-2*.snap")))
        self.assertIn(len(kept), (2, 3))
        self.assertEqual([os.path.exists(o) for o in others], [False, True])
        self.kabuki("snapshot", "verify", kept[-1])

    @unittest.skipUnless(shutil.which("etcd"), "etcd is not installed")
    def test_a_snapshot_goes_into_etcd(self):
        self.cluster.apply(deployment("two", replicas=2))
        self.cluster.running("app=two", 2)
        saved = self.save()
        url, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        etcd = subprocess.Popen(["etcd", "--data-dir", os.path.join(self.cluster.root, "etcd"), "--listen-client-urls", url,
                                 "--advertise-client-urls", url, "--listen-peer-urls", peer,
                                 "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (etcd.kill(), etcd.wait()))
        new = self.cluster.root + "/new"
        eventually(lambda: run(["curl", "-sf", url + "/health"], check=False).returncode == 0, "etcd serves")
        restore = ["snapshot", "restore", self.file, "--etcd", url]
        restored = json.loads(self.kabuki(*restore, "--data", new, "-o", "json").stdout)
        self.assertEqual([(s["name"], s["objects"]) for s in restored["shards"]],
                         [(s["name"], s["objects"]) for s in saved["shards"]])
        self.assertEqual(os.path.exists(new + "/pki/ca.key"), True)
        self.assertEqual(os.path.exists(new + "/store"), False)
        check = json.loads(self.kabuki("store", "check", "--etcd", url, "--name", "test", "-o", "json").stdout)
        self.assertEqual((check["objects"], check["errors"]), (saved["objects"], 0))
        listed = json.loads(self.kabuki("store", "list", "pods", "--etcd", url, "--name", "test", "-o", "json").stdout)
        for pod in listed["items"]:
            self.assertGreater(pod["revision"], max(s["revision"] for s in saved["shards"]))
        again = self.kabuki(*restore, check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn("restore into an empty one", again.stderr)

    def test_the_store_can_be_looked_into(self):
        self.cluster.apply(deployment("two", replicas=2))
        pod = sorted(containers(self.cluster.running("app=two", 2)))[0]
        shards = json.loads(self.cluster.kabuki("store", "list", "-o", "json").stdout)
        self.assertTrue(shards["running"])

        def counted():
            """Those of the control plane come by themselves, some time after the start."""
            shards = json.loads(self.cluster.kabuki("store", "list", "-o", "json").stdout)["shards"]
            return next(s for s in shards if s["shard"] == "pods")["objects"] == len(self.cluster.get("pods", "-A")["items"])
        eventually(counted, "every pod is in the shard of pods")
        listed = json.loads(self.cluster.kabuki("store", "list", "po", "-n", "default", "-o", "json").stdout)
        self.assertEqual(len(listed["items"]), 2)
        got = json.loads(self.cluster.kabuki("store", "get", "pod", f"default/{pod}", "-o", "json").stdout)
        served = self.cluster.get("pod", pod)
        self.assertEqual(got["object"]["metadata"]["uid"], served["metadata"]["uid"])
        self.assertEqual(str(got["revision"]), got["object"]["metadata"]["resourceVersion"])
        history = json.loads(self.cluster.kabuki("store", "history", "pod", pod, "-o", "json").stdout)["changes"]
        self.assertEqual(history[0]["change"], "created")
        self.assertEqual([c["previousRevision"] for c in history[1:]], [c["revision"] for c in history[:-1]])
        self.assertIn("revision", self.cluster.kabuki("store", "get", "pod", pod).stdout)
        refused = self.cluster.kabuki("store", "list", "--offline", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(str(self.cluster.state()["guardianPid"]), refused.stderr)
        self.assertEqual(self.cluster.kabuki("store", "get", "pod", "nobody", check=False).returncode, 1)
        self.cluster.down()
        offline = json.loads(self.cluster.kabuki("store", "get", "pod", f"default/{pod}", "-o", "json").stdout)
        self.assertEqual(offline["object"]["metadata"]["uid"], served["metadata"]["uid"])
        self.assertIn("start the cluster", self.cluster.kabuki("store", "history", "pods", check=False).stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
