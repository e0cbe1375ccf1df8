"""A stand-in for GitHub: REST, App tokens, webhooks and git over HTTP on one loopback port.

It follows GitHub's documented contract for what VDO uses, and is strict where GitHub is: a User-Agent, the API version, a signed JWT for App
routes, an unexpired token elsewhere. Violations are kept in `violations`. Faults can hit any route before or after its effect.
"""
import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

APP_ID = 4242
INSTALLATION = 777
BOT_ID = 9000
SECRET = "a-webhook-secret-for-tests"


def b64url_decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Repo:
    def __init__(self, number, owner, name, path):
        self.id, self.owner, self.name, self.path = number, owner, name, path
        self.issues, self.comments, self.pulls = {}, {}, {}
        self.reactions = []
        self.archived = False
        self.deleted = False

    @property
    def full_name(self):
        return f"{self.owner}/{self.name}"


class GitHub:
    def __init__(self, hook_url=None):
        self.lock = threading.RLock()
        self.dir = tempfile.mkdtemp(prefix="vdo-github-")
        self.key = os.path.join(self.dir, "app.pem")
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", self.key, "2048"], check=True, capture_output=True)
        subprocess.run(["openssl", "rsa", "-in", self.key, "-pubout", "-out", self.key + ".pub"], check=True, capture_output=True)
        self.repos, self.tokens, self.faults, self.violations, self.log = {}, {}, [], [], []
        self.permissions = {"octocat": "admin", "reader": "read"}
        self.users = {"octocat": 1, "reader": 2, "vdo[bot]": BOT_ID}
        self.next_id = 1000
        self.hook_url = hook_url
        self.deliveries = []
        self.bad_tokens = 0
        handler = type("Handler", (Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        subprocess.run(["rm", "-rf", self.dir])

    # ---- what people do ----

    def new_id(self):
        with self.lock:
            self.next_id += 1
            return self.next_id

    def add_repo(self, name="app", files=None, owner="acme"):
        path = os.path.join(self.dir, "repos", owner, name + ".git")
        os.makedirs(path)
        git = ["git", "-C", path]
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True)
        subprocess.run(git + ["config", "http.receivepack", "true"], check=True)
        if files:
            work = tempfile.mkdtemp(dir=self.dir)
            env = dict(os.environ, GIT_AUTHOR_NAME="Octo", GIT_AUTHOR_EMAIL="octo@example.invalid",
                       GIT_COMMITTER_NAME="Octo", GIT_COMMITTER_EMAIL="octo@example.invalid", GIT_CONFIG_GLOBAL="/dev/null")
            for file, text in files.items():
                full = os.path.join(work, file)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w") as f:
                    f.write(text)
            for args in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "First"], ["push", "-q", path, "main"]):
                subprocess.run(["git", "-C", work] + args, check=True, env=env, capture_output=True)
        repo = Repo(self.new_id(), owner, name, path)
        self.repos[repo.full_name] = repo
        return repo

    def user(self, login):
        return {"login": login, "id": self.users.setdefault(login, self.new_id()), "type": "Bot" if login.endswith("[bot]") else "User"}

    def issue_json(self, repo, issue):
        out = dict(issue, html_url=f"{self.url}/{repo.full_name}/issues/{issue['number']}", comments=0)
        out["labels"] = [{"id": 1, "name": name} for name in issue["labels"]]
        return out

    def open_issue(self, repo, title, body="", labels=(), user="octocat"):
        number = len(repo.issues) + len(repo.pulls) + 1
        repo.issues[number] = {"id": self.new_id(), "number": number, "title": title, "body": body, "state": "open", "locked": False,
                               "labels": list(labels), "user": self.user(user), "author_association": "NONE",
                               "created_at": self.now(), "updated_at": self.now()}
        return number

    def label(self, repo, number, name="vdo", sender="octocat", deliver=True):
        issue = repo.issues[number]
        if name not in issue["labels"]:
            issue["labels"].append(name)
        return self.send(self.issue_event(repo, number, "labeled", sender, label={"name": name})) if deliver else None

    def issue_event(self, repo, number, action, sender="octocat", **more):
        return "issues", dict({"action": action, "issue": self.issue_json(repo, repo.issues[number])}, **more, **self.common(repo, sender))

    def comment(self, repo, number, body, sender="octocat"):
        comment = self.make_comment(repo, number, body, sender)
        subject = self.issue_json(repo, repo.issues[number])
        return self.send(("issue_comment", dict({"action": "created", "issue": subject, "comment": comment}, **self.common(repo, sender))))

    def make_comment(self, repo, number, body, sender):
        comment = {"id": self.new_id(), "body": body, "user": self.user(sender), "issue": number, "created_at": self.now(),
                   "updated_at": self.now(), "performed_via_github_app": None}
        repo.comments[comment["id"]] = comment
        return comment

    def common(self, repo, sender):
        return {"repository": self.repo_json(repo), "sender": self.user(sender), "installation": {"id": INSTALLATION}}

    def repo_json(self, repo):
        return {"id": repo.id, "name": repo.name, "full_name": repo.full_name, "private": False, "archived": repo.archived,
                "default_branch": "main", "html_url": f"{self.url}/{repo.full_name}", "owner": {"login": repo.owner, "id": 5}}

    def sign(self, body, secret=SECRET):
        return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()

    def send(self, event, guid=None, headers=None):
        """Deliver an event; (status, answer)."""
        name, payload = event
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        sent = {"Content-Type": "application/json", "X-GitHub-Event": name, "X-GitHub-Delivery": guid or str(uuid.uuid4()),
                "X-Hub-Signature-256": self.sign(body), "User-Agent": "GitHub-Hookshot/test"}
        sent.update(headers or {})
        sent = {k: v for k, v in sent.items() if v is not None}
        self.deliveries.append((name, body, sent))
        request = urllib.request.Request(self.hook_url, data=body, headers=sent, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def fault(self, method, path, times=1, **how):
        """how: status=, drop=True, delay=seconds; after=True: the effect happens first."""
        self.faults.append(dict(method=method, path=re.compile(path), times=times, **how))

    def expire_tokens(self):
        with self.lock:
            for token in self.tokens:
                self.tokens[token] = 0

    @staticmethod
    def now():
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def branches(self, repo):
        out = subprocess.run(["git", "-C", repo.path, "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads"],
                             check=True, capture_output=True, text=True).stdout
        return dict(line.split() for line in out.splitlines())

    def git(self, repo, *args):
        return subprocess.run(["git", "-C", repo.path, *args], check=True, capture_output=True, text=True).stdout


class Refused(Exception):
    def __init__(self, status, message, **more):
        super().__init__(message)
        self.status, self.body = status, dict({"message": message}, **more)


class Handler(BaseHTTPRequestHandler):
    hub = None
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.handle_any()

    do_POST = do_PATCH = do_DELETE = do_PUT = do_GET

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b""
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                body += self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    return body
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def find_fault(self):
        with self.hub.lock:
            for fault in self.hub.faults:
                if fault["times"] > 0 and fault["method"] == self.command and fault["path"].search(self.path):
                    fault["times"] -= 1
                    return fault
        return None

    def handle_any(self):
        body = self.read_body()
        fault = self.find_fault()
        if fault and fault.get("delay"):
            time.sleep(fault["delay"])
        if fault and not fault.get("after") and self.apply(fault):
            return
        if ".git/" in self.path:
            self.git(body, fault)
            return
        try:
            status, answer, headers = self.route(body)
        except Refused as e:
            status, answer, headers = e.status, e.body, {}
        with self.hub.lock:
            self.hub.log.append((self.command, self.path, status))
        if fault and fault.get("after") and self.apply(fault):
            return
        self.answer(status, answer, headers)

    def apply(self, fault):
        if fault.get("drop"):
            self.close_connection = True
            self.connection.close()
            return True
        if fault.get("status"):
            self.answer(fault["status"], fault.get("body", {"message": "fault"}), fault.get("headers", {}))
            return True
        return False

    def answer(self, status, value, headers):
        data = b"" if status == 204 else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("x-ratelimit-limit", "5000")
        self.send_header("x-ratelimit-remaining", "4999")
        self.send_header("x-ratelimit-reset", str(int(time.time()) + 3600))
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    # ---- who asks ----

    def check_headers(self):
        for name, wanted in (("User-Agent", r"."), ("Accept", r"application/vnd\.github"), ("X-GitHub-Api-Version", r"2022-11-28")):
            if not re.search(wanted, self.headers.get(name, "")):
                self.hub.violations.append(f"{self.command} {self.path}: header {name}")

    def bearer(self):
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if kind in ("Bearer", "token") else ""

    def need_app(self):
        token = self.bearer()
        parts = token.split(".")
        if len(parts) != 3:
            raise Refused(401, "A JSON web token could not be decoded")
        claims = json.loads(b64url_decode(parts[1]))
        with tempfile.NamedTemporaryFile(dir=self.hub.dir) as signature:
            signature.write(b64url_decode(parts[2]))
            signature.flush()
            check = subprocess.run(["openssl", "dgst", "-sha256", "-verify", self.hub.key + ".pub", "-signature", signature.name],
                                   input=(parts[0] + "." + parts[1]).encode(), capture_output=True)
        now = time.time()
        if check.returncode or str(claims["iss"]) != str(APP_ID):
            raise Refused(401, "A JSON web token could not be decoded")
        if claims["exp"] > now + 600 or claims["iat"] > now or claims["exp"] < now:
            raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")

    def need_token(self):
        with self.hub.lock:
            expires = self.hub.tokens.get(self.bearer())
            if expires is None or expires < time.time():
                self.hub.bad_tokens += 1
                raise Refused(401, "Bad credentials")

    # ---- routes ----

    def route(self, body):
        self.check_headers()
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        data = json.loads(body) if body else {}
        if url.path == "/app":
            self.need_app()
            return 200, {"id": APP_ID, "slug": "vdo", "name": "VDO", "permissions": {}, "events": []}, {}
        match = re.fullmatch(r"/app/installations/(\d+)/access_tokens", url.path)
        if match and self.command == "POST":
            return self.mint(int(match[1]))
        self.need_token()
        if url.path.startswith("/users/"):
            login = urllib.parse.unquote(url.path[len("/users/"):])
            return 200, self.hub.user(login), {}
        match = re.fullmatch(r"/repos/([^/]+/[^/]+)(/.*)?", url.path)
        repo = self.hub.repos.get(match[1]) if match else None
        if not repo or repo.deleted:
            raise Refused(404, "Not Found")
        with self.hub.lock:
            return self.repo_route(repo, match[2] or "", query, data)

    def mint(self, installation):
        self.need_app()
        if installation != INSTALLATION:
            raise Refused(404, "Not Found")
        # GitHub's present form: opaque, about 520 characters, with dots.
        token = f"ghs_{APP_ID}_" + ".".join(uuid.uuid4().hex * n for n in (2, 10, 4))
        with self.hub.lock:
            self.hub.tokens[token] = time.time() + 3600
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        return 201, {"token": token, "expires_at": stamp, "permissions": {}, "repository_selection": "all"}, {}

    def repo_route(self, repo, path, query, data):
        hub, method = self.hub, self.command
        if path == "" and method == "GET":
            return 200, hub.repo_json(repo), {}
        match = re.fullmatch(r"/collaborators/([^/]+)/permission", path)
        if match:
            login = urllib.parse.unquote(match[1])
            if login not in hub.users:
                raise Refused(404, f"{login} is not a user")
            level = hub.permissions.get(login, "read")
            return 200, {"permission": {"triage": "read", "maintain": "write"}.get(level, level), "role_name": level, "user": hub.user(login)}, {}
        match = re.fullmatch(r"/issues/comments/(\d+)(/reactions)?", path)
        if match:
            return self.comment_route(repo, int(match[1]), match[2], data)
        match = re.fullmatch(r"/issues/(\d+)(/.*)?", path)
        if match:
            return self.issue_route(repo, int(match[1]), match[2] or "", query, data)
        if path == "/pulls":
            return self.list_pulls(repo, query) if method == "GET" else self.create_pull(repo, data)
        raise Refused(404, "Not Found")

    def comment_route(self, repo, number, reactions, data):
        comment = repo.comments.get(number)
        if not comment:
            raise Refused(404, "Not Found")
        if reactions:
            repo.reactions.append(("comment", number, data["content"]))
            return 201, {"id": self.hub.new_id(), "content": data["content"]}, {}
        if self.command == "PATCH":
            self.check_length(data["body"])
            comment["body"] = data["body"]
            comment["edits"] = comment.get("edits", []) + [time.time()]
        return 200, comment, {}

    def check_length(self, body):
        if len(body) > 65536:
            raise Refused(422, "Validation Failed", errors=[{"code": "unprocessable", "field": "body", "message": "Body is too long"}])

    def issue_route(self, repo, number, path, query, data):
        hub = self.hub
        issue = repo.issues.get(number)
        if issue is None:
            raise Refused(404, "Not Found")
        if issue.get("deleted"):
            raise Refused(410, "This issue was deleted")
        if path == "":
            return 200, hub.issue_json(repo, issue), {}
        if path == "/reactions":
            repo.reactions.append(("issue", number, data["content"]))
            return 201, {"id": hub.new_id(), "content": data["content"]}, {}
        if path == "/comments" and self.command == "POST":
            if issue["locked"]:
                raise Refused(403, "Unable to create comment because issue is locked.")
            self.check_length(data["body"])
            comment = hub.make_comment(repo, number, data["body"], "vdo[bot]")
            return 201, comment, {}
        if path == "/comments":
            found = [c for c in repo.comments.values() if c["issue"] == number]
            if "since" in query:
                found = [c for c in found if c["updated_at"] >= query["since"]]
            return self.page(found, query)
        match = re.fullmatch(r"/labels/([^/]+)", path)
        if match and self.command == "DELETE":
            name = urllib.parse.unquote(match[1])
            if name not in issue["labels"]:
                raise Refused(404, "Label does not exist")
            issue["labels"].remove(name)
            return 200, [{"name": n} for n in issue["labels"]], {}
        raise Refused(404, "Not Found")

    def page(self, items, query):
        size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
        if size > 100:
            self.hub.violations.append(f"{self.path}: per_page over 100")
        headers = {}
        if len(items) > size * number:
            base = self.path.split("?")[0]
            rest = urllib.parse.urlencode(dict(query, page=number + 1))
            headers["Link"] = f'<{self.hub.url}{base}?{rest}>; rel="next", <{self.hub.url}{base}?page=99>; rel="last"'
        return 200, items[size * (number - 1):size * number], headers

    def pull_json(self, repo, pull):
        return dict(pull, html_url=f"{self.hub.url}/{repo.full_name}/pull/{pull['number']}")

    def list_pulls(self, repo, query):
        head = query.get("head", "").partition(":")[2]
        found = [self.pull_json(repo, p) for p in repo.pulls.values() if not head or p["head"]["ref"] == head]
        return self.page(found[::-1], query)

    def create_pull(self, repo, data):
        for name in ("title", "head", "base"):
            if not isinstance(data.get(name), str):
                raise Refused(422, "Validation Failed", errors=[{"field": name, "code": "missing_field"}])
        self.check_length(data.get("body", ""))
        branches = self.hub.branches(repo)
        if data["head"] not in branches:
            raise Refused(422, "Validation Failed", errors=[{"resource": "PullRequest", "field": "head", "code": "invalid"}])
        if data["base"] not in branches:
            raise Refused(422, "Validation Failed", errors=[{"resource": "PullRequest", "field": "base", "code": "invalid"}])
        if branches[data["head"]] == branches[data["base"]]:
            raise Refused(422, "Validation Failed", errors=[{"code": "custom", "message": f"No commits between {data['base']} and {data['head']}"}])
        if any(p["head"]["ref"] == data["head"] and p["state"] == "open" for p in repo.pulls.values()):
            raise Refused(422, "Validation Failed", errors=[{"code": "custom", "message": f"A pull request already exists for acme:{data['head']}."}])
        number = len(repo.issues) + len(repo.pulls) + 1
        repo.pulls[number] = {"id": self.hub.new_id(), "number": number, "title": data["title"], "body": data.get("body"), "state": "open",
                              "draft": bool(data.get("draft")), "merged": False, "head": {"ref": data["head"], "sha": branches[data["head"]]},
                              "base": {"ref": data["base"]}, "user": self.hub.user("vdo[bot]")}
        return 201, self.pull_json(repo, repo.pulls[number]), {}

    # ---- git ----

    def git(self, body, fault):
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        user, _, token = base64.b64decode(value).decode().partition(":") if kind == "Basic" else ("", "", "")
        with self.hub.lock:
            good = user == "x-access-token" and self.hub.tokens.get(token, 0) > time.time()
        if not good:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="GitHub"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        url = urllib.parse.urlsplit(self.path)
        env = dict(os.environ, GIT_PROJECT_ROOT=os.path.join(self.hub.dir, "repos"), GIT_HTTP_EXPORT_ALL="1", PATH_INFO=url.path,
                   QUERY_STRING=url.query, REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get("Content-Type", ""),
                   CONTENT_LENGTH=str(len(body)), REMOTE_USER=user, REMOTE_ADDR="127.0.0.1")
        if self.headers.get("Content-Encoding"):
            env["HTTP_CONTENT_ENCODING"] = self.headers["Content-Encoding"]
        done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True)
        head, _, data = done.stdout.partition(b"\r\n\r\n")
        status, headers = 200, []
        for line in head.decode().split("\r\n"):
            name, _, text = line.partition(": ")
            if name == "Status":
                status = int(text.split()[0])
            elif name:
                headers.append((name, text))
        with self.hub.lock:
            self.hub.log.append((self.command, self.path, status))
        if fault and fault.get("after") and self.apply(fault):
            return
        self.send_response(status)
        for name, text in headers:
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
