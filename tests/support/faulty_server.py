"""A local server with the OpenAI API that makes the errors a server can make."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

FaultChooser = Callable[[int, dict[str, Any]], str]
"""Returns the fault for a request, given its number and body: one of `FAULTS`, a status, "hang" or "ok"."""
FAULTS = (
    *("429", "500", "503", "408", "slow", "cut", "cut late", "half a JSON", "no JSON", "no choices", "nulls"),
    *("fewer", "more", "twice", "same id", "huge"),
)


class FaultyServer:
    """A server in a thread of this process.

    Args:
        choose_fault: returns the fault for each request.
        delay: seconds before a response.
        slow: seconds before the response with the fault "slow".
        retry_after: the header `Retry-After` of responses with status 429 and 503.
        gather: how many requests must be in flight before the first of them is answered.
    """

    def __init__(
        self,
        choose_fault: FaultChooser,
        delay: float = 0.0,
        slow: float = 0.5,
        retry_after: str = "0.05",
        gather: int = 0,
    ) -> None:
        self.choose_fault = choose_fault
        self.gather = gather
        self.delay = delay
        self.slow = slow
        self.retry_after = retry_after
        self.port = 0
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.sent: list[str] = []
        """The texts of all answers, all different."""
        self.in_flight = 0
        self.max_in_flight = 0
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._connections: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The base URL of its API."""
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Start to listen, on the same port as last time."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
            self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def stop(self) -> None:
        """Cut all connections and stop listening."""
        asyncio.run_coroutine_threadsafe(self._stop_listening(), self._loop).result(10)

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        assert self._thread
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        connections = list(self._connections)
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        try:
            while await self._serve_request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # The client has closed the connection, or the server stops.
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _serve_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer a request and return whether the connection can be used again."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        number = len(self.requests)
        self.requests.append(body)
        self.headers.append(headers)
        self.paths.append(head[0].split()[1])
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            return await self._answer(self.choose_fault(number, body), number, body, writer)
        finally:
            self.in_flight -= 1

    async def _answer(self, fault: str, number: int, body: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        while number < self.gather and self.max_in_flight < self.gather:
            await asyncio.sleep(0.001)
        await asyncio.sleep(self.slow if fault == "slow" else self.delay)
        if fault == "hang":
            await asyncio.Event().wait()
        if fault == "cut":
            return False
        if fault.isdigit():
            extra = {"Retry-After": self.retry_after} if fault in ("429", "503") else {}
            error = {"error": {"message": f"fault {fault}\x1b[31m for {self.headers[number].get('authorization')}"}}
            return await _send(writer, int(fault), json.dumps(error).encode(), extra)
        content = self.encode(self._reply(fault, number, body), body)
        if fault == "half a JSON":
            content = content[: len(content) // 2]
        elif fault == "no JSON":
            content = b"<html>Bad gateway</html>"
        elif fault == "huge":
            content = b"[" * 200_000
        elif fault == "cut late":
            await _send(writer, 200, content, {}, cut=len(content) // 2)
            return False
        return await _send(writer, 200, content, {})

    def _reply(self, fault: str, number: int, body: dict[str, Any]) -> dict[str, Any]:
        requested = body.get("n", 1)
        count = {"fewer": 1, "more": requested + 2, "no choices": 0}.get(fault, requested)
        choices = [self.choice(index, number, body) for index in range(count)]
        if fault == "twice":
            choices += [dict(choice) for choice in choices]
        if fault == "nulls":
            choices = [choice | {"text": None, "message": {"content": None}} for choice in choices]
        usage = {"prompt_tokens": 11, "completion_tokens": 7 * len(choices)}
        return {"id": "the same" if fault == "same id" else f"r{number}", "choices": choices, "usage": usage}

    def encode(self, reply: dict[str, Any], body: dict[str, Any]) -> bytes:  # noqa: ARG002 - for other servers
        """Return the bytes of a reply to the request with this body."""
        return json.dumps(reply).encode()

    def choice(self, index: int, number: int, body: dict[str, Any]) -> dict[str, Any]:
        """Return an answer to the request with this number and body."""
        text = f"request {number}, choice {index}\ud800\u2028</think><answer>"
        self.sent.append(text)
        chat: dict[str, Any] = {"message": {"role": "assistant", "content": text}}
        content = chat if "messages" in body else {"text": text}
        end = {"finish_reason": "length"} if number % 5 == 0 else {"finish_reason": "stop", "stop_reason": "</answer>"}
        return {"index": index, **content, **end}


async def _send(
    writer: asyncio.StreamWriter, status: int, content: bytes, extra: dict[str, str], cut: int | None = None
) -> bool:
    headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **extra}
    head = [f"HTTP/1.1 {status} Status", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    writer.write("\r\n".join(head).encode() + content[:cut])
    await writer.drain()
    return True


@contextmanager
def serve(choose_fault: FaultChooser = lambda _number, _body: "ok", **settings: Any) -> Iterator[FaultyServer]:
    """Yield a server that listens."""
    server = FaultyServer(choose_fault, **settings)
    server.start()
    try:
        yield server
    finally:
        with suppress(RuntimeError):
            server.close()


def fail_first(*faults: str) -> FaultChooser:
    """Return a chooser of these faults for the first requests, and of none for the others."""
    return lambda number, _body: faults[number] if number < len(faults) else "ok"
