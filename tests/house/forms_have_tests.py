#!/usr/bin/env python3
"""The table of kubectl's forms in tests/README.md names tests that are there, and each uses the flags of its row.

  tests/house/forms_have_tests.py [ROOT]

Prints every row that is wrong, and exits with 1 when there is one. A row is `| form | file.test, file.test |`: the test
`test_test` of tests/e2e/file_test.py; each flag of the row (--flag) must stand in one of its tests.
"""
import ast
import os
import re
import sys

BEGIN, END = "<!-- kubectl's forms, checked by tests/house/forms_have_tests.py -->\n", "<!-- end of forms -->\n"


def tests_of(folder):
    """{"file.test": its source}"""
    found = {}
    for name in sorted(os.listdir(folder)):
        if not name.endswith("_test.py"):
            continue
        with open(os.path.join(folder, name)) as file:
            source = file.read()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[f"{name[:-len('_test.py')]}.{node.name[len('test_'):]}"] = ast.get_source_segment(source, node)
    return found


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    with open(os.path.join(root, "tests", "README.md")) as readme:
        table = readme.read().split(BEGIN)[1].split(END)[0]
    tests = tests_of(os.path.join(root, "tests", "e2e"))
    rows = [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in table.splitlines()[2:]]
    wrong = 0
    for form, names in rows:
        named = names.split(", ")
        missing = [name for name in named if name not in tests]
        for name in missing:
            print(f"{form}: there is no test {name}")
        sources = "".join(tests.get(name, "") for name in named)
        flags = [] if missing else [flag for flag in re.findall(r"--[a-z-]+", form)
                                      if not re.search(re.escape(flag) + r"(?![a-z-])", sources)]
        for flag in flags:
            print(f"{form}: {flag} stands in none of {names}")
        wrong += len(missing) + len(flags)
    print(f"{len(rows)} forms, {wrong} mistakes")
    return 1 if wrong or len(rows) < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
