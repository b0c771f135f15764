"""Runs one seed in two processes: they must be the same run, whatever addresses the system gives them."""
import json
import subprocess
import sys


def run(kabuki, seed):
    command = [kabuki, "sim", "--seed", str(seed), "--for", "60s", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    report = json.loads(done.stdout)
    del report["wall_seconds"]
    return report


def main():
    kabuki = sys.argv[1]
    for seed in (1, 2):
        first, second = run(kabuki, seed), run(kabuki, seed)
        if first != second:
            sys.exit(f"seed {seed} gave trace {first['trace_hash']}, then {second['trace_hash']}")
    print("both runs of each seed are the same")


main()
