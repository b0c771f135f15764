#!/usr/bin/env python3
"""The tables of actors/controllers/README.md and actors/scheduler/README.md name tests that are there, and leave no
controller and no plugin out.

  tests/house/coverage_tables.py [ROOT]

In the last column stand tests, divided by commas: `Suite.Name`, `Suite.Beginning...`, `Suite.*`, `Suite` or `Part*.*`;
without a suite that of the one before; `E2e.name` is a file of tests/e2e. Prints what is wrong, and exits with 1 then.
"""
import os
import re
import sys


def read(*parts):
    with open(os.path.join(*parts)) as file:
        return file.read()


def all_tests(root):
    names = {f"E2e.{name[:-len('_test.py')]}" for name in os.listdir(os.path.join(root, "tests", "e2e")) if name.endswith("_test.py")}
    for folder, _, files in os.walk(os.path.join(root, "tests")):
        for name in files:
            if name.endswith(".cpp"):
                text = read(folder, name)
                names |= {f"{suite}.{test}" for suite, test in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", text, re.M)}
                # A fixture by another name.
                for alias, suite in re.findall(r"^using (\w+) = (\w+);", text, re.M):
                    names |= {f"{alias}.{test}" for test in re.findall(rf"^TEST_F\({suite},\s*(\w+)\)", text, re.M)}
    return names


def rows(text, header):
    """Of the table with this header: its rows, an empty first cell standing for the one above."""
    lines = text.split(header + "\n")[1].splitlines()[1:]
    above = ""
    for line in lines:
        if not line.startswith("|"):
            return
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        above = cells[0] or above
        yield above, cells[-1]


def missing(cell, names):
    suite = ""
    for one in cell.replace("`", "").split(", "):
        if "." in one.replace("...", "").replace(".*", "") or one.endswith(".*"):
            suite = one.split(".")[0]
            wanted = one
        elif one.endswith("..."):
            wanted = f"{suite}.{one}"
        else:
            wanted = one + ".*"
        pattern = re.escape(wanted).replace(r"\.\.\.", ".*").replace(r"\*", ".*")
        if not any(re.fullmatch(pattern, name) for name in names):
            yield one


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    names = all_tests(root)
    wrong, count = [], 0
    tables = [("controllers", "| controller | behaviour | test |"), ("scheduler", "| plugin | filter | score (weight) | tested by |")]
    told = {}
    for folder, header in tables:
        found = list(rows(read(root, "actors", folder, "README.md"), header))
        told[folder] = {name for name, _ in found}
        count += len(found)
        wrong += [f"actors/{folder}/README.md: {name}: there is no test {one}" for name, cell in found for one in missing(cell, names)]
    registry = read(root, "actors", "controllers", "registry.cpp")
    controllers = set(re.findall(r'(?:add\(|\.name = )"([a-z-]+)"', registry))
    plugins = set()
    for name in os.listdir(os.path.join(root, "actors", "scheduler", "plugins")):
        plugins |= set(re.findall(r'\.name = "(\w+)"', read(root, "actors", "scheduler", "plugins", name)))
    wrong += [f"actors/scheduler/README.md: there is no row for {name}" for name in sorted(plugins - told["scheduler"])]
    wrong += [f"actors/controllers/README.md: there is no row for {name}"
              for name in sorted({name.replace("-", "_") for name in controllers} - told["controllers"])]
    for line in wrong:
        print(line)
    print(f"{count} rows, {len(controllers)} controllers, {len(plugins)} plugins, {len(wrong)} mistakes")
    return 1 if wrong or count < 50 or not controllers or not plugins else 0


if __name__ == "__main__":
    sys.exit(main())
