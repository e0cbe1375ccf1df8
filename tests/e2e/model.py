"""A stand-in for AI providers: one server that speaks all four protocols, from the same steps as a scripted model file.

Every request is held against the protocol's contract (`violations`), every answer is streamed in pieces of `split` bytes and noted
in `journal` with the usage that it reported. `before` and `faults` answer wrongly first.
"""
import json
import re
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from wires import KEY, WIRES, Check, wire_of

MODELS = ("test-model", "claude-opus-5-5", "gpt-6.1-sol", "gpt-4.1", "gemini-4-argon")


class Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, value, headers=()):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, text in dict(headers).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def begin_stream(self, headers=()):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        for name, text in dict(headers).items():
            self.send_header(name, text)
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def stream(self, events, cut=None, headers=(), stall=False):
        body = b"".join(frame(name, data) for name, data in events)[:cut]
        split = self.server.provider.split or len(body) or 1
        self.begin_stream(headers)
        for at in range(0, len(body), split):
            self.chunk(body[at:at + split])
        if cut is not None:
            self.server.provider.release.wait(0 if not stall else 30)
            return self.reset()
        self.wfile.write(b"0\r\n\r\n")
        return None

    def endless(self, piece):
        try:
            self.begin_stream()
            while True:
                self.chunk(piece)
        except OSError:
            self.server.provider.hung_up.set()
            self.close_connection = True

    def do_GET(self):
        names = [{"id": m, "object": "model"} for m in MODELS]
        self.reply(200, {"object": "list", "data": names, "models": [{"name": "models/" + m} for m in MODELS]})

    def do_POST(self):
        self.server.provider.answer(self, self.rfile.read(int(self.headers["Content-Length"])))


def frame(name, data):
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return ((f"event: {name}\n" if name else "") + f"data: {text}\n\n").encode()


class Provider:
    def __init__(self, steps=(), takes_tools=True):
        self.steps, self.lock = list(steps), threading.Lock()
        self.requests = []  # bodies as they came
        self.violations = []
        self.journal = []  # {"model", "role", "usage"} of each answer that was given in full
        self.anew = []  # steps for a conversation that was begun anew
        self.before = []  # (status, headers, body) to answer first; body None: reset the connection
        self.faults = []  # the same for requests that match: {"path": regex, "contains": text, "times": 1} and one of "reply":
        # (status, headers, body), "cut": bytes of the answer before a reset, "stall": before a silence, "events": [...], "endless": bytes, "hang": True
        self.split, self.issued, self.hung_up, self.release = None, {}, threading.Event(), threading.Event()
        if not takes_tools:
            refusal = {"error": {"message": "test-model does not support tools", "type": "api_error"}}
            self.faults.append({"contains": "\"tools\":", "times": 1000, "reply": (400, {}, refusal)})
        self.meeting, self.meet = threading.Condition(), 0  # the first answer waits until so many requests are under way
        self.under_way, self.peak = 0, 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads, self.server.provider = True, self
        self.root = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler, raw):
        with self.meeting:
            self.under_way += 1
            self.peak = max(self.peak, self.under_way)
            self.meeting.notify_all()
            self.meeting.wait_for(lambda: self.peak >= self.meet, 1)
            self.meet = 0  # waited for once
        try:
            return self.give(handler, raw)
        finally:
            with self.meeting:
                self.under_way -= 1

    def give(self, handler, raw):
        wire, body = wire_of(handler.path), json.loads(raw)
        if not wire:
            return handler.reply(404, {"error": {"message": f"nothing at {handler.path}", "type": "not_found"}})
        with self.lock:
            self.requests.append(body)
            first = self.before.pop(0) if self.before else None
            fault = self.fault(handler.path, raw.decode()) if not first else {"reply": first}
        named = wire.path.fullmatch(handler.path)
        body.setdefault("model", named.group(1) if named.groups() else None)
        if "reply" in fault:
            status, headers, value = fault["reply"]
            return handler.reset() if value is None else handler.reply(status, value, headers)
        if "hang" in fault:
            return self.release.wait(30)
        if "endless" in fault:
            return handler.endless(fault["endless"])
        if wire.key(handler.headers) != KEY:
            return handler.reply(*wire.fail["key"])
        if body["model"] not in MODELS:
            return handler.reply(*wire.fail["model"])
        self.check(wire, handler.headers, body)
        if "events" in fault:
            return handler.stream(fault["events"])
        return self.play(handler, wire, body, fault.get("cut", fault.get("stall")), "stall" in fault)

    def fault(self, path, text):
        for one in self.faults:
            if one.get("times", 1) > 0 and re.search(one.get("path", ""), path) and one.get("contains", "") in text:
                one["times"] = one.get("times", 1) - 1
                return one
        return {}

    def check(self, wire, headers, body):
        check = Check(self.issued, body["model"])
        check.need(headers.get("Content-Type") == "application/json", "Content-Type")
        checked = {k: v for k, v in body.items() if wire.api != "gemini" or k != "model"}
        try:
            wire.check(check, headers, checked)
        except (KeyError, TypeError, AttributeError, IndexError) as e:
            check.bad.append(f"not of the protocol: {e!r}")
        self.violations += [f"{wire.api}: {text}" for text in check.bad]

    def play(self, handler, wire, body, cut, stall):
        system, at, texts = wire.read(body)
        role = system.split("\n", 1)[0].replace("VDO role: ", "")
        begun_anew = any("is begun anew" in text for text in texts)
        steps = [s for s in (self.anew if begun_anew else self.steps) if s["role"] == role]
        step = steps[min(at, len(steps) - 1)]["answer"]
        calls = [(f"call_{role}_{len(self.requests)}_{i}", c["name"], c["arguments"])
                 for i, c in enumerate(step.get("tool_calls", []))]
        handler.stream(wire.events(body, step["text"], calls, step["usage"], self.issued), cut, step.get("headers", ()), stall)
        if cut is None:
            with self.lock:
                self.journal.append({"model": body["model"], "role": role, "usage": step["usage"]})

    def yaml(self, name, more="", api="openai-chat", model="test-model", key=KEY, price=", price: {input: 1, output: 10}"):
        base = self.root + next(w.base for w in WIRES if w.api == api)
        key = f"key: \"{key}\", " if key else ""
        return (f"  {name}: {{api: {api}, base_url: \"{base}\", {key}model: {model}, max_output_tokens: 1000{price}{more}}}\n")

    def close(self):
        self.server.shutdown()
        self.server.server_close()
