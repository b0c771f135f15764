"""A cluster of its own for a test of real processes: started on free ports in a directory of its own, stopped by the
directory's own command, whatever happens."""
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")
DEBIAN_KUBECTL = os.path.join(REPOSITORY, "build", "debian-kubectl", "usr", "bin", "kubectl")

KABUKI = os.path.abspath(os.environ.get("KABUKI", os.path.join(REPOSITORY, "build", "release", "kabuki")))
# Debian's own client wherever it is found: tools/setup puts it below build/ where PATH has another.
KUBECTL = os.environ.get("KUBECTL") or (DEBIAN_KUBECTL if os.path.exists(DEBIAN_KUBECTL) else "kubectl")
PATIENCE = float(os.environ.get("KABUKI_TEST_PATIENCE", "90"))
# How long kubectl waits for something; its process gets longer, so that it can say what it waited for.
WAIT = f"--timeout={PATIENCE:g}s"
SHUNNED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def kubectl_minor():
    """20 of "v1.20.2"."""
    version = json.loads(run([KUBECTL, "version", "--client", "-o", "json"]).stdout)["clientVersion"]["gitVersion"]
    return int(version.split(".")[1])


def fixture(name):
    with open(os.path.join(FIXTURES, name)) as text:
        return json.load(text)


class CommandFailed(AssertionError):
    def __init__(self, command, result):
        super().__init__(f"{' '.join(command)}\nexit {result.returncode}\n{result.stdout}\n{result.stderr}")
        self.stdout, self.stderr, self.returncode = result.stdout, result.stderr, result.returncode


def run(command, stdin=None, check=True, timeout=PATIENCE + 30, env=None):
    result = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout,
                            env={**os.environ, **(env or {})})
    if check and result.returncode != 0:
        raise CommandFailed(command, result)
    return result


def eventually(condition, what, patience=PATIENCE):
    """Waits until condition() is true; returns what it returned. Fails with the last error or value."""
    deadline = time.monotonic() + patience
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except (CommandFailed, KeyError, IndexError, json.JSONDecodeError) as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {patience} s; last seen: {last}")
        time.sleep(0.05)


class Cluster:
    """`with Cluster(nodes=3) as c: c.kubectl("get", "nodes")`"""

    def __init__(self, *options, nodes=3):
        self.root = tempfile.mkdtemp(prefix="kabuki-test-")
        self.data = os.path.join(self.root, "data")
        self.kubeconfig = os.path.join(self.root, "kubeconfig")
        self.options = list(options)
        self.nodes = nodes
        self.workers = []
        self.started = []
        # Clients cache discovery below HOME; a shared one would tell of another cluster.
        self.env = {"HOME": self.root, "KUBECONFIG": self.kubeconfig}

    def __enter__(self):
        try:
            self.up()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind, value, trace):
        for process in self.started:
            process.kill()
            process.communicate()
        for worker in self.workers:
            run([KABUKI, "down", "--data", worker], check=False, env=self.env)
        run([KABUKI, "down", "--data", self.data], check=False, env=self.env)
        if kind is not None and os.path.exists(os.path.join(self.data, "kabuki.log")):
            with open(os.path.join(self.data, "kabuki.log"), errors="replace") as log:
                print("--- the host's log, its end\n" + "".join(log.readlines()[-60:]))
        shutil.rmtree(self.root, ignore_errors=True)

    def up(self, *more):
        return run([KABUKI, "up", "--name", "test", "--data", self.data, "--kubeconfig", self.kubeconfig, "--port", "0",
                    "--nodes", str(self.nodes), *self.options, *more], env=self.env)

    def down(self):
        return run([KABUKI, "down", "--data", self.data], env=self.env)

    def join(self, nodes=2):
        """Adds a host; returns its directory."""
        worker = os.path.join(self.root, f"worker-{len(self.workers) + 1}")
        run([KABUKI, "host", "--join", os.path.join(self.data, "join.json"), "--data", worker, "--nodes", str(nodes)],
            env=self.env)
        self.workers.append(worker)
        return worker

    def state(self, data=None):
        with open(os.path.join(data or self.data, "cluster.json")) as text:
            return json.load(text)

    def kabuki(self, *arguments, check=True):
        return run([KABUKI, *arguments, "--data", self.data], check=check, env=self.env)

    def status(self):
        return json.loads(self.kabuki("status", "-o", "json").stdout)

    def kubectl(self, *arguments, stdin=None, check=True, timeout=PATIENCE + 30):
        return run([KUBECTL, *arguments], stdin=stdin, check=check, timeout=timeout, env=self.env)

    def start_kubectl(self, *arguments):
        """A kubectl that goes on (a watch); ended with the cluster at the latest."""
        process = subprocess.Popen([KUBECTL, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env={**os.environ, **self.env})
        self.started.append(process)
        return process

    def refused(self, *arguments, stdin=None):
        """What kubectl says on stderr; fails if it succeeds."""
        result = self.kubectl(*arguments, stdin=stdin, check=False)
        if result.returncode == 0:
            raise AssertionError(f"kubectl {' '.join(arguments)} succeeded: {result.stdout}")
        return result.stderr

    def out(self, *arguments, stdin=None):
        return self.kubectl(*arguments, stdin=stdin).stdout

    def get(self, *arguments):
        return json.loads(self.out("get", *arguments, "-o", "json"))

    def apply(self, *documents):
        if len(documents) > 1 and not any(isinstance(d, str) for d in documents):
            documents = [listed(*documents)]  # old kubectls read one JSON document of a stream
        text = "\n---\n".join(d if isinstance(d, str) else json.dumps(d) for d in documents)
        return self.out("apply", "-f", "-", stdin=text)

    def running(self, selector, count, namespace="default"):
        """Waits for exactly `count` pods, all Running and ready; returns them."""
        def settled():
            pods = self.get("pods", "-n", namespace, "-l", selector)["items"]
            alive = [p for p in pods if "deletionTimestamp" not in p["metadata"]]
            ready = [p for p in alive if any(c["type"] == "Ready" and c["status"] == "True"
                                             for c in p["status"].get("conditions", []))]
            return ready if len(ready) == len(alive) == len(pods) == count else None
        return eventually(settled, f"{count} pods of {selector} running")

    def nodes_ready(self, count=None):
        """Waits for exactly `count` nodes that are ready and may be used: the taint of one that was not goes later."""
        def ready():
            nodes = self.get("nodes")["items"]
            good = [n for n in nodes if any(c["type"] == "Ready" and c["status"] == "True"
                                            for c in n["status"].get("conditions", []))
                    and not any(t["key"] in SHUNNED for t in n["spec"].get("taints", []))]
            return good if len(good) == (count or self.nodes) else None
        return eventually(ready, "nodes ready")


def listed(*documents):
    return {"apiVersion": "v1", "kind": "List", "items": list(documents)}


def deployment(name="web", replicas=4, image="registry.example/web:1.0", labels=None, annotations=None):
    labels = labels or {"app": name}
    metadata = {"labels": labels, **({"annotations": annotations} if annotations else {})}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
                     "template": {"metadata": metadata,
                                  "spec": {"containers": [{"name": "web", "image": image,
                                                           "ports": [{"containerPort": 80}]}]}}}}


class ClusterTest(unittest.TestCase):
    """One cluster for all tests of a class; each test uses names of its own."""
    options = ()
    nodes = 3

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(*cls.options, nodes=cls.nodes)
        cls.enterClassContext(cls.cluster) if hasattr(cls, "enterClassContext") else cls._enter()
        cls.cluster.nodes_ready()

    @classmethod
    def _enter(cls):
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
