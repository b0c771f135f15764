"""Whatever is killed comes back, by itself, and nothing that was acknowledged is lost."""
import http.client
import os
import signal
import ssl
import threading
import unittest

from harness import Cluster, ClusterTest, deployment, eventually
from https import Api

MAPS = "/api/v1/namespaces/default/configmaps"


def actors(tree):
    """Every name of a tree of `kabuki status`, children before parents."""
    names = []
    for child in tree.get("children", []):
        names += actors(child)
    return names + [tree["name"]]


def running(tree):
    mine = {tree["name"]} if tree["state"] == "running" else set()
    return mine.union(*(running(child) for child in tree.get("children", [])))


def containers(pods):
    """What must not change when only actors die: uid and restarts per pod."""
    return {p["metadata"]["name"]: (p["metadata"]["uid"], p["status"]["podIP"],
                                    [c["restartCount"] for c in p["status"]["containerStatuses"]]) for p in pods}


class Writer(threading.Thread):
    """Creates ConfigMaps one after another and remembers which were acknowledged."""

    def __init__(self, api, prefix):
        super().__init__(daemon=True)
        self.api, self.prefix = api, prefix
        self.acknowledged, self.wrong = {}, []
        self.enough = threading.Event()

    def run(self):
        number = 0
        while not self.enough.is_set():
            number += 1
            name = f"{self.prefix}-{number}"
            try:
                answer = self.api.request("POST", MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
                    "name": name, "labels": {"writer": self.prefix}}, "data": {"n": str(number)}})
            except (OSError, ssl.SSLError, http.client.HTTPException):
                self.enough.wait(0.02)
                continue
            if answer.code == 201:
                self.acknowledged[name] = answer.json["metadata"]["uid"]
            elif answer.code not in (429, 500, 503, 504):
                self.wrong.append(answer)

    def stop(self):
        self.enough.set()
        self.join()

    def lost(self):
        """Acknowledged objects that are not there."""
        there = {i["metadata"]["name"]: i["metadata"]["uid"]
                 for i in self.api.get(MAPS + "?labelSelector=writer%3D" + self.prefix).json["items"]}
        return {name for name, uid in self.acknowledged.items() if there.get(name) != uid}


