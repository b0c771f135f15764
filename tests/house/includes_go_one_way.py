#!/usr/bin/env python3
"""Includes go one way through the house, and each library is seen only where it belongs.

  tests/house/includes_go_one_way.py [ROOT]

Prints every include that breaks the rule as FILE:LINE and exits with 1 when there is one.
"""
import os
import re
import sys

# A folder and the folders it may include. The longest folder that a file stands in counts.
MAY_INCLUDE = {
    "messages": ["messages"],
    "runtime/io": ["messages", "runtime/io"],
    "runtime": ["messages", "runtime"],
    "store": ["messages", "runtime/io", "store"],
    "overlay": ["messages", "runtime", "overlay"],
    "actors": ["messages", "runtime", "store", "overlay", "actors"],
    "tools": ["messages", "runtime", "store", "overlay", "actors", "tools"],
}
# A library's headers and where they may be included.
LIBRARIES = {
    r"caf/": [r"runtime/(?!io/)", r".*_actor\.(hpp|cpp)$"],
    r"zmq|zmq\.hpp": [r"runtime/transport/"],
    r"boost/|openssl/": [r"actors/api_server/http/", r"tools/pki\.cpp$", r"tools/benchmarks/"],
    r"wslay/": [r"actors/api_server/http/web_socket\.cpp$"],
    r"rocksdb/": [r"store/engines/"],
    r"grpc": [r"store/engines/", r"tools/benchmarks/"],
    r"yaml-cpp/": [r"messages/", r"tools/"],
    r"nlohmann/": [r"messages/patch/", r"messages/openapi/", r"actors/api_server/", r"tools/", r"runtime/(transport/join_file|membership)"],
    r"simdjson": [r"messages/"],
    r"spdlog/": [r"runtime/log\.cpp$"],
    r"CLI/": [r"tools/"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def folder_of(path):
    best = None
    for folder in MAY_INCLUDE:
        if path.startswith(folder + "/") and (best is None or len(folder) > len(best)):
            best = folder
    return best


def main(root):
    broken, seen = [], 0
    for top in ("messages", "runtime", "store", "overlay", "actors", "tools"):
        for folder, _, files in os.walk(os.path.join(root, top)):
            for name in files:
                if not name.endswith((".hpp", ".cpp")):
                    continue
                path = os.path.relpath(os.path.join(folder, name), root)
                seen += 1
                with open(os.path.join(root, path), encoding="utf-8") as text:
                    for number, line in enumerate(text, 1):
                        match = INCLUDE.match(line)
                        if match:
                            why = wrong(path, match.group(1) == '"', match.group(2))
                            if why:
                                broken.append(f"{path}:{number}: {why}")
    print("\n".join(broken))
    if not seen:
        print(f"{root}: no source files found")
    return 1 if broken or not seen else 0


def wrong(path, quoted, included):
    if quoted:
        home, to = folder_of(path), folder_of(included)
        if path.startswith("tools/cmake/"):
            return None
        if to is None:
            return f'"{included}" is not below a folder of the house'
        if to not in MAY_INCLUDE[home] and not any(to.startswith(f + "/") for f in MAY_INCLUDE[home]):
            return f"{home} may not include {to} ({included})"
        return None
    for library, places in LIBRARIES.items():
        if re.match(library, included) and not any(re.match(place, path) for place in places):
            return f"<{included}> is not to be seen here"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "..")))
