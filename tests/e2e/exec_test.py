"""kubectl exec and attach: programs run in simulated containers, over WebSockets."""
import subprocess
import unittest

from harness import KUBECTL, PATIENCE, ClusterTest, deployment, eventually, kubectl_minor, run

SPEAKS_WEB_SOCKET = kubectl_minor() >= 31


def pod(name, annotations=None, containers=("c",), **spec):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": name},
                         "annotations": {f"sim.kabuki.io/{key}": value for key, value in (annotations or {}).items()}},
            "spec": {"containers": [{"name": c, "image": "registry.example/web:1.0"} for c in containers], **spec}}


class ExecTest(ClusterTest):
    def exec(self, *arguments, stdin=None):
        """What it prints, what it complains of, its exit code."""
        result = self.cluster.kubectl("exec", *arguments, stdin=stdin, check=False)
        return result.stdout, result.stderr, result.returncode

    def started(self, *pods):
        self.cluster.apply(*pods)
        for one in pods:
            self.cluster.running(f"app={one['metadata']['name']}", 1)

    @unittest.skipIf(SPEAKS_WEB_SOCKET, "this kubectl speaks WebSocket")
    def test_an_old_kubectl_is_told_what_is_missing(self):
        self.started(pod("old"))
        out, err, code = self.exec("old", "--", "echo", "hi")
        self.assertEqual((out, code), ("", 1))
        self.assertIn("SPDY is not spoken here; use a client that speaks WebSocket (kubectl 1.31 or newer", err)
        self.assertIn("SPDY is not spoken here", self.cluster.refused("attach", "old"))

    @unittest.skipUnless(SPEAKS_WEB_SOCKET, "kubectl speaks WebSocket from 1.31 on")
    def test_exec_prints_and_passes_the_exit_code_on(self):
        self.started(pod("run"))
        self.assertEqual(self.exec("run", "--", "echo", "hi"), ("hi\n", "", 0))
        self.assertEqual(self.exec("run", "--", "hostname"), ("run\n", "", 0))
        out, err, code = self.exec("run", "--", "sh", "-c", "echo fine; echo broken >&2; exit 3")
        self.assertEqual((out, code), ("fine\n", 3))
        self.assertEqual(err, "broken\ncommand terminated with exit code 3\n")
        out, err, code = self.exec("run", "--", "nonesuch")
        self.assertEqual((out, code), ("", 1))
        self.assertIn('exec: "nonesuch": executable file not found in $PATH: unknown', err)

    @unittest.skipUnless(SPEAKS_WEB_SOCKET, "kubectl speaks WebSocket from 1.31 on")
    def test_exec_with_input(self):
        self.started(pod("input"))
        self.assertEqual(self.exec("-i", "input", "--", "cat", stdin="one\ntwo\n"), ("one\ntwo\n", "", 0))
        self.assertEqual(self.exec("input", "--stdin", "--", "sh", stdin="cd /etc\ncat hostname\nexit 4\n"),
                         ("input\n", "command terminated with exit code 4\n", 4))
        much = "0123456789abcde\n" * 50_000
        self.assertEqual(self.exec("-i", "input", "--", "cat", stdin=much), (much, "", 0))

    @unittest.skipUnless(SPEAKS_WEB_SOCKET, "kubectl speaks WebSocket from 1.31 on")
    def test_exec_on_a_terminal(self):
        import pty
        import os
        self.started(pod("terminal"))
        master, slave = pty.openpty()
        process = subprocess.Popen([KUBECTL, "exec", "-it", "terminal", "--tty", "--", "sh"], stdin=slave, stdout=slave,
                                   stderr=slave, env={**os.environ, **self.cluster.env})
        self.cluster.started.append(process)
        os.close(slave)
        seen = b""

        def until(text):
            nonlocal seen
            while text not in seen:
                seen += os.read(master, 4096)
        until(b"/ # ")
        os.write(master, b"echo $HOSTNAME\r")
        until(b"echo $HOSTNAME\r\nterminal\r\n/ # ")
        os.write(master, b"exit 5\r")
        self.assertEqual(process.wait(timeout=PATIENCE), 5)
        os.close(master)

    @unittest.skipUnless(SPEAKS_WEB_SOCKET, "kubectl speaks WebSocket from 1.31 on")
    def test_exec_sees_the_container(self):
        self.cluster.kubectl("create", "configmap", "exec-settings", "--from-literal=colour=red")
        one = pod("world", {"writes": "/data/made=by the simulator", "exec": "redis-cli ping => PONG"}, ("a", "b"))
        a, b = one["spec"]["containers"]
        a["env"] = [{"name": "COLOUR", "valueFrom": {"configMapKeyRef": {"name": "exec-settings", "key": "colour"}}},
                    {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]
        b["volumeMounts"] = [{"name": "settings", "mountPath": "/etc/settings"}]
        one["spec"]["volumes"] = [{"name": "settings", "configMap": {"name": "exec-settings"}}]
        self.started(one)
        out, _, _ = self.exec("world", "-c", "a", "--", "env")
        self.assertIn("COLOUR=red\n", out)
        self.assertIn(f"NODE={self.cluster.get('pod', 'world')['spec']['nodeName']}\n", out)
        self.assertEqual(self.exec("world", "--container", "b", "--", "cat", "/etc/settings/colour", "/data/made")[0],
                         "redby the simulator")
        self.assertEqual(self.exec("world", "-c", "b", "--", "redis-cli", "ping"), ("PONG\n", "", 0))
        self.assertEqual(self.exec("world", "-c", "b", "--", "ls", "/etc/settings"), ("colour\n", "", 0))

    @unittest.skipUnless(SPEAKS_WEB_SOCKET, "kubectl speaks WebSocket from 1.31 on")
    def test_exec_by_what_owns_pods(self):
        self.cluster.apply(deployment("front", replicas=2))
        self.cluster.running("app=front", 2)
        self.assertRegex(self.exec("deploy/front", "--", "hostname")[0], r"^front-.*\n$")

    @unittest.skipUnless(SPEAKS_WEB_SOCKET, "kubectl speaks WebSocket from 1.31 on")
    def test_exec_of_what_does_not_run(self):
        self.cluster.apply(pod("waits", {"start-latency": "1h"}))
        eventually(lambda: self.cluster.get("pod", "waits")["spec"].get("nodeName"), "it is bound")
        out, err, code = self.exec("waits", "--", "true")
        self.assertEqual((out, code), ("", 1))
        self.assertIn('container not found ("c")', err)
        self.assertIn('pods "nowhere" not found', self.exec("nowhere", "--", "true")[1])

    @unittest.skipUnless(SPEAKS_WEB_SOCKET, "kubectl speaks WebSocket from 1.31 on")
    def test_attach_follows_what_is_said(self):
        self.started(pod("talks", {"logs": "line {n}", "log-every": "1s", "run-time": "8s"}, restartPolicy="Never"))
        result = self.cluster.kubectl("attach", "talks")
        lines = [line for line in result.stdout.splitlines() if line.startswith("line ")]
        self.assertGreater(len(lines), 1, result.stdout)
        numbers = [int(line.split()[1]) for line in lines]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))

    @unittest.skipUnless(SPEAKS_WEB_SOCKET, "kubectl speaks WebSocket from 1.31 on")
    def test_run_with_input(self):
        result = self.cluster.kubectl("run", "once", "-i", "--rm", "--restart=Never", "--image=registry.example/tool:1.0",
                                      "--annotations=sim.kabuki.io/run-time=3s", "--annotations=sim.kabuki.io/exit-code=2",
                                      stdin="nobody reads this\n", check=False)
        self.assertIn('pod "once" deleted', result.stdout)
        self.assertEqual(result.returncode, 2, result.stderr)

    def test_what_is_not_served_says_so(self):
        self.started(pod("forward"))
        self.assertIn("not served", self.cluster.refused("port-forward", "forward", "0:80"))


class ExecAcrossHostsTest(ClusterTest):
    options = ("--listen", "127.0.0.1")
    nodes = 1

    @unittest.skipUnless(SPEAKS_WEB_SOCKET, "kubectl speaks WebSocket from 1.31 on")
    def test_exec_on_another_host(self):
        self.cluster.join(nodes=2)
        self.cluster.nodes_ready(3)
        nodes = [n["metadata"]["name"] for n in self.cluster.get("nodes")["items"]]
        for i, node in enumerate(nodes):
            self.cluster.apply(pod(f"at-{i}", nodeName=node))
        for i in range(len(nodes)):
            self.cluster.running(f"app=at-{i}", 1)
            self.assertEqual(self.cluster.out("exec", "-i", f"at-{i}", "--", "sh", stdin="hostname\n"), f"at-{i}\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
