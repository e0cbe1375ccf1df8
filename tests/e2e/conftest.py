"""Starts the real binary on a free port against the stand-in GitHub, and waits for conditions with deadlines."""
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import github  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
VDO = os.environ.get("VDO_EXE", os.path.join(ROOT, "build", "debug", "vdo"))

SAMPLE = {
    "Makefile": "check:\n\t@sh tests/run.sh\n",
    "greet.sh": "#!/bin/sh\necho \"Hello, $1\"\n",
    "tests/run.sh": "set -e\ngrep -q 'Hello,' greet.sh\nif grep -q BROKEN greet.sh; then exit 1; fi\necho ok\n",
    "README.md": "# greet\n\nSays hello.\n",
}


def answer(role, text="", *calls):
    return {"role": role, "answer": {"text": text, "tool_calls": [{"name": n, "arguments": a} for n, a in calls],
                                     "usage": {"input": 1000, "output": 50}}}


def plan(files=("greet.sh",), **more):
    value = {"summary": "Greet politely.", "tasks": [{"id": "T1", "title": "Change the greeting", "files": list(files),
                                                       "acceptance": ["it greets politely"]}], "risk": "low", "questions": []}
    value.update(more)
    return answer("planner", json.dumps(value))


def refine(**more):
    value = {"title": "Greet politely", "criteria": [{"id": "C1", "text": "The greeting ends in a full stop."}], "questions": []}
    value.update(more)
    return answer("refiner", json.dumps(value))


EDIT = ("edit_file", {"path": "greet.sh", "search": "Hello, $1", "replace": "Hello, dear $1."})
FINISH = ("finish", {"summary": "The greeting is polite now."})
APPROVE = answer("reviewer", json.dumps({"verdict": "approve", "findings": []}))


def good_script():
    return [refine(), plan(), answer("builder", "", EDIT), answer("builder", "", FINISH),
            answer("tester", "", ("finish", {"summary": "The tests cover it."})), APPROVE]


def git(path, *args):
    """git in a repository of a test, as somebody without settings of their own; its standard output."""
    env = dict(os.environ, GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@example.invalid", GIT_COMMITTER_NAME="a",
               GIT_COMMITTER_EMAIL="a@example.invalid", GIT_CONFIG_GLOBAL="/dev/null")
    return subprocess.run(["git", "-C", str(path), *args], check=True, capture_output=True, text=True, env=env).stdout


def write_files(path, files):
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)


def commit_first(path, branch="main"):
    """Makes what lies at path a repository with one commit, and returns its path as a text."""
    git(path.parent, "init", "-q", "-b", branch, str(path))
    git(path, "add", "-A")
    git(path, "commit", "-q", "-m", "First")
    return str(path)


def wait_for(what, seconds=20, every=0.02):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(every)
    raise AssertionError(f"not within {seconds} s: {what}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Vdo:
    """One configured instance: its process can be stopped, killed and started again over the same data."""

    def __init__(self, path, hub=None, script=None, extra=""):
        self.dir, self.hub = str(path), hub
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.script = os.path.join(self.dir, "script.json")
        self.config = os.path.join(self.dir, "vdo.yml")
        self.write_script(script if script is not None else good_script())
        text = f"""
server: {{listen: "127.0.0.1:{self.port}", public_url: "{self.url}"}}
data_dir: {self.dir}/data
store: sqlite:{self.dir}/data/vdo.db
workers: 2
providers:
  script: {{api: script, file: {self.script}}}
"""
        if hub:
            text += f"""github: {{api_url: "{hub.url}", git_url: "{hub.url}", app_id: {github.APP_ID}, private_key: "file:{hub.key}",
         webhook_secret: {github.SECRET}}}
"""
            hub.hook_url = self.url + "/webhook"
        with open(self.config, "w") as f:
            f.write(text + extra)
        self.process = None
        self.log = os.path.join(self.dir, "vdo.log")

    def write_script(self, steps):
        with open(self.script, "w") as f:
            json.dump({"steps": steps}, f)

    def start(self, env=None):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([VDO, "serve", "-c", self.config], stdout=log, stderr=log, cwd=self.dir,
                                            env=dict(os.environ, **(env or {})))
        wait_for(lambda: self.process.poll() is not None or self.get("/healthz")[0] == 200)
        assert self.process.poll() is None, self.read_log()
        return self

    def read_log(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        return self.process.returncode if self.process else 0

    def get(self, path, headers=None):
        request = urllib.request.Request(self.url + path, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()
        except (urllib.error.URLError, OSError):
            return 0, ""

    def api(self, path):
        status, text = self.get(path)
        assert status == 200, (path, status, text)
        return json.loads(text)

    def jobs(self):
        return self.api("/api/jobs")["jobs"]

    def ended(self, count=1, seconds=40):
        """The newest job once `count` jobs exist and all have ended."""
        def look():
            jobs = self.jobs()
            return len(jobs) >= count and all(j["state"] in ("completed", "failed", "cancelled") for j in jobs) and jobs[0]
        try:
            job = wait_for(look, seconds)
        except AssertionError:
            raise AssertionError(f"{self.jobs()}\n{self.read_log()[-3000:]}") from None
        return self.api("/api/jobs/" + job["id"])

    def delivery(self, guid, seconds=20):
        def look():
            found = self.api(f"/api/deliveries?guid={guid}")["deliveries"]
            return found and found[0]["state"] != "pending" and found[0]
        return wait_for(look, seconds)

    def outbox_quiet(self, seconds=20):
        def look():
            rows = self.api("/api/stats").get("outbox", {})
            return rows.get("pending", 0) == 0 and rows.get("sending", 0) == 0
        wait_for(look, seconds)

    def run(self, *args, **more):
        return subprocess.run([VDO, *args], cwd=self.dir, capture_output=True, text=True, timeout=120, **more)


@pytest.fixture
def hub():
    stand_in = github.GitHub()
    yield stand_in
    stand_in.close()
    assert stand_in.violations == []


@pytest.fixture
def make_vdo(tmp_path):
    made = []

    def make(hub=None, script=None, extra="", start=True):
        folder = tmp_path / f"vdo{len(made)}"
        folder.mkdir()
        os.chmod(tmp_path, 0o755)
        vdo = Vdo(folder, hub, script, extra)
        made.append(vdo)
        return vdo.start() if start else vdo

    yield make
    for vdo in made:
        vdo.stop()


def marked(text, kind="vdo:"):
    return f"<!-- {kind}" in text
