"""The four wire protocols from the provider's side: what a request must look like, and how an answer is streamed.

Written from the providers' published references, and strict: members that are required, turns that alternate, every tool call
answered, header versions, the dialect of schemas, and turns that come back exactly as they were sent.
"""
import json
import re

KEY = "test-key-abcdef"
SIGNATURE = {"anthropic": "c2lnbmVk", "gemini": "Z2VtaW5p"}
FOREIGN = "skip_thought_signature_validator"


def is_json(text):
    try:
        json.loads(text)
        return isinstance(text, str)
    except (TypeError, ValueError):
        return False


class Check:
    """Collects what is wrong with one request."""

    def __init__(self, issued, model):
        self.bad, self.issued, self.model, self.open = [], issued, model, []

    def need(self, holds, what):
        if not holds:
            self.bad.append(what)
        return holds

    def members(self, value, where, required, optional=()):
        self.need(isinstance(value, dict), f"{where}: not an object")
        for name in required:
            self.need(name in value, f"{where}.{name} is missing")
        for name in value:
            self.need(name in required or name in optional, f"{where}.{name} is unknown")

    def strict_schema(self, schema, where, depth=0):
        known = {"type", "properties", "required", "items", "enum", "const", "anyOf", "description", "title",
                 "additionalProperties", "$ref", "$defs"}
        for name in schema:
            self.need(name in known, f"{where}: {name} is not of the common dialect")
        self.need(depth < 6, f"{where}: nested too deep")
        self.need(depth or schema.get("type") == "object", f"{where}: the root is no object")
        if schema.get("type") == "object" or "properties" in schema:
            self.need(schema.get("additionalProperties") is False, f"{where}: additionalProperties is not false")
            self.need(set(schema.get("required", [])) == set(schema.get("properties", {})), f"{where}: not everything is required")
        for name, one in schema.get("properties", {}).items():
            self.strict_schema(one, f"{where}.{name}", depth + 1)
        for one in schema.get("anyOf", []):
            self.strict_schema(one, where, depth + 1)
        if "items" in schema:
            self.strict_schema(schema["items"], where + "[]", depth + 1)

    def tool(self, name, schema):
        self.need(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}", name or ""), f"tool name {name}")
        self.need(isinstance(schema, dict) and schema.get("type") == "object", f"tool {name}: no schema of an object")

    def verbatim(self, call_id, value):
        """What this model said must come back as it was; what another said must have lost its reasoning."""
        model, sent = self.issued.get(call_id, (None, None))
        if model == self.model and sent is not None:
            self.need(sent == value, f"{call_id}: came back changed: {json.dumps(value)[:200]}")

    def positive(self, value, what):
        self.need(isinstance(value, int) and value > 0, f"{what}: no positive number")


