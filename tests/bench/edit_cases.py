#!/usr/bin/env python3
"""Applies a set of answers to their trees and prints a table per way of damage.

    edit_cases.py CASES [--vdo build/release/vdo] [--with git,loose,patch] [--list]

CASES is a directory or .tar.xz of case folders: case.json (id, format, expect ok|error, pert),
answer.txt, before/, after/ and perhaps after_ok*/, as in tests/fixtures/edit. Exit status 0 means
applied. A case passes when the wanted tree came out, or when it was to be refused and nothing
changed. Wn counts trees that are wrong although the program said it had applied the answer, dn those
changed although it had not. Other programs are run on unified diffs only.
"""
import argparse
import collections
import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor

OTHERS = {
    "git": "git apply {answer}",
    "loose": "git apply --recount -C1 --ignore-whitespace {answer}",
    "patch": "patch -p1 --fuzz=3 -f -s -i {answer}",
}


def load(path, into):
    """Unpack a set into the directory `into` unless it is one; the folders of its cases."""
    if not os.path.isdir(path):
        with tarfile.open(path) as tar:
            tar.extractall(into, filter="data")
        path = into
    return sorted(root for root, _, files in os.walk(path) if "case.json" in files)


def snapshot(top):
    """path -> content; links as their target; what patch leaves behind is not counted."""
    found = {}
    for root, dirs, files in os.walk(top):
        for name in files + [d for d in dirs if os.path.islink(os.path.join(root, d))]:
            full = os.path.join(root, name)
            if name.endswith((".orig", ".rej")):
                continue
            if os.path.islink(full):
                found[os.path.relpath(full, top)] = os.readlink(full).encode()
            else:
                with open(full, "rb") as handle:
                    found[os.path.relpath(full, top)] = handle.read()
    return found


def lenient(tree):
    return {path: content.rstrip(b"\r\n") for path, content in tree.items()}


def judge(case, folder, code, tree):
    wanted = [n for n in os.listdir(folder) if n == "after" or n.startswith("after_ok")]
    before = os.path.join(folder, "before")
    untouched = tree == (snapshot(before) if os.path.isdir(before) else {})
    norm = lenient if case.get("eof_lenient") else (lambda t: t)
    hit = any(norm(tree) == norm(snapshot(os.path.join(folder, name))) for name in wanted
              if case["expect"] == "ok" or name != "after")
    if code != 0:
        if not untouched:
            return "dirty"
        return "refused" if case["expect"] == "ok" else "pass"
    if hit:
        return "pass"
    if case["expect"] == "error" and untouched:
        return "dirty"
    return "wrong"


def run(folder, command):
    with open(os.path.join(folder, "case.json"), encoding="utf-8") as handle:
        case = json.load(handle)
    top = tempfile.mkdtemp(prefix="edit-cases-")
    out = os.path.join(top, "tree")
    try:
        if os.path.isdir(os.path.join(folder, "before")):
            shutil.copytree(os.path.join(folder, "before"), out, symlinks=True)
        else:
            os.makedirs(out)
        answer = os.path.abspath(os.path.join(folder, "answer.txt"))
        words = [w.format(answer=answer, dir=out, format=case["format"])
                 for w in shlex.split(command)]
        done = subprocess.run(words, cwd=out, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60, check=False)
        outcome = judge(case, folder, done.returncode, snapshot(out))
        said = done.stderr.decode("utf-8", "replace").splitlines()
    finally:
        shutil.rmtree(top, ignore_errors=True)
    return case, outcome, said[0] if said else ""


def cell(results):
    count = collections.Counter(outcome for _, outcome, _ in results)
    text = f"{100 * count['pass'] / len(results):.0f} %"
    for name, letter in (("wrong", "W"), ("dirty", "d")):
        if count[name]:
            text += f" **{letter}{count[name]}**" if letter == "W" else f" {letter}{count[name]}"
    return text


def rows(results):
    """name -> results, perturbations first, then the sums."""
    table = collections.OrderedDict()
    for result in sorted(results, key=lambda r: (r[0]["format"], r[0].get("pert") or "~")):
        case = result[0]
        table.setdefault(f"{case['format']} | {case.get('pert') or 'tests of other tools'}",
                         []).append(result)
    for expect in ("ok", "error"):
        table[f"all | expect={expect}"] = [r for r in results if r[0]["expect"] == expect]
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases")
    parser.add_argument("--vdo", default="build/release/vdo")
    parser.add_argument("--with", dest="others", default="", help="of: " + ", ".join(OTHERS))
    parser.add_argument("--list", action="store_true", help="name what did not pass")
    args = parser.parse_args()
    commands = {"vdo": f"{os.path.abspath(args.vdo)} apply --dir {{dir}} --format {{format}} {{answer}}"}
    commands.update((name, OTHERS[name]) for name in args.others.split(",") if name)
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        folders = load(args.cases, scratch)
        if not folders:
            sys.exit(f"{args.cases}: no cases")
        tables = {name: rows(list(pool.map(lambda f, c=command: run(f, c), folders)))
                  for name, command in commands.items()}
    print("| format | answers | n | " + " | ".join(commands) + " |")
    print("|---|---|---|" + "---|" * len(commands))
    for name, results in tables["vdo"].items():
        if not results:
            continue
        cells = [cell(tables[c][name]) if c == "vdo" or name.startswith("udiff") else "-"
                 for c in commands]
        print(f"| {name} | {len(results)} | " + " | ".join(cells) + " |")
    if args.list:
        for case, outcome, said in (r for t in tables["vdo"].values() for r in t):
            if outcome != "pass":
                print(f"{outcome:8s} {case['id']}  {said}", file=sys.stderr)


if __name__ == "__main__":
    main()
