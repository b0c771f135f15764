"""A control plane over an etcd that wants TLS, a client certificate and a password: it serves, a second master joins, the
store can be looked into; with the wrong secrets it says what is wrong and starts nothing."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import unittest

from harness import KABUKI, Cluster, deployment, eventually, run

PASSWORD = "correct horse"


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class SecureEtcd:
    """One member on loopback, with an authority of its own."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="kabuki-etcd-")
        self.authority("ca")
        self.certificate("server", "ca", "subjectAltName=IP:127.0.0.1")
        self.certificate("client", "ca", "extendedKeyUsage=clientAuth")
        client, peer = free_ports(2)
        self.url = f"https://127.0.0.1:{client}"
        with open(self.file("log"), "w") as log:
            self.process = subprocess.Popen(
                ["etcd", "--data-dir", self.file("data"), "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
                 "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
                 "--initial-cluster", f"default=http://127.0.0.1:{peer}", "--cert-file", self.file("server.pem"),
                 "--key-file", self.file("server.key"), "--trusted-ca-file", self.file("ca.pem"), "--client-cert-auth"],
                stdout=log, stderr=log)
        eventually(lambda: self.control("endpoint", "health", check=False).returncode == 0, "etcd is healthy")
        self.control("user", "add", "root", "--interactive=false", f"--new-user-password={PASSWORD}")
        self.control("user", "grant-role", "root", "root")
        self.control("auth", "enable")
        self.secret("password", PASSWORD)

    def file(self, name):
        return os.path.join(self.root, name)

    def secret(self, name, text):
        with open(os.open(self.file(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text + "\n")
        return self.file(name)

    def authority(self, name):
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", f"/CN={name}", "-keyout", self.file(f"{name}.key"), "-out", self.file(f"{name}.pem")])

    def certificate(self, name, authority, extension):
        run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
             "-keyout", self.file(f"{name}.key"), "-out", self.file(f"{name}.csr")])
        with open(self.file(f"{name}.ext"), "w") as file:
            file.write(extension)
        run(["openssl", "x509", "-req", "-days", "2", "-in", self.file(f"{name}.csr"), "-CA", self.file(f"{authority}.pem"),
             "-CAkey", self.file(f"{authority}.key"), "-CAcreateserial", "-extfile", self.file(f"{name}.ext"),
             "-out", self.file(f"{name}.pem")])

    def control(self, *arguments, check=True):
        return run(["etcdctl", "--endpoints", self.url, "--cacert", self.file("ca.pem"), "--cert", self.file("client.pem"),
                    "--key", self.file("client.key"), *arguments], check=check, env={"ETCDCTL_API": "3"})

    def options(self, **other):
        """What `kabuki` needs to reach it; `other` replaces a file, or leaves it out (None)."""
        files = {"ca": self.file("ca.pem"), "cert": self.file("client.pem"), "key": self.file("client.key"),
                 "password_file": self.file("password"), **other}
        options = ["--etcd", self.url]
        for name, file in files.items():
            options += [f"--etcd-{name.replace('_', '-')}", file] if file else []
        return options + (["--etcd-user", "root"] if files["password_file"] else [])

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.root, ignore_errors=True)


@unittest.skipUnless(shutil.which("etcd") and shutil.which("etcdctl"), "etcd is not installed")
class EtcdSecurityTest(unittest.TestCase):
    def setUp(self):
        self.etcd = SecureEtcd()
        self.addCleanup(self.etcd.stop)

    def test_two_masters_serve_over_it(self):
        with Cluster("--listen", "127.0.0.1", *self.etcd.options(), nodes=2) as cluster:
            data = os.path.join(cluster.root, "master-2")
            cluster.workers.append(data)
            run([KABUKI, "host", "--join", os.path.join(cluster.data, "join-control-plane.json"), "--control-plane", "--data", data,
                 "--name", "test", "--listen", "127.0.0.1", "--kubeconfig", cluster.kubeconfig, "--nodes", "0",
                 *self.etcd.options()], env=cluster.env)
            cluster.apply(deployment("web", replicas=3))
            cluster.running("app=web", 3)
            seen = json.loads(cluster.out("--context", "test-host-2", "get", "deployment", "web", "-o", "json"))
            self.assertEqual(seen["status"]["readyReplicas"], 3)
            cluster.out("--context", "test-host-2", "scale", "deployment", "web", "--replicas=1")
            cluster.running("app=web", 1)
            check = run([KABUKI, "store", "check", *self.etcd.options(), "--name", "test", "-o", "json"], env=cluster.env)
            self.assertEqual(json.loads(check.stdout)["errors"], 0)

    def test_wrong_secrets_are_told_and_nothing_is_started(self):
        self.etcd.authority("stranger")
        self.etcd.certificate("forged", "stranger", "extendedKeyUsage=clientAuth")
        root = tempfile.mkdtemp(prefix="kabuki-test-")
        self.addCleanup(shutil.rmtree, root, ignore_errors=True)
        rows = [
            ({"password_file": self.etcd.secret("wrong", "tr0ub4dor")}, "kabuki up: etcd refuses the user"),
            ({"ca": self.etcd.file("stranger.pem")}, "did another authority sign its certificate"),
            ({"cert": self.etcd.file("forged.pem"), "key": self.etcd.file("forged.key")}, "does it ask for a client's"),
            ({"cert": None, "key": None}, "does it ask for a client's"),
            ({"key": None}, "--etcd-cert and --etcd-key go together"),
            ({"ca": os.path.join(root, "none.pem")}, "none.pem"),
        ]
        for number, (files, told) in enumerate(rows):
            with self.subTest(files):
                data = os.path.join(root, str(number))
                refused = run([KABUKI, "up", "--name", "test", "--data", data, "--kubeconfig", data + "-config", "--port", "0",
                               "--nodes", "0", "--listen", "127.0.0.1", *self.etcd.options(**files)], check=False,
                              env={"HOME": root})
                if refused.returncode == 0:
                    run([KABUKI, "down", "--data", data])
                self.assertNotEqual(refused.returncode, 0)
                self.assertIn(told, refused.stderr)
                self.assertFalse(os.path.exists(data + "-config"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
