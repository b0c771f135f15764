"""The store as its operator meets it: which shard keeps what, indexes by label, a shard that is lost and put back."""
import glob
import json
import os
import signal
import time
import unittest

from harness import KABUKI, Cluster, deployment, eventually, run
from https import Api


def config_map(name):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"n": "1"}}


class StoreTest(unittest.TestCase):
    def start(self, *options, nodes=1):
        self.cluster = Cluster(*options, nodes=nodes)
        self.cluster.__enter__()
        self.addCleanup(self.cluster.__exit__, None, None, None)
        self.cluster.nodes_ready(nodes)
        return self.cluster

    def up_again(self, *options):
        return run([KABUKI, "up", "--name", "test", "--data", self.cluster.data, "--kubeconfig", self.cluster.kubeconfig,
                    "--port", "0", "--nodes", "1", *options], env=self.cluster.env, check=False)

    def shards(self):
        answer = self.cluster.kabuki("store", "list", "-o", "json", check=False)
        return json.loads(answer.stdout)

    def metric(self, name, shard):
        text = Api(self.cluster).request("GET", "/metrics").body
        text = text if isinstance(text, str) else text.decode()
        line = next(l for l in text.splitlines() if l.startswith(f'kabuki_store_{name}{{shard="{shard}"}} '))
        return int(float(line.rsplit(" ", 1)[1]))

    def test_which_shard_keeps_what_is_chosen_once(self):
        cluster = self.start("--shard", "config=secrets,sa", "--shard", "pods=po", "--shard", "rest=*")
        mapping = "config=secrets,serviceaccounts;pods=pods;rest=*"
        cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kept"}, "data": {"n": "MQ=="}})
        listed = self.shards()
        self.assertEqual(listed["mapping"], mapping)
        self.assertEqual([s["shard"] for s in listed["shards"]], ["config", "pods", "rest"])
        kinds = {s["shard"]: [k["resource"] for k in s["kinds"]] for s in listed["shards"]}
        self.assertEqual(kinds["config"], ["secrets", "serviceaccounts"])
        self.assertIn("leases.coordination.k8s.io", kinds["rest"])
        snapshot = os.path.join(cluster.root, "s.snap")
        cluster.kabuki("snapshot", "save", snapshot)
        cluster.down()

        # Another one is refused, and says both; without the option the data's own goes on.
        refused = self.up_again("--shard", "pods=pods")
        self.assertEqual(refused.returncode, 1)
        for part in (mapping, "objects=*;pods=pods", "leave --shard out"):
            self.assertIn(part, refused.stderr)
        self.assertEqual(self.up_again("--shard", "pods=pods", "--shard", "pods=nodes,po").returncode, 1)
        self.assertIn("there is no resource", self.up_again("--shard", "a=things").stderr)
        again = self.up_again()
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(self.shards()["mapping"], mapping)
        self.assertEqual(cluster.get("secret", "kept")["data"], {"n": "MQ=="})
        self.assertEqual(cluster.kabuki("store", "check").returncode, 0)
        cluster.down()
        self.assertEqual(self.shards()["mapping"], mapping)

        # What is restored has the mapping of what was saved.
        run([KABUKI, "snapshot", "verify", snapshot])
        new = cluster.data + "-restored"
        run([KABUKI, "snapshot", "restore", snapshot, "--data", new])
        check = run([KABUKI, "store", "list", "--data", new, "-o", "json"])
        self.assertEqual(json.loads(check.stdout)["mapping"], mapping)

    def test_a_label_is_indexed_on_request(self):
        cluster = self.start("--index-label", "configmaps=writer", "--history-changes", "40", "--history-bytes", "1MB",
                             "--history-age", "2m")
        objects = [{**config_map(f"m{i}"), "metadata": {"name": f"m{i}", "labels": {"writer": f"w{i % 20}", "all": "x"}}}
                   for i in range(60)]
        cluster.apply(*objects)
        shard = next(s for s in self.shards()["shards"] if s["shard"] == "objects")
        self.assertEqual(shard["indexes"], ["configmaps by label writer"])
        self.assertEqual([shard["window"][n] for n in ("changesMax", "bytesMax", "ageMaxSeconds")], [40, 1024 * 1024, 120])
        self.assertLessEqual(shard["window"]["changes"], 40)
        api = Api(cluster)

        def scanned(selector):
            before = self.metric("list_scanned_total", "objects")
            found = api.request("GET", "/api/v1/namespaces/default/configmaps?labelSelector=" + selector).json["items"]
            return len(found), self.metric("list_scanned_total", "objects") - before
        found, looked_at = min((scanned("writer%3Dw7") for _ in range(3)), key=lambda pair: pair[1])
        self.assertEqual((found, looked_at), (3, 3))
        found, looked_at = scanned("all%3Dx")
        self.assertEqual(found, 60)
        self.assertGreaterEqual(looked_at, 60)
        check = json.loads(cluster.kabuki("store", "check", "-o", "json").stdout)
        self.assertEqual(check["errors"], 0)
        self.assertGreaterEqual(check["indexLookups"], 20)
        self.assertIn("write it as pods=app", self.up_again("--index-label", "pods").stderr)

    def events(self):
        return Api(self.cluster).request("GET", "/api/v1/namespaces/default/events")

    def damage(self):
        """The shard's manifest, which is read whenever it is opened."""
        for manifest in glob.glob(os.path.join(self.cluster.data, "store", "events", "MANIFEST-*")):
            with open(manifest, "r+b") as file:
                file.seek(20)
                file.write(b"\xff")

    def test_a_lost_shard_is_down_alone_and_is_put_back(self):
        cluster = self.start()
        cluster.apply(deployment("two", replicas=2))
        cluster.running("app=two", 2)
        eventually(lambda: len(self.events().json["items"]) > 0, "events are there")
        snapshot = os.path.join(cluster.root, "s.snap")
        cluster.kabuki("snapshot", "save", snapshot)
        saved = {e["metadata"]["uid"] for e in self.events().json["items"]}

        self.damage()
        cluster.kabuki("fault", "kill", "host-1/store/events")
        refused = eventually(lambda: self.events().code == 503 and self.events(), "the shard refuses")
        self.assertRegex(refused.json["message"], "store/events.*MANIFEST.*kabuki store replace events --from SNAPSHOT")
        # All else goes on: writes, the scheduler, the controllers.
        cluster.out("scale", "deployment/two", "--replicas=4")
        cluster.running("app=two", 4)
        ready = Api(cluster).request("GET", "/readyz?verbose")
        text = ready.body if isinstance(ready.body, str) else ready.body.decode()
        self.assertEqual(ready.code, 500)
        self.assertIn("[-]store/events failed", text)
        self.assertIn("[+]store/pods ok", text)
        listed = cluster.kabuki("store", "list", check=False)
        self.assertEqual(listed.returncode, 1)
        self.assertIn("MANIFEST", listed.stdout)
        self.assertEqual(self.metric("open", "events"), 0)
        in_use = cluster.kabuki("store", "replace", "pods", "--from", snapshot, check=False)
        self.assertEqual(in_use.returncode, 1)
        self.assertIn("in use", in_use.stderr)

        # So it is when the process dies and its guardian starts it again.
        pid = cluster.state()["pid"]
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: cluster.state()["pid"] != pid, "the guardian starts another")
        cluster.running("app=two", 4)
        self.assertEqual(self.events().code, 503)

        cluster.kabuki("store", "replace", "events", "--from", snapshot)
        eventually(lambda: self.events().code == 200, "the shard serves again")
        self.assertLessEqual(saved, {e["metadata"]["uid"] for e in self.events().json["items"]})
        eventually(lambda: Api(cluster).request("GET", "/readyz").code == 200, "it is ready again")
        cluster.kabuki("store", "check")

    def test_a_start_is_refused_where_a_shard_is_rotten_or_gone(self):
        cluster = self.start()
        cluster.down()
        self.damage()
        rotten = self.up_again()
        self.assertEqual(rotten.returncode, 1)
        self.assertRegex(rotten.stderr, "store/events.*MANIFEST-[0-9]+.*offset.*kabuki store replace events")
        os.rename(os.path.join(cluster.data, "store", "events"), os.path.join(cluster.data, "elsewhere"))
        gone = self.up_again()
        self.assertEqual(gone.returncode, 1)
        self.assertRegex(gone.stderr, "store/events is lost.*kabuki store replace events")
        self.assertFalse(os.path.exists(os.path.join(cluster.data, "store", "events")))
        self.assertIn("say what to put there", cluster.kabuki("store", "replace", "events", check=False).stderr)
        cluster.kabuki("store", "replace", "events", "--empty")
        again = self.up_again()
        self.assertEqual(again.returncode, 0, again.stderr)

    def test_lazy_leases_are_for_rocksdb(self):
        refused = run([KABUKI, "up", "--name", "lazy", "--data", "/nonexistent/lazy", "--lazy-leases", "--etcd",
                       "http://127.0.0.1:1"], check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("--lazy-leases is for --store rocksdb", refused.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
