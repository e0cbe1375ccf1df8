#!/usr/bin/env python3
"""Webhook ingest: 12 KB signed payloads, fsync before 202, 32 connections, by wrk. Baseline: Probot 14 with the same durability on a
2-core machine, 3,600 requests/s, p99 20 ms, 220 us CPU per request, 120 MB (figures of its own measurement; the ratio is told against them)."""
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from conftest import VDO, Vdo  # noqa: E402
import github  # noqa: E402

SECONDS = int(os.environ.get("BENCH_SECONDS", "4"))
EVENT = os.environ.get("BENCH_EVENT", "issues")
LUA = """
local hex = '0123456789abcdef'
local n = 0
local bodies, signatures = {}, {}
for line in io.lines('%s') do
  local s, b = line:match('^(%%S+) (.*)$')
  bodies[#bodies + 1] = b
  signatures[#signatures + 1] = s
end
local thread_id = 0
function setup(thread) thread:set('id', thread_id); thread_id = thread_id + 1 end
request = function()
  n = n + 1
  -- Every request another guid and another of the bodies: the two threads share them.
  local i = (n + id * #bodies / 2) %% #bodies + 1
  return wrk.format('POST', '/webhook', {
    ['Content-Type'] = 'application/json', ['X-GitHub-Event'] = '%s',
    ['X-GitHub-Delivery'] = string.format('%%08x-0000-4000-8000-%%012x', id, n),
    ['X-Hub-Signature-256'] = signatures[i]}, bodies[i])
end
done = function(summary, latency, requests)
  io.write(string.format('RESULT %%d %%d %%d %%d %%d\\n', summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.timeout + summary.errors.read + summary.errors.connect))
end
"""


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        parts = f.read().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1]) / 1024


FIXTURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "github-webhooks", "issues.edited.json")


def make_bodies(path, hub, count=60000):
    """A real example, 12 KB, made different by its issue's number, title and text."""
    with open(FIXTURE) as f:
        payload = json.load(f)
    with open(path, "w") as f:
        for i in range(count):
            payload["issue"].update(number=i % 1000 + 1, title=f"n {i}", body=f"text {i}: " + hashlib.sha256(b"%d" % i).hexdigest())
            body = json.dumps(payload, separators=(",", ":"))
            f.write(hub.sign(body.encode()) + " " + body + "\n")


def drain(vdo, before, requests):
    """Dispatchers lag while deliveries come in; what each costs is known only after they have caught up."""
    begin = time.monotonic()
    backlog = vdo.api("/api/stats")["deliveries"]["pending"]
    while vdo.api("/api/stats")["deliveries"]["pending"] and time.monotonic() < begin + 120:
        time.sleep(0.2)
    seconds = time.monotonic() - begin
    cpu = cpu_seconds(vdo.process.pid) - before
    print(f"dispatching: {backlog} left over, {backlog / seconds:.0f} deliveries/s, "
          f"{cpu / requests * 1e6:.0f} us CPU per request with dispatching all, {rss_mb(vdo.process.pid):.0f} MB resident")


def main():
    hub = github.GitHub()
    with tempfile.TemporaryDirectory() as folder:
        vdo = Vdo(folder, hub, extra="log: {level: warn}\n")
        bodies, script = os.path.join(folder, "bodies"), os.path.join(folder, "wrk.lua")
        make_bodies(bodies, hub)
        with open(script, "w") as f:
            f.write(LUA % (bodies, EVENT))
        vdo.start()
        idle = rss_mb(vdo.process.pid)
        before = cpu_seconds(vdo.process.pid)
        out = subprocess.run(["wrk", "-t2", "-c32", f"-d{SECONDS}s", "--latency", "-s", script, vdo.url], capture_output=True, text=True).stdout
        cpu = cpu_seconds(vdo.process.pid) - before
        requests, duration, p50, p99, errors = map(int, re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", out).groups())
        rate = requests / (duration / 1e6)
        print(f"webhook ingest: {rate:.0f} requests/s, p50 {p50 / 1000:.2f} ms, p99 {p99 / 1000:.2f} ms, {cpu / requests * 1e6:.0f} us CPU per request, "
              f"{rss_mb(vdo.process.pid):.0f} MB resident ({idle:.0f} MB idle), {errors} errors")
        print(f"ratio to Probot 14: {rate / 3600:.2f} x requests/s (goal 4), p99 {p99 / 1000 / 20:.2f} x, CPU {cpu / requests * 1e6 / 220:.2f} x")
        print("stored:", json.dumps(vdo.api("/api/stats").get("deliveries")))
        drain(vdo, before, requests)
        vdo.stop()
    hub.close()


if __name__ == "__main__":
    start = time.time()
    main()
    print(f"({VDO}, {os.cpu_count()} cores, {time.time() - start:.0f} s)")
