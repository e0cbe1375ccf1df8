#!/usr/bin/env python3
"""Start to ready with an empty store and with 100,000 deliveries; resident memory when idle. Baseline: `true` started and ended."""
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from conftest import VDO, Vdo  # noqa: E402
import github  # noqa: E402


def start_ms(vdo):
    begin = time.monotonic()
    log = open(vdo.log, "ab")
    vdo.process = subprocess.Popen([VDO, "serve", "-c", vdo.config], stdout=log, stderr=log, cwd=vdo.dir)
    while True:
        try:
            with urllib.request.urlopen(vdo.url + "/healthz", timeout=1) as reply:
                if reply.status == 200:
                    return (time.monotonic() - begin) * 1000
        except OSError:
            time.sleep(0.0005)


def rss_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1]) / 1024


def fill(path, rows):
    """More rows of the kind that is there: copies of a delivery that came in over HTTP."""
    db = sqlite3.connect(path)
    names = [row[1] for row in db.execute("PRAGMA table_info(deliveries)")]
    template = dict(zip(names, db.execute("SELECT * FROM deliveries LIMIT 1").fetchone()))
    first = template["seq"] + 1
    for i in range(rows):
        row = dict(template, seq=first + i, guid=f"{i:08x}-0000-4000-8000-000000000000")
        for name in ("sha256", "body_sha256"):
            if name in row:
                row[name] = i.to_bytes(32, "big") if isinstance(row[name], bytes) else f"{i:064x}"
        db.execute(f"INSERT INTO deliveries ({','.join(names)}) VALUES ({','.join('?' * len(names))})", [row[n] for n in names])
    db.commit()
    db.close()


def measure(vdo, rounds=7):
    times = []
    for _ in range(rounds):
        times.append(start_ms(vdo))
        time.sleep(0.3)
        memory = rss_mb(vdo.process.pid)
        vdo.stop()
    return statistics.median(times), memory


def main():
    hub = github.GitHub()
    begin = time.monotonic()
    subprocess.run(["true"])
    base = (time.monotonic() - begin) * 1000
    with tempfile.TemporaryDirectory() as folder:
        vdo = Vdo(folder, hub, extra="log: {level: warn}\n")
        empty, memory = measure(vdo)
        print(f"start to ready, empty store: {empty:.0f} ms (goal 50; `true` takes {base:.1f} ms, ratio {empty / base:.0f}); idle {memory:.1f} MB (goal 15)")
        start_ms(vdo)
        hub.send(("star", {"action": "created", "filler": "x" * 11000}))
        vdo.outbox_quiet()
        time.sleep(0.5)
        vdo.stop()
        fill(vdo.dir + "/data/vdo.db", 100000)
        full, memory = measure(vdo)
        print(f"start to ready, 100,000 deliveries: {full:.0f} ms (ratio to empty {full / empty:.2f}); idle {memory:.1f} MB")
    hub.close()


if __name__ == "__main__":
    main()