class FaultTest(ClusterTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.apply(deployment("four", replicas=4))
        cls.cluster.running("app=four", 4)

    def four(self):
        return self.cluster.running("app=four", 4)

    def tree(self):
        hosts = self.cluster.status()["hosts"]
        return (hosts or [{}])[0].get("tree", {"name": "", "state": ""})

    def test_a_deleted_pod_is_replaced(self):
        before = containers(self.four())
        victim = sorted(before)[0]
        self.cluster.out("delete", "pod", victim)
        after = containers(self.four())
        self.assertNotIn(victim, after)
        del before[victim]
        self.assertEqual({name: after.get(name) for name in before}, before)

    def test_a_crashed_container_restarts_in_its_pod(self):
        before = containers(self.four())
        victim = sorted(before)[1]
        self.cluster.kabuki("fault", "crash", f"{victim}/web", "--exit-code", "3")

        def restarted():
            status = self.cluster.get("pod", victim)["status"]["containerStatuses"][0]
            return status if status["restartCount"] == 1 and status["ready"] else None
        status = eventually(restarted, "the container runs again")
        self.assertEqual(status["lastState"]["terminated"]["exitCode"], 3)
        after = containers(self.four())
        uid, address, _ = before[victim]
        self.assertEqual(after, {**before, victim: (uid, address, [1])})

    def test_a_crash_of_what_is_not_there_is_refused(self):
        result = self.cluster.kabuki("fault", "crash", "nope/web", check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn('pods "nope" not found', result.stderr)
        result = self.cluster.kabuki("fault", "kill", "host-1/nobody", check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("host-1/nobody", result.stderr)

    def test_every_actor_may_be_killed(self):
        before = containers(self.four())
        names = actors(self.tree())
        self.assertGreater(len(names), 30)
        for group in ("scheduler", "store/pods", "store", "api-server/gateway", "kubelet/node-1", "views", "controllers"):
            self.assertIn("host-1/" + group, names)
        writer = Writer(Api(self.cluster), "every")
        writer.start()
        try:
            for name in names:
                with self.subTest(name):
                    self.kill(name)
        finally:
            writer.stop()
        self.assertEqual(writer.wrong, [])
        self.assertGreater(len(writer.acknowledged), 20)
        self.assertEqual(writer.lost(), set())
        self.assertEqual(containers(self.four()), before)
        self.cluster.out("scale", "deployment/four", "--replicas=6")
        self.cluster.running("app=four", 6)
        self.cluster.out("scale", "deployment/four", "--replicas=4")
        self.four()

    def kill(self, name):
        """Kills one actor; waits until it stands again and the count is right."""
        # An actor whose parent died a moment ago may not stand yet.
        eventually(lambda: self.cluster.kabuki("fault", "kill", name), f"{name} killed")
        eventually(lambda: name in running(self.tree()), f"{name} runs again")
        self.cluster.running("app=four", 4)

    def test_work_goes_on_while_actors_die(self):
        victims = ["host-1/scheduler", "host-1/controllers/replica-set", "host-1/store/pods", "host-1/kubelet/node-2",
                   "host-1/api-server/bus", "host-1/views/pods", "host-1/kubelet/status-writer"]
        self.cluster.apply(deployment("busy", replicas=2))
        for round_, name in enumerate(victims):
            self.cluster.out("scale", "deployment/busy", f"--replicas={3 + round_}")
            eventually(lambda: self.cluster.kabuki("fault", "kill", name), f"{name} killed")
        pods = self.cluster.running("app=busy", 2 + len(victims))
        addresses = [p["status"]["podIP"] for p in pods]
        self.assertEqual(len(set(addresses)), len(addresses))
        self.assertEqual({r for _, _, restarts in containers(pods).values() for r in restarts}, {0})
        self.cluster.out("delete", "deployment", "busy")
        eventually(lambda: not self.cluster.get("pods", "-l", "app=busy")["items"], "all pods of busy gone")


class CrashTest(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster()
        self.cluster.__enter__()
        self.addCleanup(self.cluster.__exit__, None, None, None)
        self.cluster.nodes_ready()
        self.cluster.apply(deployment("four", replicas=4))
        self.before = containers(self.cluster.running("app=four", 4))

    def gone(self, pid):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
        except FileNotFoundError:
            return True

    def assert_recovered(self, writer):
        self.assertEqual(writer.wrong, [])
        self.assertEqual(writer.lost(), set())
        self.assertEqual(containers(self.cluster.running("app=four", 4)), self.before)
        self.cluster.nodes_ready()
        self.cluster.out("scale", "deployment/four", "--replicas=5")
        self.cluster.running("app=four", 5)

    def test_the_guardian_restarts_a_killed_host(self):
        writer = Writer(Api(self.cluster), "crash")
        writer.start()
        server = self.cluster.state()["apiServer"]
        for _ in range(3):
            count = len(writer.acknowledged)
            eventually(lambda: len(writer.acknowledged) > count + 10, "writes are acknowledged")
            pid = self.cluster.status()["hosts"][0]["pid"]
            os.kill(pid, signal.SIGKILL)
            eventually(lambda: self.cluster.state()["pid"] != pid, "another host process")
        count = len(writer.acknowledged)
        eventually(lambda: len(writer.acknowledged) > count + 10, "writes are acknowledged again")
        writer.stop()
        self.assert_recovered(writer)
        self.assertEqual(self.cluster.state()["apiServer"], server)

    def test_up_again_after_guardian_and_host_were_killed(self):
        api = Api(self.cluster)
        writer = Writer(api, "power")
        writer.start()
        eventually(lambda: len(writer.acknowledged) > 20, "writes are acknowledged")
        state = self.cluster.state()
        for process in ("guardianPid", "pid"):
            os.kill(state[process], signal.SIGKILL)
        eventually(lambda: self.gone(state["pid"]), "the host process has ended")
        writer.stop()
        eventually(lambda: self.cluster.up(), "up again")
        api.load()
        self.assert_recovered(writer)

    def test_down_and_up_keep_everything(self):
        api = Api(self.cluster)
        writer = Writer(api, "orderly")
        writer.start()
        eventually(lambda: len(writer.acknowledged) > 20, "writes are acknowledged")
        writer.stop()
        self.cluster.down()
        self.assertNotEqual(self.cluster.kubectl("get", "pods", check=False).returncode, 0)
        self.cluster.up()
        api.load()
        self.assert_recovered(writer)


if __name__ == "__main__":
    unittest.main(verbosity=2)
