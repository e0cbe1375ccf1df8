"""`vdo sandbox` as a user meets it: exit codes, streams, limits named, signals."""
import http.server
import os
import signal
import subprocess
import threading
import time

import pytest

from conftest import VDO


def sandbox(directory, *words, **more):
    return subprocess.run([VDO, "sandbox", "--dir", str(directory), *words], capture_output=True, text=True,
                          errors="replace", timeout=60, **more)


@pytest.fixture(autouse=True)
def isolation(tmp_path):
    """Without isolation every run must say so with 125; then there is nothing more to see here."""
    done = sandbox(tmp_path, "--", "true")
    if done.returncode == 125:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words, code", [
    ([], 2), (["--dir"], 2), (["--dir", "/nonexistent", "--", "true"], 2), (["--", "true"], 2),
    (["--dir", "/", "--", "true"], 2), (["--dir", "/etc", "--", "true"], 2), (["--dir", ".", "--"], 2),
    (["--dir", ".", "--network", "some", "--", "true"], 2), (["--dir", ".", "--timeout", "0", "--", "true"], 2),
    (["--dir", ".", "--timeout", "1s", "--", "true"], 2), (["--dir", ".", "--memory", "-5", "--", "true"], 2),
    (["--dir", ".", "--memory", "2G", "--", "true"], 2), (["--dir", ".", "--pids", "99999999999999999999", "--", "true"], 2),
    (["--dir", ".", "--network", "allow", "--", "true"], 2), (["--dir", ".", "--allow", "a.example", "--", "true"], 2),
    (["--dir", ".", "--network", "allow", "--allow", "http://a.example/", "--", "true"], 2),
    (["--dir", ".", "--network", "allow", *["--allow", "a.example"] * 65, "--", "true"], 2),
    (["--dir", ".", "--disk", "", "--", "true"], 2), (["--dir", ".", "--what", "--", "true"], 2), (["--help"], 0)])
