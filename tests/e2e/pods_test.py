"""What becomes of pods and their containers, seen from outside."""
import os
import unittest

from harness import REPOSITORY, WAIT, ClusterTest, eventually

SIM = "sim.kabuki.io/"


def pod(name, containers=("main",), restart="Always", init=(), **settings):
    """A pod of simulated containers; `settings` are annotations, `__` standing for `.` and `_` for `-`."""
    def container(title):
        return {"name": title, "image": f"registry.example/{title}:1.0"}
    annotations = {SIM + key.replace("__", ".").replace("_", "-"): value for key, value in settings.items()}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": annotations},
            "spec": {"restartPolicy": restart, "initContainers": [container(c) for c in init],
                     "containers": [container(c) for c in containers]}}


class PodsTest(ClusterTest):
    def status(self, name):
        return self.cluster.get("pod", name)["status"]

    def container(self, name, position=0):
        return self.status(name)["containerStatuses"][position]

    def phase(self, name, phase):
        def reached():
            status = self.status(name)
            return status if status.get("phase") == phase else None
        return eventually(reached, f"{name} {phase}")

    def ready(self, name):
        self.cluster.out("wait", "--for=condition=Ready", f"pod/{name}", WAIT)
        return self.cluster.get("pod", name)

    def test_a_pod_with_everything(self):
        self.cluster.out("apply", "-f", os.path.join(REPOSITORY, "tools", "examples", "pod-with-everything.yaml"))
        everything = self.ready("everything")
        status = everything["status"]
        initial = {c["name"]: c for c in status["initContainerStatuses"]}
        main = {c["name"]: c for c in status["containerStatuses"]}
        self.assertEqual((list(initial), sorted(main)), (["first", "second", "proxy"], ["reader", "writer"]))
        self.assertEqual([initial[n]["state"]["terminated"]["exitCode"] for n in ("first", "second")], [0, 0])
        steps = [initial["first"]["state"]["terminated"]["startedAt"], initial["first"]["state"]["terminated"]["finishedAt"],
                 initial["second"]["state"]["terminated"]["startedAt"],
                 initial["second"]["state"]["terminated"]["finishedAt"], initial["proxy"]["state"]["running"]["startedAt"],
                 main["writer"]["state"]["running"]["startedAt"]]
        self.assertEqual(steps, sorted(steps))

        def told():
            events = self.cluster.get("events", "--field-selector", "involvedObject.name=everything")["items"]
            events.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
            started = [e["involvedObject"]["fieldPath"].split("{")[1].rstrip("}") for e in events if e["reason"] == "Started"]
            return started if len(set(started)) == 5 else None
        started = eventually(told, "every start is told")
        self.assertEqual(started[:3], ["first", "second", "proxy"])
        self.assertEqual(sorted(set(started[3:])), ["reader", "writer"])
        self.assertTrue(initial["proxy"]["ready"] and main["writer"]["ready"] and main["reader"]["ready"])
        # One address for all of them, ports that do not collide, and a file that both see.
        self.assertEqual(status["podIPs"], [{"ip": status["podIP"]}])
        ports = {c["name"]: c["ports"][0]["containerPort"] for c in everything["spec"]["containers"]}
        self.assertEqual(ports, {"writer": 8080, "reader": 8081})
        for port in ports.values():
            self.cluster.kabuki("net", "probe", "everything", "everything", "--port", str(port))
        self.assertEqual(main["reader"]["restartCount"], 0)
        self.assertIn("hello from the writer", self.cluster.out("describe", "pod", "everything"))

    def test_a_run_that_succeeds(self):
        self.cluster.apply(pod("succeeds", restart="Never", run_time="200ms"))
        self.phase("succeeds", "Succeeded")
        self.assertEqual(self.container("succeeds")["state"]["terminated"]["reason"], "Completed")
        self.assertRegex(self.cluster.out("get", "pod", "succeeds"), r"0/1 +Completed +0")

    def test_a_run_that_fails_and_is_never_restarted(self):
        self.cluster.apply(pod("fails", restart="Never", run_time="100ms", exit_code="7"))
        self.phase("fails", "Failed")
        container = self.container("fails")
        self.assertEqual((container["state"]["terminated"]["exitCode"], container["restartCount"]), (7, 0))
        self.assertRegex(self.cluster.out("get", "pod", "fails"), r"0/1 +Error +0")

    def test_a_failure_is_restarted_until_it_succeeds(self):
        self.cluster.apply(pod("stumbles", restart="OnFailure", run_time="100ms", exit_code="3,0"))
        self.phase("stumbles", "Succeeded")
        container = self.container("stumbles")
        self.assertEqual((container["state"]["terminated"]["exitCode"], container["restartCount"]), (0, 1))

    def test_a_crash_loop_backs_off(self):
        self.cluster.apply(pod("loops", run_time="50ms", exit_code="1"))

        def backs_off():
            container = self.container("loops")
            return container if container["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff" else None
        container = eventually(backs_off, "CrashLoopBackOff")
        self.assertEqual(container["lastState"]["terminated"]["exitCode"], 1)
        self.assertGreaterEqual(container["restartCount"], 1)
        self.assertEqual(self.status("loops")["phase"], "Running")
        eventually(lambda: "BackOff" in self.cluster.out("get", "events", "--field-selector", "involvedObject.name=loops"), "an event")

    def test_an_image_that_cannot_be_pulled(self):
        self.cluster.apply(pod("imageless", image_pull="fail"))

        def waits():
            reason = self.container("imageless")["state"].get("waiting", {}).get("reason")
            return reason if reason in ("ErrImagePull", "ImagePullBackOff") else None
        eventually(waits, "the image cannot be pulled")
        self.assertEqual(self.status("imageless")["phase"], "Pending")
        self.assertRegex(self.cluster.out("get", "pod", "imageless"), r"0/1 +(ErrImagePull|ImagePullBackOff) +0")
        eventually(lambda: "Failed" in self.cluster.out("get", "events", "--field-selector", "involvedObject.name=imageless"), "an event")
        self.cluster.out("annotate", "pod", "imageless", SIM + "image-pull=10ms", "--overwrite")
        self.ready("imageless")

    def test_an_init_container_that_fails_holds_the_others_back(self):
        self.cluster.apply(pod("held", init=["prepare"], restart="Never", prepare__exit_code="4", prepare__run_time="50ms"))
        status = self.phase("held", "Failed")
        self.assertEqual(status["initContainerStatuses"][0]["state"]["terminated"]["exitCode"], 4)
        self.assertIn("waiting", status["containerStatuses"][0]["state"])

    def test_deletion_is_graceful(self):
        self.cluster.apply(pod("graceful", stop_latency="1s"))
        self.ready("graceful")
        watch = self.cluster.start_kubectl("get", "pod", "graceful", "-w", "-o",
                                           "jsonpath={.metadata.deletionGracePeriodSeconds}:{.status.phase}{'\\n'}")
        self.assertEqual(watch.stdout.readline().strip(), ":Running")
        self.cluster.out("delete", "pod", "graceful", "--grace-period=20", "--wait=false")
        seen = next(line.strip() for line in watch.stdout if line.strip() != ":Running")
        self.assertEqual(seen, "20:Running")
        eventually(lambda: not self.cluster.out("get", "pod", "graceful", "--ignore-not-found"), "the pod has gone")
        watch.kill()

    def test_an_annotation_that_is_not_understood_says_so(self):
        self.cluster.apply(pod("typo", run_time="soon"))

        def told():
            waiting = self.container("typo")["state"].get("waiting", {})
            return waiting if waiting.get("reason") == "CreateContainerConfigError" else None
        self.assertIn(SIM + "run-time", eventually(told, "the mistake is told")["message"])

    def test_addresses_are_unique(self):
        for number in range(12):
            self.cluster.apply(pod(f"one-{number}"))
        addresses = [self.ready(f"one-{number}")["status"]["podIP"] for number in range(12)]
        self.assertEqual(len(set(addresses)), 12)


if __name__ == "__main__":
    unittest.main(verbosity=2)
