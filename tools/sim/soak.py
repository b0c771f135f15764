"""Runs many seeds of `kabuki sim`, each in a process of its own and under one of several kinds of trouble, and counts.

Called by tools/soak sim. Exit status 0 only when every check of every seed passed.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import subprocess
import sys
import time

# By turns, so that every kind of trouble meets every draw of workloads.
TROUBLES = {
    "everyday": "--for 60s",
    "storm": "--for 60s --kills 60 --drop 0.1 --duplicate 0.1 --reorder 0.1 --delay 20ms",
    "evictions": "--for 120s --crashes 4 --partitions 3 --down-max 90s --node-grace 25s --eviction 10s",
    "busy": "--for 60s --step-cost 0.2ms --write-pause 300ms --container-crashes 4",
    "masters": "--for 60s --hosts 4 --masters 3",
    "restores": "--for 60s --restores 2",
}
SEED_LIMIT_SECONDS = 600


def run(kabuki, seed, trouble):
    command = [kabuki, "sim", "--seed", str(seed), *TROUBLES[trouble].split(), "-o", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SEED_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        return seed, trouble, None, f"no end after {SEED_LIMIT_SECONDS} s"
    try:
        return seed, trouble, json.loads(done.stdout), ""
    except ValueError:
        return seed, trouble, None, f"exit status {done.returncode}: {(done.stdout + done.stderr)[-2000:]}"


def main():
    parser = argparse.ArgumentParser(prog="tools/soak sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--from", type=int, default=1, dest="first", help="the first seed")
    parser.add_argument("--trouble", choices=TROUBLES, help="only this one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--kabuki", default="build/release/kabuki", help="the program")
    options = parser.parse_args()

    troubles = [options.trouble] if options.trouble else list(TROUBLES)
    began = time.monotonic()
    counts = collections.Counter()
    workloads, kinds, failed = collections.Counter(), collections.Counter(), []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        seeds = range(options.first, options.first + options.seeds)
        runs = [pool.submit(run, options.kabuki, seed, troubles[seed % len(troubles)]) for seed in seeds]
        for number, future in enumerate(concurrent.futures.as_completed(runs), 1):
            seed, trouble, report, error = future.result()
            kinds[trouble] += 1
            if report is None:
                failed.append(seed)
                print(f"seed {seed} ({trouble}): {error}", flush=True)
                continue
            counts["virtual seconds"] += round(report["simulated_seconds"])
            counts["steps"] += report["steps"]
            counts["durable changes"] += report["changes"]
            counts["acknowledged writes"] += report["writes"]["acknowledged"]
            counts["writes of unknown outcome"] += report["writes"]["unknown"]
            counts["faults"] += len(report["faults"])
            workloads.update(report["workloads"])
            wrong = [check for check in report["checks"] if check["verdict"] != "passed"]
            if wrong:
                failed.append(seed)
                print(f"seed {seed} ({trouble}) fails: {report['replay']}", flush=True)
                for check in wrong:
                    print(f"  {check['name']}: {check['verdict']}: {check.get('detail', '')}", flush=True)
            if number % 50 == 0:
                print(f"{number} seeds, {len(failed)} failed, {time.monotonic() - began:.0f} s", flush=True)

    for name, number in counts.items():
        print(f"{number:>12,} {name}")
    print("troubles:  " + ", ".join(f"{name} {number}" for name, number in sorted(kinds.items())))
    print("workloads: " + ", ".join(f"{name} {number}" for name, number in sorted(workloads.items())))
    print(f"{options.seeds} seeds, {len(failed)} failed" + (f": {sorted(failed)}" if failed else "") +
          f", in {time.monotonic() - began:.0f} s")
    sys.exit(1 if failed else 0)


main()