class Anthropic:
    api, base, path = "anthropic", "", re.compile(r"/v1/messages")
    fail = {"key": (401, {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}),
            "model": (404, {"type": "error", "error": {"type": "not_found_error", "message": "model: nothing"}}),
            "spend": (429, {"type": "error", "error": {"type": "rate_limit_error", "message": "spend limit",
                                                       "details": {"error_code": "enforced_spend_limit_reached"}}}),
            "long": (400, {"type": "error", "error": {"type": "invalid_request_error",
                                                      "message": "prompt is too long: 210000 tokens > 200000 maximum"}}),
            "stream": {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            "parameter": ("cache_control", {"type": "error", "error": {
                "type": "invalid_request_error", "message": "system.0.cache_control: Extra inputs are not permitted"}})}

    def key(self, headers):
        given = headers.get("Authorization", "")
        return headers.get("x-api-key") or (given[7:] if given.startswith("Bearer ") else "")

    def read(self, body):
        messages = body["messages"]
        texts = [b["text"] for m in messages if m["role"] == "user" for b in m["content"] if b["type"] == "text"]
        return body["system"][0]["text"], sum(m["role"] == "assistant" for m in messages), texts

    def check(self, c, headers, body):
        c.need(headers.get("anthropic-version") in ("2023-06-01", "2026-10-21"), "anthropic-version")
        c.members(body, "body", ("model", "max_tokens", "messages"), ("system", "tools", "stream", "output_config"))
        c.positive(body.get("max_tokens"), "max_tokens")
        c.need(body.get("stream") or body["max_tokens"] <= 21333, "max_tokens over 21,333 without a stream")
        c.need(json.dumps(body).count('"cache_control"') <= 4, "more than four cache breakpoints")
        for tool in body.get("tools", []):
            c.members(tool, "tool", ("name", "description", "input_schema"), ("cache_control", "strict"))
            c.tool(tool["name"], tool["input_schema"])
        if "output_config" in body:
            c.strict_schema(body["output_config"]["format"]["schema"], "output_config")
        roles = [m["role"] for m in body["messages"]]
        c.need(roles == (["user", "assistant"] * len(roles))[:len(roles)] and roles[-1] == "user", f"turns do not alternate: {roles}")
        for message in body["messages"]:
            self.check_message(c, message)
        c.need(not c.open, f"calls without results: {c.open}")

    def check_message(self, c, message):
        blocks = message["content"]
        c.need(isinstance(blocks, list) and blocks, "a message without content")
        results = [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]
        for block in blocks:
            if block["type"] == "text":
                c.need(block["text"].strip(), "an empty text block")
            if block["type"] == "tool_result":
                c.members(block, "tool_result", ("type", "tool_use_id", "content"), ("is_error", "cache_control"))
                c.need(block["content"], "an empty tool_result")
        if message["role"] == "user":
            c.need(results == c.open, f"results {results} for calls {c.open}")
            c.need(all(b["type"] == "tool_result" for b in blocks[:len(results)]), "results do not come first")
            c.open = []
            return
        c.open = [b["id"] for b in blocks if b["type"] == "tool_use"]
        for block in blocks:
            if block["type"] == "thinking":
                c.need(any(m == c.model for i, (m, _) in c.issued.items() if i in c.open), "thinking of another model")
            if block["type"] == "tool_use":
                c.need(isinstance(block["input"], dict), "tool_use.input is no object")
                c.verbatim(block["id"], blocks)

    def events(self, body, text, calls, usage, issued, stop=None):
        content = []
        if calls:
            content.append({"type": "thinking", "thinking": "", "signature": SIGNATURE["anthropic"]})
        if text:
            content.append({"type": "text", "text": text})
        for i, name, args in calls:
            content.append({"type": "tool_use", "id": i, "name": name, "input": args if isinstance(args, dict) else {}})
        for i, _, args in calls:
            issued[i] = (body["model"], content if isinstance(args, dict) else None)
        begun = {"input_tokens": usage["input"], "cache_creation_input_tokens": usage.get("cache_write", 0),
                 "cache_read_input_tokens": usage.get("cache_read", 0), "output_tokens": 1}
        yield "message_start", {"type": "message_start", "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": [], "stop_reason": None,
            "usage": begun}}
        yield "ping", {"type": "ping"}
        for index, block in enumerate(content):
            yield from self.block(index, block, calls)
        yield "message_delta", {"type": "message_delta", "delta": {"stop_reason": stop or ("tool_use" if calls else "end_turn")},
                                "usage": dict(begun, output_tokens=usage["output"])}
        yield "message_stop", {"type": "message_stop"}

    def block(self, index, block, calls):
        def delta(**value):
            return "content_block_delta", {"type": "content_block_delta", "index": index, "delta": value}
        empty = {"thinking": {"type": "thinking", "thinking": "", "signature": ""}, "text": {"type": "text", "text": ""}}
        yield "content_block_start", {"type": "content_block_start", "index": index,
                                      "content_block": empty.get(block["type"], dict(block, input={}))}
        if block["type"] == "thinking":
            yield delta(type="signature_delta", signature=block["signature"])
        elif block["type"] == "text":
            for piece in re.findall(r"(?s).{1,9}", block["text"]):
                yield delta(type="text_delta", text=piece)
        else:
            args = next(a for i, _, a in calls if i == block["id"])
            args = args if isinstance(args, str) else json.dumps(args)
            for piece in re.findall(r"(?s).{1,11}", args):
                yield delta(type="input_json_delta", partial_json=piece)
        yield "content_block_stop", {"type": "content_block_stop", "index": index}

    def refusal(self, body, issued):
        events = list(self.events(body, "", [], {"input": 10, "output": 1}, issued, "refusal"))
        events[-2][1]["delta"]["stop_details"] = {"type": "refusal", "category": "cyber", "explanation": "not this"}
        return events


