"""A proxy between the daemon and moto: it counts calls, and it can do harm at a chosen moment."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Seen:
    """One call as it passed by."""

    method: str
    path: str
    operation: str
    at: float
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """The Region that the request was signed for."""
        scope = self.headers.get("authorization", "").partition("Credential=")[2]
        parts = scope.split("/")
        return parts[2] if len(parts) > 2 else ""

    @property
    def write(self) -> bool:
        return self.operation in WRITES


WRITES = {
    "CreateFunction",
    "UpdateFunctionCode",
    "UpdateFunctionConfiguration",
    "DeleteFunction",
    "TagResource",
    "UntagResource",
    "CreateRepository",
    "DeleteRepository",
    "PutImageTagMutability",
    "PutImageScanningConfiguration",
    "PutLifecyclePolicy",
    "DeleteLifecyclePolicy",
    "SetRepositoryPolicy",
    "DeleteRepositoryPolicy",
    "CreateLogGroup",
    "PutRetentionPolicy",
    "DeleteRetentionPolicy",
    "Other",
}

# What to answer instead of passing a call on: status, headers, body. `None` passes it on.
Answer = tuple[int, dict[str, str], bytes]


def operation(method: str, path: str, target: str) -> str:
    """The AWS operation of a request. What is not known counts as a write."""
    if target:
        return target.rsplit(".", 1)[-1]
    path = path.split("?")[0]
    if path == "/":
        return "STS"
    if path.startswith("/2015-03-31/functions"):
        parts = path.strip("/").split("/")[2:]
        match (method, parts):
            case ("GET", []):
                return "ListFunctions"
            case ("POST", []):
                return "CreateFunction"
            case ("GET", [_]):
                return "GetFunction"
            case ("DELETE", [_]):
                return "DeleteFunction"
            case ("PUT", [_, "code"]):
                return "UpdateFunctionCode"
            case ("PUT", [_, "configuration"]):
                return "UpdateFunctionConfiguration"
    if (method, path) == ("GET", "/2015-03-31/event-source-mappings"):
        return "ListEventSourceMappings"
    if path.startswith("/2017-03-31/tags"):
        return {"POST": "TagResource", "DELETE": "UntagResource"}.get(method, "ListTags")
    # The rest of Lambda, which is REST.
    return "Read" if method == "GET" else "Other"


class Proxy:
    """Passes calls on to moto. `before` may answer in moto's place, or end the daemon; `after` runs when
    moto has acted and the daemon does not know it yet."""

    def __init__(self, port: int) -> None:
        self.calls: list[Seen] = []
        self.before: Callable[[Seen], Answer | None] | None = None
        self.after: Callable[[Seen], bool] | None = None
        self._lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                proxy.handle(self, port)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                # A killed daemon leaves torn connections behind; that is the point.
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handle(self, handler: BaseHTTPRequestHandler, port: int) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        target = handler.headers.get("X-Amz-Target") or ""
        name = operation(handler.command, handler.path, target)
        headers = {key.lower(): value for key, value in handler.headers.items()}
        seen = Seen(handler.command, handler.path, name, time.monotonic(), body, headers)
        with self._lock:
            self.calls.append(seen)
        answer = self.before(seen) if self.before else None
        if answer is None:
            answer = self._pass_on(handler, port, body)
            if self.after and self.after(seen):
                handler.close_connection = True
                return
        status, headers, content = answer
        if status == 0:
            # A torn connection.
            handler.close_connection = True
            return
        handler.send_response(status)
        for key, value in headers.items():
            handler.send_header(key, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    @staticmethod
    def _pass_on(handler: BaseHTTPRequestHandler, port: int, body: bytes) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {k: v for k, v in handler.headers.items() if k.lower() != "connection"}
        connection.request(handler.command, handler.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        dropped = {"content-length", "transfer-encoding", "connection", "date", "server"}
        kept = {k: v for k, v in answer.getheaders() if k.lower() not in dropped}
        connection.close()
        return answer.status, kept, content

    def writes(self) -> list[Seen]:
        with self._lock:
            return [it for it in self.calls if it.write]

    def count(self, name: str) -> int:
        with self._lock:
            return sum(it.operation == name for it in self.calls)

    def clear(self) -> None:
        with self._lock:
            self.calls.clear()
        self.before = None
        self.after = None

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
