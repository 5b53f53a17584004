"""A Hub on the loopback interface: repositories in memory, and the part of the API that huggingface-hub calls.

`Hub` runs the server; its `faults` say what goes wrong with which requests. Large files go through the LFS protocol
(the client is told so by `HF_HUB_DISABLE_XET=1`), as they do on any Hub without Xet storage.
"""

import base64
import hashlib
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

TOKEN: Final = "hf_writersSecretToken"
"""A token that may do all."""
READER: Final = "hf_readersSecretToken"
"""A token that may only read."""
LARGE: Final = (".parquet", ".safetensors", ".bin")
"""Endings of files that go through LFS."""

Tree = dict[str, bytes]


@dataclass
class Repository:
    """A repository: its branches, and each commit's files."""

    private: bool
    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Tree] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit(self, branch: str, files: Tree, message: str) -> str:
        """Make a commit and return its hash."""
        number = len(self.commits)
        sha = hashlib.sha1(f"{number} {branch} {sorted(files)}".encode()).hexdigest()
        self.commits[sha] = files
        self.branches[branch] = sha
        self.messages.append(message)
        return sha

    def at(self, revision: str) -> str | None:
        """The commit that a branch, or a hash, means."""
        return self.branches.get(revision, revision if revision in self.commits else None)


@dataclass
class Fault:
    """What goes wrong with requests of a method whose path has this in it.

    Args:
        method: the method.
        path: a part of the path.
        status: the status to answer; 0 to cut the connection after some bytes of what is sent, or of the answer, unless
            something else is to happen.
        times: how often.
        skip: how many such requests go well before.
        seconds: how long to wait first.
        message: what the answer says.
        before: what happens on the server just before.
        after: whether the request is done first, and then the answer is lost.
    """

    method: str
    path: str
    status: int = 0
    times: int = 1_000_000
    skip: int = 0
    seconds: float = 0.0
    message: str = "made to fail"
    before: Callable[[], object] | None = None
    after: bool = False


@dataclass
class Hub:
    """The state of the server: what is stored, what is to go wrong, and which requests were made."""

    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    url: str = ""
    lock: Lock = field(default_factory=Lock)

    def files(self, name: str, kind: str = "dataset", revision: str = "main") -> Tree:
        """The files of a repository, none if it is not there."""
        repository = self.repositories.get((kind, name))
        return dict(repository.commits[repository.branches[revision]]) if repository else {}

    def fault(self, method: str, path: str) -> Fault | None:
        """What is to go wrong with this request."""
        with self.lock:
            for fault in self.faults:
                if fault.method == method and fault.path in path and fault.times:
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    @contextmanager
    def running(self) -> Iterator["Hub"]:
        """Serve, as long as the block runs."""
        handler = type("Handler", (_Handler,), {"hub": self})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            server.daemon_threads = True
            self.url = f"http://127.0.0.1:{server.server_address[1]}"
            thread = Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


Route = tuple[str, re.Pattern[str], Callable[..., None]]
_NAME: Final = r"(?P<name>[^/]+/[^/]+)"
_KIND: Final = r"/api/(?P<kind>dataset|model)s/" + _NAME


