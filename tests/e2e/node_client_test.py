"""npm's @kubernetes/client-node, informer and streams included: tests/e2e/node/*.test.mjs against a cluster. The packages
are those of its lock file, installed below build/."""
import os
import shutil
import subprocess
import unittest

from harness import PATIENCE, REPOSITORY, Cluster, run

SOURCE = os.path.join(REPOSITORY, "tests", "e2e", "node")
PLACE = os.path.join(REPOSITORY, "build", "node-client")
# What npm says where no registry answers, or one whose certificate this machine does not know.
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "SELF_SIGNED_CERT_IN_CHAIN")
TESTS = ("exec.test.mjs", "client.test.mjs")
FILES = ("package.json", "package-lock.json", *TESTS)


def installed():
    """What npm installed, if it was from this lock file."""
    marker = os.path.join(PLACE, "installed-lock.json")
    with open(os.path.join(SOURCE, "package-lock.json")) as wanted:
        lock = wanted.read()
    if os.path.exists(marker):
        with open(marker) as there:
            if there.read() == lock:
                return
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise unittest.SkipTest(f"{program} is not installed: tools/setup installs it")
    result = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline",
                             "--fetch-retries=1"], cwd=PLACE, capture_output=True, text=True)
    if result.returncode != 0:
        if any(code in result.stderr for code in UNREACHABLE):
            raise unittest.SkipTest("no npm registry is reachable, and the packages are not there:\n" + result.stderr)
        raise AssertionError("npm ci failed:\n" + result.stderr)
    with open(marker, "w") as there:
        there.write(lock)


class NodeClientTest(unittest.TestCase):
    def test_the_javascript_client(self):
        os.makedirs(PLACE, exist_ok=True)
        for name in FILES:
            shutil.copy(os.path.join(SOURCE, name), PLACE)
        installed()
        with Cluster() as cluster:
            cluster.nodes_ready()
            result = run(["node", "--test", "--test-reporter=spec", "--test-concurrency=1",
                          *[os.path.join(PLACE, name) for name in TESTS]], check=False, timeout=2 * PATIENCE,
                         env={**cluster.env, "KABUKI_PID_FILE": os.path.join(cluster.data, "cluster.json")})
            print(result.stdout)
            self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