class Responses:
    api, base, path = "openai-responses", "/v1", re.compile(r"/v1/responses")
    fail = {"key": (401, {"error": {"message": "Incorrect API key provided", "type": "invalid_request_error", "param": None,
                                    "code": "invalid_api_key"}}),
            "model": (404, {"error": {"message": "The model does not exist", "type": "invalid_request_error", "param": "model",
                                      "code": "model_not_found"}}),
            "spend": (429, {"error": {"message": "You exceeded your current quota", "type": "insufficient_quota", "param": None,
                                      "code": "insufficient_quota"}}),
            "long": (400, {"error": {"message": "Your input exceeds the context window of this model",
                                     "type": "invalid_request_error", "param": "input", "code": "context_length_exceeded"}}),
            "stream": {"type": "error", "code": "server_error", "message": "The server had an error", "param": None},
            "parameter": ("prompt_cache_key", {"error": {"message": "Unknown parameter: 'prompt_cache_key'.",
                                                         "type": "invalid_request_error", "param": "prompt_cache_key",
                                                         "code": "unknown_parameter"}})}

    def key(self, headers):
        return headers.get("Authorization", "").removeprefix("Bearer ")

    def read(self, body):
        items = body["input"]
        said = [i.get("role") == "user" or i.get("type") == "function_call_output" for i in items]
        turns = sum(not user and (at == 0 or said[at - 1]) for at, user in enumerate(said))
        texts = [p["text"] for i in items if i.get("role") == "user" for p in i["content"]]
        return body["instructions"], turns, texts

    def check(self, c, headers, body):
        c.members(body, "body", ("model", "input", "max_output_tokens", "store"),
                  ("instructions", "stream", "include", "prompt_cache_key", "text", "tools"))
        c.need(body.get("store") is False, "store is not false")
        c.positive(body.get("max_output_tokens"), "max_output_tokens")
        for tool in body.get("tools", []):
            c.members(tool, "tool", ("type", "name", "parameters", "strict"), ("description",))
            c.tool(tool["name"], tool["parameters"])
        if "text" in body:
            c.members(body["text"]["format"], "text.format", ("type", "name", "schema", "strict"))
            c.strict_schema(body["text"]["format"]["schema"], "text.format")
        for item in body["input"]:
            self.check_item(c, item)
        c.need(not c.open, f"calls without results: {c.open}")

    def check_item(self, c, item):
        kind = item.get("type", "message")
        if kind == "function_call_output":
            c.members(item, "output", ("type", "call_id", "output"))
            c.need(item["call_id"] in c.open and item["output"], f"a result for {item['call_id']}")
            c.open = [i for i in c.open if i != item["call_id"]]
            return
        if kind == "function_call":
            c.need(is_json(item["arguments"]), "arguments are no JSON text")
            c.open.append(item["call_id"])
            c.verbatim(item["call_id"], item)
            return
        c.need(not c.open or kind == "reasoning", f"no results for {c.open}")
        if kind == "reasoning":
            c.need(c.issued.get(item.get("id")) == (c.model, item), "a reasoning item that this model did not make")
        else:
            c.need(item["role"] in ("user", "assistant"), f"role {item['role']}")
            wanted = "input_text" if item["role"] == "user" else "output_text"
            c.need(all(p["type"] == wanted and p["text"] for p in item["content"]), "parts of a message")

    def events(self, body, text, calls, usage, issued, stop=None):
        items = []
        if calls:
            items.append({"id": "rs_" + calls[0][0], "type": "reasoning", "summary": [], "encrypted_content": "gAAAA"})
            issued[items[0]["id"]] = (body["model"], items[0])
        if text:
            items.append({"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "phase": "final_answer",
                          "content": [{"type": "output_text", "text": text, "annotations": []}]})
        for i, name, args in calls:
            items.append({"id": "fc_" + i, "type": "function_call", "call_id": i, "name": name, "status": "completed",
                          "arguments": args if isinstance(args, str) else json.dumps(args)})
            issued[i] = (body["model"], items[-1] if isinstance(args, dict) else None)
        response = {"id": "resp_1", "object": "response", "created_at": 1, "model": body["model"], "output": items, "error": None,
                    "incomplete_details": None}
        n = 0
        for name, more in [("created", {"response": dict(response, status="in_progress", output=[], usage=None)})] + [
                e for index, item in enumerate(items) for e in self.item(index, item)] + [
                ("completed", {"response": dict(response, status="completed", usage=self.usage(usage))})]:
            yield "response." + name, dict({"type": "response." + name, "sequence_number": n}, **more)
            n += 1

    def item(self, index, item):
        at = {"output_index": index, "item_id": item["id"]}
        empty = {"message": {"content": [], "status": "in_progress"}, "function_call": {"arguments": "", "status": "in_progress"}}
        yield "output_item.added", {"output_index": index, "item": dict(item, **empty.get(item["type"], {}))}
        if item["type"] == "message":
            part, at = item["content"][0], dict(at, content_index=0)
            yield "content_part.added", dict(at, part=dict(part, text=""))
            for piece in re.findall(r"(?s).{1,9}", part["text"]):
                yield "output_text.delta", dict(at, delta=piece, logprobs=[])
            yield "output_text.done", dict(at, text=part["text"], logprobs=[])
            yield "content_part.done", dict(at, part=part)
        if item["type"] == "function_call":
            for piece in re.findall(r"(?s).{1,11}", item["arguments"]):
                yield "function_call_arguments.delta", dict(at, delta=piece)
            yield "function_call_arguments.done", dict(at, arguments=item["arguments"], name=item["name"])
        yield "output_item.done", {"output_index": index, "item": item}

    def usage(self, usage):
        total = usage["input"] + usage.get("cache_read", 0) + usage.get("cache_write", 0)
        return {"input_tokens": total, "output_tokens": usage["output"], "total_tokens": total + usage["output"],
                "input_tokens_details": {"cached_tokens": usage.get("cache_read", 0),
                                         "cache_write_tokens": usage.get("cache_write", 0)},
                "output_tokens_details": {"reasoning_tokens": 0}}

    def refusal(self, body, issued):
        events = list(self.events(body, "no", [], {"input": 10, "output": 1}, issued))
        for _, data in events:
            for item in [data.get("item")] + data.get("response", {}).get("output", []):
                if item:
                    item["content"] = [{"type": "refusal", "refusal": "not this"}]
        return [e for e in events if "output_text" not in e[0] and "content_part" not in e[0]]