class _Refused(Exception):
    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class _Handler(BaseHTTPRequestHandler):
    hub: ClassVar[Hub]
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""

    def setup(self) -> None:
        super().setup()
        # Small answers would wait for an acknowledgement of their headers.
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    # What every request goes through.

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        self.query = parse_qs(parts.query)
        path = parts.path
        self.hub.requests.append(f"{self.command} {unquote(path)}")
        fault = self.hub.fault(self.command, path)
        self.lost = bool(fault and fault.after)
        if fault:
            time.sleep(fault.seconds)
            if fault.before:
                fault.before()
            elif fault.status == 0 and not fault.seconds and not fault.after:
                self._cut()
                return
        self.body = self._read_body()
        try:
            if fault and fault.status:
                raise _Refused(fault.status, fault.message)
            self._dispatch(path)
        except _Refused as refused:
            headers = {"X-Error-Message": str(refused), **({"X-Error-Code": refused.code} if refused.code else {})}
            self._answer({"error": str(refused)}, refused.status, headers)

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _cut(self) -> None:
        """End the connection, in the middle of what is sent here, or of what is asked for."""
        if self.command == "PUT":
            self.rfile.read(100)
        elif self.command == "GET":
            self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nETag: "x"\r\n\r\nsome bytes')
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _dispatch(self, path: str) -> None:
        for method, pattern, function in ROUTES:
            match = pattern.fullmatch(path)
            if match and method == self.command:
                function(self, **{name: unquote(value) for name, value in match.groupdict(default="").items()})
                return
        raise _Refused(404, f"no {self.command} {path} here")

    def _answer(self, content: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        if self.lost:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _may_write(self) -> None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token not in (TOKEN, READER):
            raise _Refused(401, "Invalid username or password.")
        if token == READER:
            raise _Refused(403, f"Forbidden: the token {token} may not write")

    def _repository(self, kind: str, name: str) -> Repository:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        repository = self.hub.repositories.get((kind or "model", name))
        if repository is None or (repository.private and token not in (TOKEN, READER)):
            # As the real one does: who may not see a repository is not told whether there is one.
            status = 404 if token in (TOKEN, READER) else 401
            raise _Refused(status, "Repository not found", "RepoNotFound" if status == 404 else "")
        return repository

    def _commit(self, kind: str, name: str, revision: str) -> tuple[Repository, str]:
        repository = self._repository(kind, name)
        commit = repository.at(revision or "main")
        if commit is None:
            raise _Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return repository, commit

    # The API.

    def create(self) -> None:
        self._may_write()
        asked = json.loads(self.body)
        kind, name = asked.get("type", "model"), f"{asked['organization']}/{asked['name']}"
        if (kind, name) in self.hub.repositories:
            raise _Refused(409, "You already created this repo")
        private = asked.get("private") or asked.get("visibility") == "private"
        repository = self.hub.repositories[kind, name] = Repository(bool(private))
        repository.commit("main", {".gitattributes": b"*.parquet filter=lfs\n"}, "initial commit")
        prefix = "datasets/" if kind == "dataset" else ""
        self._answer({"url": f"{self.hub.url}/{prefix}{name}", "name": name, "id": name})

    def validate(self) -> None:
        text = json.loads(self.body)["content"]
        try:
            front = yaml.safe_load(text.split("---\n")[1])
            errors = [] if isinstance(front, dict) else [{"message": "no metadata"}]
        except (yaml.YAMLError, IndexError) as error:
            errors = [{"message": str(error)}]
        self._answer({"errors": errors, "warnings": []}, 400 if errors else 200)

    def info(self, kind: str, name: str, revision: str = "") -> None:
        repository, commit = self._commit(kind, name, revision)
        paths = [{"rfilename": path} for path in sorted(repository.commits[commit])]
        self._answer(
            {
                "id": name,
                "sha": commit,
                "private": repository.private,
                "siblings": paths,
                "tags": [],
                "downloads": 0,
                "likes": 0,
                "lastModified": "2026-01-01T00:00:00.000Z",
            }
        )

    def tree(self, kind: str, name: str, revision: str, folder: str = "") -> None:
        repository, commit = self._commit(kind, name, revision)
        files = repository.commits[commit]
        inside = f"{folder.strip('/')}/" if folder.strip("/") else ""
        entries: dict[str, Any] = {}
        for path, content in sorted(files.items()):
            if path.startswith(inside):
                pieces = path.removeprefix(inside).split("/")
                for depth in range(1, len(pieces)):
                    at = inside + "/".join(pieces[:depth])
                    entries[at] = {"type": "directory", "path": at, "oid": "0" * 40, "size": 0}
                entries[path] = _file_entry(path, content)
        deep = self.query.get("recursive", ["false"])[0].lower() in ("true", "1")
        shown = [entry for path, entry in entries.items() if deep or "/" not in path.removeprefix(inside)]
        if inside and not shown:
            raise _Refused(404, f"{folder} does not exist on {revision}", "EntryNotFound")
        self._answer(shown)

    def paths_info(self, kind: str, name: str, revision: str) -> None:
        repository, commit = self._commit(kind, name, revision)
        files = repository.commits[commit]
        asked = parse_qs(self.body.decode()) if b"{" not in self.body else json.loads(self.body)
        entries = []
        for path in asked.get("paths", []):
            if path in files:
                entries.append(_file_entry(path, files[path]))
            elif any(each.startswith(f"{path}/") for each in files):
                entries.append({"type": "directory", "path": path, "oid": "0" * 40, "size": 0})
        self._answer(entries)

    def branch(self, kind: str, name: str, branch: str) -> None:
        self._may_write()
        repository = self._repository(kind, name)
        if branch in repository.branches:
            raise _Refused(409, "Reference already exists")
        repository.branches[branch] = repository.branches["main"]
        self._answer({})

    def preupload(self, kind: str, name: str, revision: str) -> None:
        self._may_write()
        repository, commit = self._commit(kind, name, revision)
        existing = repository.commits[commit]
        entries = []
        for file in json.loads(self.body)["files"]:
            path = file["path"]
            large = path.endswith(LARGE)
            oid = _oid(path, existing[path]) if path in existing else None
            entries.append(
                {
                    "path": path,
                    "uploadMode": "lfs" if large else "regular",
                    "shouldIgnore": False,
                    **({"oid": oid} if oid else {}),
                }
            )
        self._answer({"files": entries})

    def batch(self, kind: str, name: str) -> None:
        self._may_write()
        self._repository(kind.rstrip("s"), name)
        entries = []
        for item in json.loads(self.body)["objects"]:
            entry = {"oid": item["oid"], "size": item["size"]}
            if item["oid"] not in self.hub.objects:
                # Signed, as the addresses of real storage are.
                entry["actions"] = {"upload": {"href": f"{self.hub.url}/lfs/{item['oid']}?X-Signature=secretSignature"}}
            entries.append(entry)
        self._answer(
            {"transfer": "basic", "objects": entries}, headers={"Content-Type": "application/vnd.git-lfs+json"}
        )

    def put(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            raise _Refused(400, "the hash is another")
        self.hub.objects[oid] = self.body
        self.hub.sent.append(oid)
        self._answer({})

    def commit(self, kind: str, name: str, revision: str) -> None:
        self._may_write()
        repository, commit = self._commit(kind, name, revision)
        lines = [json.loads(line) for line in self.body.splitlines()]
        header = lines[0]["value"]
        if header.get("parentCommit", commit) != commit:
            raise _Refused(412, "A commit has happened since. Please refresh and try again.")
        files = dict(repository.commits[commit])
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        oid = repository.commit(revision, files, header["summary"])
        address = f"{self.hub.url}/{'datasets/' if kind == 'dataset' else ''}{name}"
        self._answer({"success": True, "commitOid": oid, "commitUrl": f"{address}/commit/{oid}"})

    def resolve(self, kind: str, name: str, revision: str, path: str) -> None:
        repository, commit = self._commit(kind.rstrip("s"), name, revision)
        files = repository.commits[commit]
        if path not in files:
            raise _Refused(404, "Entry not found", "EntryNotFound")
        content = files[path]
        headers = {"X-Repo-Commit": commit, "ETag": f'"{_oid(path, content)}"', "Accept-Ranges": "bytes"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if not asked:
            self._answer(content, headers=headers)
            return
        start, end = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
        if start >= len(content):
            raise _Refused(416, "no such range")
        headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        self._answer(content[start : end + 1], 206, headers)


def _oid(path: str, content: bytes) -> str:
    if path.endswith(LARGE):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _file_entry(path: str, content: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": path, "size": len(content), "oid": _oid(path, content)}
    if path.endswith(LARGE):
        entry["oid"] = "1" * 40
        entry["lfs"] = {"oid": _oid(path, content), "size": len(content), "pointerSize": 130}
    return entry


ROUTES: Final[list[Route]] = [
    ("POST", re.compile("/api/repos/create"), _Handler.create),
    ("POST", re.compile("/api/validate-yaml"), _Handler.validate),
    ("GET", re.compile(_KIND), _Handler.info),
    ("GET", re.compile(_KIND + "/revision/(?P<revision>[^/]+)"), _Handler.info),
    ("GET", re.compile(_KIND + "/tree/(?P<revision>[^/]+)(?P<folder>/.*)?"), _Handler.tree),
    ("POST", re.compile(_KIND + "/paths-info/(?P<revision>[^/]+)"), _Handler.paths_info),
    ("POST", re.compile(_KIND + "/branch/(?P<branch>[^/]+)"), _Handler.branch),
    ("POST", re.compile(_KIND + "/preupload/(?P<revision>[^/]+)"), _Handler.preupload),
    ("POST", re.compile(_KIND + "/commit/(?P<revision>[^/]+)"), _Handler.commit),
    ("POST", re.compile(r"/(?:(?P<kind>datasets)/)?" + _NAME + r"\.git/info/lfs/objects/batch"), _Handler.batch),
    ("PUT", re.compile(r"/lfs/(?P<oid>\w+)"), _Handler.put),
    *(
        (
            method,
            re.compile(r"/(?:(?P<kind>datasets)/)?" + _NAME + "/resolve/(?P<revision>[^/]+)/(?P<path>.+)"),
            _Handler.resolve,
        )
        for method in ("GET", "HEAD")
    ),
]
