"""A stand-in provider that speaks Chat Completions and answers from the same steps as a scripted model file."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Provider:
    def __init__(self, steps):
        self.steps, self.requests, self.lock = steps, [], threading.Lock()
        self.anew = []  # steps for a conversation that was begun anew
        self.before = []  # (status, headers, body) to answer first; body None: reset the connection
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def reply(self, status, value, headers=()):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                for name, text in dict(headers).items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.reply(200, {"object": "list", "data": [{"id": "test-model", "object": "model"}]})

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer.lock:
                    outer.requests.append(request)
                    first = outer.before.pop(0) if outer.before else None
                if first and first[2] is None:
                    self.close_connection = True
                    self.connection.close()
                elif first:
                    self.reply(first[0], first[2], first[1])
                else:
                    self.reply(200, outer.answer(request))

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        role = request["messages"][0]["content"].split("\n", 1)[0].replace("VDO role: ", "")
        at = sum(m["role"] == "assistant" for m in request["messages"])  # where this conversation stands
        begun_anew = any("is begun anew" in str(m.get("content")) for m in request["messages"] if m["role"] == "user")
        step = [s for s in (self.anew if begun_anew else self.steps) if s["role"] == role][at]["answer"]
        calls = [{"id": f"call_{role}_{at}_{i}", "type": "function",
                  "function": {"name": c["name"], "arguments": json.dumps(c["arguments"])}}
                 for i, c in enumerate(step.get("tool_calls", []))]
        usage = step["usage"]
        message = {"role": "assistant", "content": step["text"] or None}
        if calls:
            message["tool_calls"] = calls
        return {"id": "x", "object": "chat.completion", "model": "test-model",
                "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}],
                "usage": {"prompt_tokens": usage["input"], "completion_tokens": usage["output"],
                          "total_tokens": usage["input"] + usage["output"]}}

    def yaml(self, name, more=""):
        return (f"  {name}: {{api: openai-chat, base_url: \"{self.url}\", key: test-key-abcdef, model: test-model, "
                f"max_output_tokens: 1000, price: {{input: 1, output: 10}}{more}}}\n")

    def close(self):
        self.server.shutdown()
        self.server.server_close()