class Chat:
    api, base, path = "openai-chat", "/v1", re.compile(r"/v1/chat/completions")
    fail = {"key": Responses.fail["key"], "model": Responses.fail["model"], "spend": Responses.fail["spend"],
            "long": (400, {"error": {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 9242, "n_ctx": 4096,
                                     "message": "the request exceeds the available context size"}}),
            "stream": {"error": {"code": 502, "message": "the upstream broke off"}},
            "parameter": ("stream_options", {"error": {"message": "Unrecognized request argument supplied: stream_options",
                                                       "type": "invalid_request_error", "param": None, "code": None}})}
    key = Responses.key

    def read(self, body):
        messages = body["messages"]
        texts = [m["content"] for m in messages if m["role"] == "user"]
        return messages[0]["content"], sum(m["role"] == "assistant" for m in messages), texts

    def check(self, c, headers, body):
        c.members(body, "body", ("model", "messages"),
                  ("max_tokens", "max_completion_tokens", "stream", "stream_options", "response_format", "tools", "reasoning_effort"))
        c.positive(body.get("max_completion_tokens", body.get("max_tokens")), "output cap")
        for tool in body.get("tools", []):
            c.members(tool, "tool", ("type", "function"))
            c.tool(tool["function"]["name"], tool["function"]["parameters"])
        if "response_format" in body:
            c.strict_schema(body["response_format"]["json_schema"]["schema"], "response_format")
        for message in body["messages"]:
            self.check_message(c, message)
        c.need(not c.open, f"calls without results: {c.open}")
        c.need(body["messages"][-1]["role"] != "assistant", "the assistant speaks last")

    def check_message(self, c, message):
        if message["role"] == "tool":
            c.members(message, "tool message", ("role", "tool_call_id", "content"))
            c.need(message["tool_call_id"] in c.open and message["content"], f"a result for {message['tool_call_id']}")
            c.open = [i for i in c.open if i != message["tool_call_id"]]
            return
        c.need(not c.open, f"no results for {c.open}")
        c.need(message["role"] in ("system", "user", "assistant"), f"role {message['role']}")
        c.members(message, "message", ("role", "content"), ("tool_calls",))
        c.need(message["content"] or message.get("tool_calls"), "a message that says nothing")
        for call in message.get("tool_calls", []):
            c.members(call, "tool_call", ("id", "type", "function"))
            c.need(is_json(call["function"]["arguments"]), "arguments are no JSON text")
            c.open.append(call["id"])
            c.verbatim(call["id"], call)

    def events(self, body, text, calls, usage, issued, stop=None):
        def chunk(delta=None, finish=None, **more):
            choices = [{"index": 0, "delta": delta, "finish_reason": finish}] if delta is not None else []
            return None, dict({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": body["model"],
                               "choices": choices}, **more)
        yield chunk({"role": "assistant", "content": ""})
        for piece in re.findall(r"(?s).{1,9}", text):
            yield chunk({"content": piece})
        for index, (i, name, args) in enumerate(calls):
            whole = args if isinstance(args, str) else json.dumps(args)
            sent = {"id": i, "type": "function", "function": {"name": name, "arguments": whole}}
            issued[i] = (body["model"], sent if isinstance(args, dict) else None)
            yield chunk({"tool_calls": [{"index": index, "id": i, "type": "function",
                                         "function": {"name": name, "arguments": ""}}]})
            for piece in re.findall(r"(?s).{1,11}", whole):
                yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
        yield chunk({}, stop or ("tool_calls" if calls else "stop"))
        total = usage["input"] + usage.get("cache_read", 0) + usage.get("cache_write", 0)
        if body.get("stream_options", {}).get("include_usage"):
            yield chunk(usage=dict({"prompt_tokens": total, "completion_tokens": usage["output"],
                                    "total_tokens": total + usage["output"], "prompt_tokens_details": {
                                        "cached_tokens": usage.get("cache_read", 0),
                                        "cache_write_tokens": usage.get("cache_write", 0)}},
                                   **({"cost": usage["cost"]} if "cost" in usage else {})))
        yield None, "[DONE]"

    def refusal(self, body, issued):
        events = list(self.events(body, "", [], {"input": 10, "output": 1}, issued))
        events[0][1]["choices"][0]["delta"] = {"role": "assistant", "refusal": "not this"}
        return events


