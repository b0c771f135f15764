#!/usr/bin/env python3
"""The coverage tables of the controllers and of the scheduler are true: every controller and every plugin has a row, and
every test that a row names is there.

  tests/house/tables_name_tests.py [ROOT]

Prints every row that is wrong, and exits with 1 when there is one. The last cell of a row names tests: `Suite.Test`,
`Suite.*`, `Suite` alone, or `Suite.Begin...` for one whose name begins so; a name without a suite belongs to the suite
before it. `E2e.name` is tests/e2e/name_test.py.
"""
import fnmatch
import os
import re
import sys


def all_tests(root):
    """{"Suite.Test"} of every GoogleTest, and {"E2e.name"}"""
    found = set()
    for folder, _, names in os.walk(os.path.join(root, "tests")):
        for name in names:
            if name.endswith("_test.py") and os.path.basename(folder) == "e2e":
                found.add("E2e." + name[: -len("_test.py")])
            if name.endswith((".cpp", ".hpp")):
                with open(os.path.join(folder, name)) as file:
                    source = file.read()
                aliases = dict(re.findall(r"using (\w+) = (\w+);", source))
                for suite, test in re.findall(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\s*\)", source, re.M):
                    found.add(f"{suite}.{test}")
                    if suite in aliases:
                        found.add(f"{aliases[suite]}.{test}")
    return found


def rows_of(path, header):
    """Rows of the table under `header`; a first cell that is empty means the one above."""
    with open(path) as file:
        lines = file.read().splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith(header))
    rows, first = [], ""
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        first = cells[0] or first
        rows.append((first, cells))
    return rows


def patterns_of(cell):
    """What to look for: glob patterns of "Suite.Test"."""
    suite, patterns = "", []
    for name in cell.replace("`", "").split(", "):
        if "." in name.replace("...", ""):
            suite = name.split(".")[0]
        elif name.endswith("...") or (suite and name not in ("",) and not name[0].isupper()):
            name = f"{suite}.{name}"
        else:
            name += ".*"
        patterns.append(re.sub(r"\.\.\.$", "*", name))
    return patterns


def check(path, header, wanted, tests):
    rows, wrong = rows_of(path, header), []
    named = {part.strip().replace("-", "_") for first, _ in rows for part in first.split(",")}
    wrong += [f"{name} has no row" for name in sorted(wanted - named)]
    for first, cells in rows:
        patterns = patterns_of(cells[-1])
        wrong += [f"{first}: there is no test {p}" for p in patterns if not fnmatch.filter(tests, p)]
    print(f"{path}: {len(rows)} rows, {len(wrong)} mistakes")
    for line in wrong:
        print("  " + line)
    return len(rows) > 0 and not wrong


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    tests = all_tests(root)
    with open(os.path.join(root, "actors", "controllers", "registry.cpp")) as file:
        controllers = {name.replace("-", "_") for name in re.findall(r'add\("([a-z-]+)"', file.read())}
    plugins = set()
    folder = os.path.join(root, "actors", "scheduler", "plugins")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name)) as file:
            plugins |= set(re.findall(r'const Plugin \w+\{\.name = "(\w+)"', file.read()))
    sound = [
        check(os.path.join(root, "actors", "controllers", "README.md"), "| controller | behaviour |", controllers, tests),
        check(os.path.join(root, "actors", "scheduler", "README.md"), "| plugin | filter |", plugins, tests),
    ]
    return 0 if all(sound) and controllers and plugins else 1


if __name__ == "__main__":
    sys.exit(main())