def test_usage(tmp_path, words, code):
    done = subprocess.run([VDO, "sandbox", *words], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    if code:
        assert done.stdout == "" and "sandbox" in done.stderr
    else:
        assert "--memory" in done.stdout


@pytest.mark.parametrize("line, code", [("exit 0", 0), ("exit 42", 42), ("kill -9 $$", 137), ("exit 124", 124)])
def test_exit_code_is_the_commands(tmp_path, line, code):
    done = sandbox(tmp_path, "--", "sh", "-c", line)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_streams_stay_apart_and_files_stay(tmp_path):
    done = sandbox(tmp_path, "--", "sh", "-c", "echo out; echo err >&2; pwd > where")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")
    assert (tmp_path / "where").read_text() == f"{tmp_path}\n"
    assert (tmp_path / "where").stat().st_uid == os.geteuid()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_standard_stream_is_an_empty_one(tmp_path, closed):
    line = f'"$0" sandbox --dir "$1" -- sh -c "cat; echo out; echo err >&2; exit 3" {closed}'
    done = subprocess.run(["sh", "-c", line, VDO, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert done.stdout == ("" if ">&-" in closed.replace("2>&-", "") else "out\n")
    assert done.stderr == ("" if "2>&-" in closed else "err\n")


def test_a_command_whose_reader_is_gone_ends(tmp_path):
    line = '("$0" sandbox --dir "$1" --timeout 3000 -- yes; echo $? > "$1/code") | head -1'
    done = subprocess.run(["sh", "-c", line, VDO, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "y\n"
    assert (tmp_path / "code").read_text() == "141\n"


def test_a_directory_that_is_not_there_is_named(tmp_path):
    done = sandbox(tmp_path / "nowhere", "--", "true")
    assert done.returncode == 2 and f"--dir '{tmp_path}/nowhere': No such file" in done.stderr


def test_arguments_reach_the_command_untouched(tmp_path):
    done = sandbox(tmp_path, "--", "printf", "%s|", "--dir", "a b", "$HOME", "", "*")
    assert done.stdout == "--dir|a b|$HOME||*|"


def test_output_streams_as_it_comes(tmp_path):
    child = subprocess.Popen([VDO, "sandbox", "--dir", str(tmp_path), "--", "sh", "-c", "echo early; sleep 30"],
                             stdout=subprocess.PIPE)
    started = time.monotonic()
    assert child.stdout.readline() == b"early\n"
    assert time.monotonic() - started < 10
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=10) == 128 + signal.SIGTERM


def test_a_reader_that_stops_does_not_hold_up_the_deadline(tmp_path):
    child = subprocess.Popen([VDO, "sandbox", "--dir", str(tmp_path), "--timeout", "1", "--", "yes"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.wait(timeout=20) == 124
    child.stdout.close()
    child.stderr.close()


@pytest.mark.parametrize("words, line, code, says", [
    (["--timeout", "1"], "sleep 100", 124, "time"),
    (["--timeout", "1"], "trap '' TERM; (setsid sleep 100 &); sleep 100", 124, "time"),
    (["--memory", "100000000"], "tail /dev/zero", 137, "memory"),
    (["--memory", "200000000"],
     "for i in 1 2 3 4 5 6 7 8; do (head -c 50000000 /dev/zero | tail -c 50000000 | sleep 9) & done; wait", 137, "memory"),
    (["--disk", "50000000"], "i=0; while :; do head -c 9000000 /dev/zero > f$i; i=$((i+1)); done", 137, "disk"),
    (["--disk", "50000000"], "head -c 500000000 /dev/zero > f", 137, "disk"),
    (["--pids", "40", "--timeout", "30"], "i=0; while [ $i -lt 200 ]; do sleep 30 & i=$((i+1)); done; wait", None, None)])
def test_a_limit_ends_the_run_and_is_named(tmp_path, words, line, code, says):
    started = time.monotonic()
    done = sandbox(tmp_path, *words, "--", "sh", "-c", line)
    assert time.monotonic() - started < 25
    if code is None:        # without cgroups the shell may give up before it is ended
        assert done.returncode != 0
        return
    assert done.returncode == code, done.stderr
    assert f"ended: {says}" in done.stderr


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"here\n")

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    """A server on the host's loopback, which only an entry of its own may lead to."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as it:
        threading.Thread(target=it.serve_forever, daemon=True).start()
        yield it.server_port
        it.shutdown()


FETCH = """
import sys, urllib.error, urllib.request
for url in sys.argv[1:]:
    try:
        print(urllib.request.urlopen(url, timeout=10).read().decode(), end="")
    except urllib.error.HTTPError as e:
        print(e.code, e.read().decode(), end="")
"""


def test_allowed_host_is_reached_and_others_are_refused_and_listed(tmp_path, server):
    other = f"http://other.example:{server}/"
    done = sandbox(tmp_path, "--network", "allow", "--allow", f"127.0.0.1:{server}", "--", "/usr/bin/python3", "-c", FETCH,
                   f"http://127.0.0.1:{server}/x", other)
    assert done.stdout == f"here\n403 vdo: other.example:{server} is not allowed\n", done.stderr
    assert done.stderr == (f"vdo sandbox: network: refused other.example:{server} is not allowed, times: 1\n"
                           f"vdo sandbox: network: allowed 127.0.0.1:{server}, times: 1\n")


def test_name_that_leads_to_loopback_is_refused(tmp_path, server):
    done = sandbox(tmp_path, "--network", "allow", "--allow", f"localhost:{server}", "--", "/usr/bin/python3", "-c", FETCH,
                   f"http://localhost:{server}/")
    assert done.stdout.startswith("403 ") and "loopback address" in done.stdout, done.stderr


def test_tunnel_carries_bytes_both_ways(tmp_path, server):
    line = (f"exec 3<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT 127.0.0.1:{server} HTTP/1.1\\r\\n\\r\\n' >&3; "
            "printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3")
    done = sandbox(tmp_path, "--network", "allow", "--allow", f"127.0.0.1:{server}", "--", "bash", "-c", line)
    assert done.stdout.startswith("HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.0 200".replace("\r", ""))
    assert done.stdout.endswith("here\n")


def test_without_allow_there_is_no_proxy(tmp_path):
    done = sandbox(tmp_path, "--", "bash", "-c", "env | grep -i proxy; (exec 3<>/dev/tcp/127.0.0.1/3128) 2>/dev/null && echo open")
    assert done.stdout == ""
