"""A stand-in for the W&B server, which misbehaves where it is asked to: what outages do to a run, without any network.

    with FakeWandb() as server:
        ... WANDB_BASE_URL=server.url WANDB_API_KEY=KEY python run.py ...
        server.mood = "slow"

It answers the few GraphQL calls that wandb 0.31 needs, keeps what the file stream brings, line by line, and tells a run
that is taken up what it has.
"""

import gzip
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "0" * 40
SLOW = 10.0  # seconds a call takes of a server in the mood "slow"
MOODS = ("well", "slow", "500", "429", "403", "garbage", "gone")
BUCKET = "QnVja2V0"
PROJECT = {"id": "p", "name": "p", "entity": {"id": "e", "name": "ours"}}
FEATURES = {
    "serverInfo": {"cliVersionInfo": {"max_cli_version": "9.0.0"}, "latestLocalVersionInfo": None, "features": []}
}
VIEWER = {
    "id": "u",
    "entity": "ours",
    "username": "us",
    "flags": "{}",
    "teams": {"edges": []},
    "apiKeys": {"edges": []},
}


class FakeWandb:
    """The server, from `with` to its end. `mood`: one of MOODS, for all calls that come from now on; `then`: the one it
    turns to after the first call to the file stream, which comes as soon as a run is open."""

    def __init__(self, mood="well", slow=SLOW):
        self.mood, self.slow, self.artifacts = mood, slow, 0  # `artifacts`: tables and models that have arrived
        self.then = None
        self.files = {}  # run id -> file -> line number -> line
        self.server = _Server(("127.0.0.1", 0), type("Bound", (_Handler,), {"fake": self}))
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def rows(self, run):
        """The rows of a run's history that have arrived."""
        return [json.loads(line) for line in self.lines(run, "history.jsonl")]

    def lines(self, run, name):
        """The lines of one of a run's files, in order."""
        lines = self.files.get(run, {}).get(f"wandb-{name}", {})
        return [lines[number] for number in sorted(lines)]

    def keep(self, run, content):
        """Keep what one call to the file stream brings; lines sent twice count once."""
        for name, part in content.get("files", {}).items():
            lines = self.files.setdefault(run, {}).setdefault(name, {})
            lines |= dict(enumerate(part["content"], part["offset"]))
        self.mood, self.then = self.then or self.mood, None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that went away is none."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Nothing on the terminal."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        self.answer(body)

    do_GET = do_PUT = do_POST

    def answer(self, body):
        mood = self.fake.mood
        if mood == "slow":
            time.sleep(self.fake.slow)
        if mood == "gone":
            self.close_connection = True
        elif mood == "garbage":
            self.send(200, b"<html>\x00\xff proxy says hello {")
        elif mood.isdigit():
            self.send(int(mood), b'{"error": "on purpose"}')
        else:
            self.send(200, json.dumps(self.well(body)).encode())

    def send(self, code, content):
        try:
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except ConnectionError:
            self.close_connection = True  # the client has given up

    def well(self, body):
        """The answer of a server that is well."""
        if self.path.endswith("/file_stream"):
            self.fake.keep(self.path.split("/")[-2], json.loads(body))
            return {"limits": {}}
        if "/told/" in self.path:
            return self.told(self.path.rsplit("/")[-1])
        if not self.path.endswith("/graphql"):
            return {}
        call = json.loads(body)
        variables = call.get("variables") or {}
        if "RunResumeStatus" in call["query"]:
            return {"data": {"model": {**PROJECT, "bucket": self.known(variables["name"])}}}
        if "upsertBucket" in call["query"]:
            return {"data": {"upsertBucket": {"bucket": _bucket(variables), "inserted": True}}}
        if "viewer" in call["query"]:
            return {"data": {"viewer": VIEWER, **FEATURES}}
        if "createRunFiles" in call["query"]:
            return {"data": {"createRunFiles": {"runID": "x", "uploadHeaders": [], "files": self.places(variables)}}}
        if "createArtifact(" in call["query"]:
            self.fake.artifacts += 1
            return {"data": {"createArtifact": {"artifact": _artifact()}}}
        return {"data": {"project": None, **FEATURES}}

    def told(self, run):
        """All rows and the summary of a run, for a test in another process."""
        summary = [json.loads(line) for line in self.fake.lines(run, "summary.json")]
        return {"history": self.fake.rows(run), "summary": summary}

    def known(self, run):
        """What there is of a run: None, or how many lines, and the last ones."""
        if run not in self.fake.files:
            return None
        history, events = (self.fake.lines(run, f"{name}.jsonl") for name in ("history", "events"))
        return {
            "id": BUCKET, "name": run, "displayName": run, "config": "{}", "tags": [], "notes": None,
            "wandbConfig": '{"t": 1}', "summaryMetrics": next(iter(self.fake.lines(run, "summary.json")), "{}"),
            "historyLineCount": len(history), "eventsLineCount": len(events), "logLineCount": 0,
            "historyTail": json.dumps(history[-1:]), "eventsTail": json.dumps(events[-1:]),
        }  # fmt: skip

    def places(self, variables):
        """Where to put the files of a run."""
        return [{"name": name, "uploadUrl": f"{self.fake.url}/put/{name}"} for name in variables["files"]]


def _bucket(variables):
    name = variables.get("name") or "unnamed"
    project = {**PROJECT, "name": variables.get("project") or "p"}
    return {
        "id": BUCKET, "name": name, "displayName": variables.get("displayName") or name, "description": None,
        "config": variables.get("config") or "{}", "sweepName": None, "historyLineCount": 0, "project": project,
    }  # fmt: skip


def _artifact():
    """As if it were there already, so that no file of it is asked for."""
    sequence = {"id": "s", "latestArtifact": {"id": "a", "versionIndex": 0}}
    return {"id": "a", "state": "COMMITTED", "artifactSequence": sequence}