class Gemini:
    api, base, path = "gemini", "", re.compile(r"/v1beta/models/([^/:]+):streamGenerateContent\?alt=sse")
    fail = {"key": (400, {"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT", "details": [
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]}}),
            "model": (404, {"error": {"code": 404, "message": "models/nothing is not found", "status": "NOT_FOUND"}}),
            "spend": (429, {"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED", "details": [
                {"@type": "type.googleapis.com/google.rpc.QuotaFailure",
                 "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]}]}}),
            "long": (400, {"error": {"code": 400, "status": "INVALID_ARGUMENT",
                                     "message": "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576)."}}),
            "stream": {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}},
            "parameter": ("responseJsonSchema", {"error": {
                "code": 400, "status": "INVALID_ARGUMENT",
                "message": "Invalid JSON payload received. Unknown name \"responseJsonSchema\" at 'generation_config'"}})}

    def key(self, headers):
        return headers.get("x-goog-api-key", "")

    def read(self, body):
        texts = [p["text"] for c in body["contents"] if c["role"] == "user" for p in c["parts"] if "text" in p]
        return (body["systemInstruction"]["parts"][0]["text"], sum(c["role"] == "model" for c in body["contents"]), texts)

    def check(self, c, headers, body):
        c.members(body, "body", ("contents", "generationConfig"), ("systemInstruction", "tools", "continuationToken"))
        c.members(body["generationConfig"], "generationConfig", ("maxOutputTokens",), ("responseMimeType", "responseJsonSchema"))
        c.positive(body["generationConfig"].get("maxOutputTokens"), "maxOutputTokens")
        if "responseJsonSchema" in body["generationConfig"]:
            c.strict_schema(body["generationConfig"]["responseJsonSchema"], "responseJsonSchema")
        for tool in body.get("tools", []):
            for one in tool["functionDeclarations"]:
                c.members(one, "functionDeclaration", ("name", "description", "parametersJsonSchema"))
                c.tool(one["name"], one["parametersJsonSchema"])
        roles = [content["role"] for content in body["contents"]]
        c.need(roles == (["user", "model"] * len(roles))[:len(roles)] and roles[-1] == "user", f"turns do not alternate: {roles}")
        for content in body["contents"]:
            self.check_content(c, content)
        c.need(not c.open, f"calls without results: {c.open}")

    def check_content(self, c, content):
        parts = content["parts"]
        c.need(parts, "a content without parts")
        results = [p["functionResponse"] for p in parts if "functionResponse" in p]
        for one in results:
            c.members(one, "functionResponse", ("name", "response"), ("id",))
            c.need(isinstance(one["response"], dict) and one["response"], "functionResponse.response is no object")
        if content["role"] == "user":
            c.need([(r["name"], r.get("id")) for r in results] == c.open, f"{len(results)} results for calls {c.open}")
            c.open = []
            return
        calls = [p for p in parts if "functionCall" in p]
        c.open = [(p["functionCall"]["name"], p["functionCall"].get("id")) for p in calls]
        c.need(not calls or "thoughtSignature" in calls[0], "the first functionCall lacks its thoughtSignature")
        for part in calls:
            c.need(isinstance(part["functionCall"]["args"], dict), "functionCall.args is no object")
            if "id" in part["functionCall"]:
                c.verbatim(part["functionCall"]["id"], part)
            else:
                c.need(part.get("thoughtSignature", FOREIGN) == FOREIGN, "a signature of nobody")

    def events(self, body, text, calls, usage, issued, stop=None):
        running = {"promptTokenCount": usage["input"] + usage.get("cache_read", 0),
                   "cachedContentTokenCount": usage.get("cache_read", 0)}

        def chunk(parts, **more):
            return None, {"candidates": [dict({"content": {"role": "model", "parts": parts}, "index": 0}, **more)],
                          "usageMetadata": dict(running), "modelVersion": body["model"], "responseId": "r1"}
        for piece in re.findall(r"(?s).{1,9}", text):
            yield chunk([{"text": piece}])
        parts = [{"functionCall": {"id": i, "name": name, "args": args if isinstance(args, dict) else {}}} for i, name, args in calls]
        if parts:
            parts[0]["thoughtSignature"] = SIGNATURE["gemini"]
        for part in parts:
            issued[part["functionCall"]["id"]] = (body["model"], part)
        thought = usage.get("reasoning", 0)
        running.update(candidatesTokenCount=usage["output"] - thought, thoughtsTokenCount=thought)
        yield chunk(parts or [{"text": ""}], finishReason=stop or "STOP")

    def refusal(self, body, issued):
        return list(self.events(body, "", [], {"input": 10, "output": 1}, issued, "SAFETY"))

    def blocked(self):
        return [(None, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
                        "usageMetadata": {"promptTokenCount": 12, "totalTokenCount": 12}, "modelVersion": "x"})]


WIRES = [Anthropic(), Responses(), Chat(), Gemini()]


def wire_of(path):
    return next((w for w in WIRES if w.path.fullmatch(path)), None)


def wire_named(api):
    return next(w for w in WIRES if w.api == api)
