#!/usr/bin/env python3
"""Overhead of a job with a scripted model, without checks of the project, on a repository of 5,000 files: cold (no mirror, index or worktree)
and warm. Baseline: `git clone` and `git checkout -b` + `git commit` of the same change."""
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from conftest import Vdo, good_script  # noqa: E402

FILES = 5000


def make_repository(path):
    for i in range(FILES):
        folder = os.path.join(path, f"src/part{i // 100:02d}")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"file{i:04d}.c"), "w") as f:
            f.write(f"#include \"file{(i + 1) % FILES:04d}.h\"\n\n/* Part {i} of the sample. */\nint compute_{i}(int value)\n{{\n")
            for line in range(20):
                f.write(f"    value = value * {line + 3} + {i};\n")
            f.write("    return value;\n}\n")
    with open(os.path.join(path, "greet.sh"), "w") as f:
        f.write('#!/bin/sh\necho "Hello, $1"\n')
    git = ["git", "-C", path, "-c", "user.name=b", "-c", "user.email=b@example.invalid"]
    for args in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "First"]):
        subprocess.run(git + args, check=True)


def run_job(vdo, repo, issue):
    begin = time.monotonic()
    done = vdo.run("run", "-c", vdo.config, "--repo", repo, "--issue", issue, "--json")
    wall = (time.monotonic() - begin) * 1000
    result = json.loads(done.stdout)
    assert result["status"] == "completed", result["reason"]
    return wall, result


def baseline(repo, folder):
    begin = time.monotonic()
    clone = os.path.join(folder, "clone")
    subprocess.run(["git", "clone", "-q", repo, clone], check=True)
    with open(os.path.join(clone, "greet.sh"), "a") as f:
        f.write("# more\n")
    git = ["git", "-C", clone, "-c", "user.name=b", "-c", "user.email=b@example.invalid"]
    subprocess.run(git + ["checkout", "-q", "-b", "x"], check=True)
    subprocess.run(git + ["commit", "-q", "-am", "x"], check=True)
    return (time.monotonic() - begin) * 1000


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        repo = os.path.join(folder, "repo")
        os.makedirs(repo)
        make_repository(repo)
        vdo = Vdo(folder, script=good_script(), extra="log: {level: warn}\n")
        issue = os.path.join(folder, "issue.md")
        with open(issue, "w") as f:
            f.write("# Greet politely\n\nPlease add a full stop to the greeting of greet.sh and look at compute_17.\n")
        cold, result = run_job(vdo, repo, issue)
        steps = ", ".join(f"{s['name']} {s['ms']}" for s in result["steps"])
        times = []
        for _ in range(3):
            wall, result = run_job(vdo, repo, issue)
            times.append(wall)
        base = baseline(repo, folder)
        warm = sorted(times)[1]
        print(f"job on {FILES} files, cold: {cold:.0f} ms (goal 1,500): {steps}")
        print(f"job on {FILES} files, warm: {warm:.0f} ms (goal 300): " + ", ".join(f"{s['name']} {s['ms']}" for s in result["steps"]))
        print(f"git clone, branch and commit of the same change: {base:.0f} ms; ratio cold {cold / base:.2f}, warm {warm / base:.2f}")


if __name__ == "__main__":
    main()
