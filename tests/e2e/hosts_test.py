"""Several host processes as one cluster: joined by file over CURVE, lost, and back."""
import json
import os
import signal
import unittest

from harness import KABUKI, ClusterTest, deployment, eventually, run


class HostsTest(ClusterTest):
    nodes = 2
    # Long enough that a machine which is busy with other tests does not lose its nodes, short enough to wait for.
    options = ("--listen", "127.0.0.1", "--node-grace", "10s", "--eviction-timeout", "3s")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.join(nodes=2)
        cls.cluster.join(nodes=2)
        cls.cluster.nodes_ready(6)

    def hosts_of(self, pods):
        host = {n["metadata"]["name"]: n["metadata"]["annotations"]["kabuki.io/host"]
                for n in self.cluster.get("nodes")["items"]}
        return {p["metadata"]["name"]: host[p["spec"]["nodeName"]] for p in pods}

    def spread(self, name, replicas):
        """A deployment that likes to be on every node."""
        made = deployment(name, replicas=replicas)
        made["spec"]["template"]["spec"]["topologySpreadConstraints"] = [{
            "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"app": name}}}]
        return made

    def hosts(self):
        return {h["name"]: h for h in self.cluster.status()["hosts"]}

    def log(self):
        with open(os.path.join(self.cluster.data, "kabuki.log"), errors="replace") as log:
            return log.read()

    def test_pods_spread_over_hosts_and_reach_each_other(self):
        self.cluster.nodes_ready(6)
        self.cluster.apply(self.spread("spread", 6))
        hosts = self.hosts_of(self.cluster.running("app=spread", 6))
        self.assertEqual(set(hosts.values()), {"host-1", "host-2", "host-3"})
        self.assertEqual({name for name, host in self.hosts().items() if host["up"]}, set(hosts.values()))
        one = {host: name for name, host in hosts.items()}
        for a, b in (("host-1", "host-2"), ("host-2", "host-3"), ("host-3", "host-1"), ("host-2", "host-2")):
            probe = json.loads(self.cluster.kabuki("net", "probe", one[a], one[b], "-o", "json").stdout)
            self.assertTrue(probe["reached"], probe)
            self.assertNotEqual(probe["from"], "")
        result = self.cluster.kabuki("net", "probe", one["host-1"], "nope", check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn('pods "nope" not found', result.stderr)
        self.cluster.out("delete", "deployment", "spread")

    def join_with(self, name, change):
        """Tries to join by a changed join file; returns what is said."""
        with open(os.path.join(self.cluster.data, "join.json")) as file:
            join = json.load(file)
        change(join)
        path = os.path.join(self.cluster.root, name + ".json")
        with open(path, "w") as file:
            json.dump(join, file)
        os.chmod(path, 0o600)
        result = run([KABUKI, "host", "--join", path, "--data", os.path.join(self.cluster.root, name)], check=False,
                     env=self.cluster.env)
        self.assertNotEqual(result.returncode, 0, result)
        self.assertEqual(set(self.hosts()), {"host-1", "host-2", "host-3"})
        return result.stderr

    def test_a_wrong_secret_is_refused_and_logged(self):
        before = self.log().count("refused")

        def other_secret(join):
            join["secret"] = join["secret"][:-5] + ("00000" if join["secret"][-5:] != "00000" else "11111")
        self.assertIn("join file", self.join_with("secret", other_secret))
        eventually(lambda: self.log().count("refused") > before, "the refusal is logged")

    def test_a_tampered_server_key_is_not_trusted(self):
        def other_key(join):
            join["serverKey"] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
        self.assertIn("join file", self.join_with("server", other_key))

    def test_a_join_file_that_is_none(self):
        def no_key(join):
            del join["serverKey"]
        self.assertIn("serverKey", self.join_with("none", no_key))

    def test_a_lost_host_is_replaced_and_comes_back(self):
        self.cluster.nodes_ready(6)
        self.cluster.apply(self.spread("moved", 6))
        before = self.hosts_of(self.cluster.running("app=moved", 6))
        self.assertIn("host-3", before.values())
        worker = self.cluster.workers[1]
        state = self.cluster.state(worker)
        self.assertEqual(state["host"], "host-3")
        for process in ("guardianPid", "pid"):
            os.kill(state[process], signal.SIGKILL)

        def not_ready():
            return {n["metadata"]["name"] for n in self.cluster.get("nodes")["items"]
                    if any(c["type"] == "Ready" and c["status"] != "True" for c in n["status"]["conditions"])}
        eventually(lambda: len(not_ready()) == 2, "both nodes of the lost host are not ready")
        lost = not_ready()

        def elsewhere():
            pods = [p for p in self.cluster.get("pods", "-l", "app=moved")["items"]
                    if p["spec"].get("nodeName") not in lost and "deletionTimestamp" not in p["metadata"]
                    and p["status"].get("phase") == "Running"]
            return pods if len(pods) == 6 else None
        after = self.hosts_of(eventually(elsewhere, "six pods run elsewhere"))
        self.assertEqual(set(after.values()), {"host-1", "host-2"})
        kept = {name for name, host in before.items() if host != "host-3"}
        self.assertLessEqual(kept, set(after))

        run([KABUKI, "host", "--join", os.path.join(self.cluster.data, "join.json"), "--data", worker, "--nodes", "2"],
            env=self.cluster.env)
        self.cluster.nodes_ready(6)
        self.cluster.running("app=moved", 6)
        self.cluster.out("scale", "deployment/moved", "--replicas=12")
        hosts = self.hosts_of(self.cluster.running("app=moved", 12))
        self.assertIn("host-3", hosts.values())
        self.assertEqual(set(self.hosts()), {"host-1", "host-2", "host-3"})

    def test_workers_outlive_their_control_plane_process(self):
        self.cluster.nodes_ready(6)
        self.cluster.apply(self.spread("steady", 6))
        before = {p["metadata"]["uid"]: p["status"]["containerStatuses"][0]["restartCount"]
                  for p in self.cluster.running("app=steady", 6)}
        pid = self.cluster.state()["pid"]
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: self.cluster.state()["pid"] != pid, "another host process")
        self.cluster.nodes_ready(6)
        after = {p["metadata"]["uid"]: p["status"]["containerStatuses"][0]["restartCount"]
                 for p in self.cluster.running("app=steady", 6)}
        self.assertEqual(after, before)
        self.cluster.out("scale", "deployment/steady", "--replicas=9")
        self.assertEqual(set(self.hosts_of(self.cluster.running("app=steady", 9)).values()), {"host-1", "host-2", "host-3"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
