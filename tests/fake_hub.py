"""What stands in for the Hub in tests: its cache, written as its client does, and a server on this machine."""

import json
import shutil
import time
from http.server import BaseHTTPRequestHandler

SHA = "a" * 40
OTHER = "b" * 40


def put(cache, kind, owner, name, files, commit=SHA, ref="main"):
    """Write a repository into the cache as the Hub's client does; -> the folder of the commit."""
    home = cache / f"{kind}--{owner}--{name}"
    for file in files:
        (home / "snapshots" / commit / file).parent.mkdir(parents=True, exist_ok=True)
        (home / "snapshots" / commit / file).write_text("{}")
    (home / "refs" / ref).parent.mkdir(parents=True, exist_ok=True)
    (home / "refs" / ref).write_text(commit)
    return home / "snapshots" / commit


def put_model(cache, owner, name, folder, commit=SHA):
    """The files of a folder as a model of the Hub."""
    model = put(cache, "models", owner, name, [], commit)
    shutil.copytree(folder, model, dirs_exist_ok=True)


def put_conll2003(cache, commit=SHA):
    """lhoestq/conll2003 with 40 sentences per split."""
    data = put(cache, "datasets", "lhoestq", "conll2003", ["README.md"], commit)
    (data / "README.md").write_text("")
    _put_sentences(data, "data/{}-00000-of-00001.parquet", "PER ORG LOC MISC")


def put_wnut17(cache):
    """leondz/wnut_17 with 40 sentences per split, in the Hub's own parquet branch."""
    data = put(cache, "datasets", "leondz", "wnut_17", [], ref="refs/convert/parquet")
    _put_sentences(data, "wnut_17/{}/0000.parquet", "corporation creative-work group location person product")


def _put_sentences(folder, file, types):
    from datasets import ClassLabel, Dataset, Features, List, Value

    labels = ["O", *(f"{letter}-{kind}" for kind in types.split() for letter in "BI")]
    words, tags = ["Anna", "Berg", "of", "the", "river", "film", "in", "Oslo"], [1, 2, 0, 0, 3, 4, 0, 5]
    features = Features({"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=labels))})
    for split in ("train", "validation", "test"):
        (folder / file.format(split)).parent.mkdir(parents=True, exist_ok=True)
        rows = [{"tokens": [*words, split, str(i)], "ner_tags": [*tags, 7 if i % 2 else 0, 0]} for i in range(40)]
        Dataset.from_list(rows, features=features).to_parquet(folder / file.format(split))


def content_of(file):
    return f"content of {file}".encode()


class Hub(BaseHTTPRequestHandler):
    """Answers as the Hub does. `files`: what the repository holds. `plan`: "up", "hangs", "files are gated", or the
    status and error code of every answer."""

    def do_GET(self):
        path = self.path.split("?")[0]
        if self.plan == "hangs":
            return time.sleep(30)
        if isinstance(self.plan, tuple) or (self.plan == "files are gated" and "/resolve/" in path):
            status, code = self.plan if isinstance(self.plan, tuple) else (403, "GatedRepo")
            return self.answer(status, b'{"error": "no"}', {"X-Error-Code": code})
        if "/tree/" in path:
            entries = [{"type": "file", "path": f, "size": len(content_of(f)), "oid": f} for f in self.files]
            return self.answer(200, json.dumps(entries).encode())
        if "/api/" in path:
            siblings = [{"rfilename": f} for f in self.files]
            return self.answer(200, json.dumps({"id": "owner/name", "sha": SHA, "siblings": siblings}).encode())
        file = path.split(f"/resolve/{SHA}/")[1]
        return self.answer(200, content_of(file), {"ETag": f'"{file}"', "X-Repo-Commit": SHA})

    do_HEAD = do_GET

    def answer(self, status, content, headers=()):
        self.send_response(status)
        for name, value in {**dict(headers), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_):
        pass
