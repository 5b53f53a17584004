"""The engine for servers that speak the OpenAI API, such as those of vLLM and transformers.

| problem | what the engine does |
|---|---|
| a cut connection, a timeout, status 408 or 5xx, invalid JSON | retries `retries` times, after growing delays |
| no connection, status 429, 502, 503 or 504 | retries for `patience` seconds, not before `Retry-After` |
| the same, and no other request was answered either | ends the run with an error; the run can be resumed |
| any other status than 200 | ends the run with an error that quotes the server |
| fewer answers than requested | requests the others one by one |
| more answers, or several with one index | drops and counts them |
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from knk.errors import BadSpec, ModelFailed
from knk.inference.concurrency import run_concurrently
from knk.inference.engine import Answer, Batch, Failure, Notify, Request, Requests, Sink
from knk.inference.openai_api import (
    Choice,
    Response,
    error_message,
    parse_response,
    parse_retry_after,
)
from knk.inference.openai_message import InvalidResponse
from knk.inference.registry import import_packages
from knk.inference.retries import Attempts, GivenUp, RequestFailed, Retries
from knk.inference.sampling import Sampling, derive_seed

if TYPE_CHECKING:
    import httpx2

DIALECTS: Final = ("vllm", "transformers", "openai")
"""The ways in which servers take `top_k`, which the OpenAI API does not have."""
MAX_CONSECUTIVE_FAILURES: Final = 20
"""Requests given up in a row, with no answer between them, that end a run."""
_CONNECT_TIMEOUT: Final = 15.0
_UNAVAILABLE: Final = (429, 502, 503, 504)
_REQUEST_TIMEOUT: Final = 408

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerEngine:
    """A server that speaks the OpenAI API, over HTTP.

    Args:
        model: the model's name, as the server knows it.
        base_url: the URL of the API: `http://localhost:8000/v1`.
        key: the server's key, if it needs one; sent to the server, and neither stored nor shown.
        dialect: how the server takes `top_k`, one of `DIALECTS`: "vllm" in the body, "transformers" inside
            `generation_config`, "openai" not at all.
        concurrency: how many requests are in flight at once.
        per_request: how many answers each request asks for. With 1, the default, each answer is stored as soon as it is
            complete, and its tokens are known; a server that caches the prefixes of prompts loses nothing.
        stream: whether to ask for answers as streams of events, for servers that send no others.
        timeout: the most seconds of a request.
        retries: how many times a request is sent again after a broken response.
        patience: the most seconds that the server may be unavailable.
        first_delay: seconds before the first retry; doubled each time.
        max_delay: the longest delay that doubling leads to.
        notify_after: seconds without an answer after which the user is told that the server is unavailable.
        max_response_bytes: the largest response that is read.

    Raises:
        BadSpec: a value is out of range.

    >>> ServerEngine("m", "http://localhost:8000/v1").identity()
    {'base_url': 'http://localhost:8000/v1'}
    """

    model: str
    base_url: str
    key: str | None = field(default=None, repr=False)
    dialect: str = "vllm"
    concurrency: int = 64
    per_request: int = 1
    stream: bool = False
    timeout: float = 1800.0
    retries: int = 8
    patience: float = 600.0
    first_delay: float = 0.5
    max_delay: float = 30.0
    notify_after: float = 3.0
    max_response_bytes: int = 1 << 26
    name: str = field(default="server", init=False)

    def __post_init__(self) -> None:
        _check_url(self.base_url)
        if self.dialect not in DIALECTS:
            raise BadSpec(f"unknown dialect {self.dialect!r}: expected one of {', '.join(DIALECTS)}")
        for name in ("concurrency", "per_request"):
            if getattr(self, name) < 1:
                raise BadSpec(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.key is not None and not (self.key.isascii() and self.key.isprintable()):
            raise BadSpec("the server's key must be printable ASCII: it is sent in a header")

    @classmethod
    def from_environment(
        cls, model: str, base_url: str, api_key_env: str = "KNK_API_KEY", **settings: Any
    ) -> ServerEngine:
        """Return an engine with the key in an environment variable, or with none if the variable is not set.

        Args:
            model: the model's name, as the server knows it.
            base_url: the URL of the API.
            api_key_env: the name of the environment variable.
            settings: the other arguments of the class.

        Raises:
            BadSpec: a value is out of range.
        """
        return cls(model, base_url, os.environ.get(api_key_env) or None, **settings)

    def identity(self) -> dict[str, Any]:
        """Return the server's URL."""
        return {"base_url": self.base_url}

    def effective_sampling(self, sampling: Sampling) -> Sampling:
        """Return the sampling unchanged: the server uses all of it."""
        if sampling.max_tokens is None:
            raise BadSpec("missing --max-tokens: servers choose their own limit otherwise (vLLM: 16 tokens)")
        if sampling.top_k is not None and self.dialect == "openai":
            raise BadSpec("--top-k cannot be used with --dialect openai")
        return sampling

    def run(self, requests: Requests, sampling: Sampling, sink: Sink, notify: Notify) -> None:
        """Answer all requests, and pass each result to the sink as soon as it arrives.

        Raises:
            ModelFailed: the server refuses a request, or has not answered for too long.
            MissingPackage: the package for HTTP is not installed.
        """
        asyncio.run(_Client(self, sampling, sink, notify).run(requests))

    def request_body(self, request: Request, count: int, first: int, sampling: Sampling) -> dict[str, Any]:
        """Return the JSON body that asks the server for some answers.

        Args:
            request: the request.
            count: how many answers to ask for.
            first: the index of the first of them.
            sampling: how they are drawn.
        """
        chat = not isinstance(request.prompt, str)
        body: dict[str, Any] = {
            "model": self.model,
            "messages" if chat else "prompt": request.prompt,
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "stop": list(sampling.stop) or None,
            "n": count if count > 1 else None,
            "stream": self.stream or None,
            # Otherwise a stream does not say how many tokens it has.
            "stream_options": {"include_usage": True} if self.stream else None,
            "seed": None if sampling.seed is None else derive_seed(sampling.seed, request.row["id"], first),
        }
        if self.dialect == "transformers":
            config = _generation_config(sampling)
            body["generation_config"] = json.dumps(config) if config else None
        else:
            body["top_k"] = sampling.top_k
        return {name: value for name, value in body.items() if value is not None}


def _generation_config(sampling: Sampling) -> dict[str, Any]:
    if sampling.temperature == 0 or (sampling.temperature, sampling.top_p, sampling.top_k) == (None, None, None):
        return {}
    # That server samples only with `do_sample`, whatever the temperature is; and it writes "all tokens" as 0.
    return {"do_sample": True} | ({} if sampling.top_k is None else {"top_k": max(sampling.top_k, 0)})


def _check_url(url: str) -> None:
    """Check that a URL is valid and holds no secret, which would end up in the run's folder and in messages."""
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
        parts = urlsplit("")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment or "@" in parts.netloc:
        raise BadSpec("a base URL must not hold a user, password or query: put the key into an environment variable")
    if not is_valid or not url.isprintable() or " " in url:
        # The value is not shown: a key may have been given by mistake.
        actual = "without a valid host" if parts.scheme in ("http", "https") else "without http:// or https://"
        raise BadSpec(f"expected a base URL such as http://localhost:8000/v1, got one {actual}")


class _Client:
    """Sends the requests of one run to the server."""

    def __init__(self, engine: ServerEngine, sampling: Sampling, sink: Sink, notify: Notify) -> None:
        self._engine = engine
        self._sampling = sampling
        self._sink = sink
        (self._http,) = import_packages("server", "httpx2")
        self._client: httpx2.AsyncClient
        self._retries = Retries(
            engine.base_url,
            engine.retries,
            engine.patience,
            engine.first_delay,
            engine.max_delay,
            engine.notify_after,
            notify,
        )
        self._consecutive_failures = 0

    async def run(self, requests: Requests) -> None:
        """Answer all requests."""
        engine = self._engine
        async with self._http.AsyncClient(
            # `_send_once` limits the time of the whole request: a server that sends a byte now and then is late too.
            timeout=self._http.Timeout(None, connect=_CONNECT_TIMEOUT),
            limits=self._http.Limits(max_connections=engine.concurrency, max_keepalive_connections=engine.concurrency),
            headers={"Authorization": f"Bearer {engine.key}"} if engine.key else {},
        ) as self._client:
            await run_concurrently(requests, self._answer, engine.concurrency)

    async def _answer(self, request: Request) -> None:
        """Get all answers to a request, or give them up."""
        missing = list(request.samples)
        max_count = len(missing)
        while missing:
            count = min(max_count, len(missing))
            try:
                response, started = await self._send(request, count, missing[0])
            except GivenUp as error:
                self._sink(Batch([Failure(request, sample, str(error)) for sample in missing]))
                self._count_failure(str(error))
                return
            latency = time.monotonic() - started
            answers = [
                _build_answer(request, sample, choice, response, latency)
                for sample, choice in zip(missing, response.choices[:count], strict=False)
            ]
            dropped = response.received - len(answers)
            self._sink(Batch(answers, response.prompt_tokens or 0, response.completion_tokens or 0, dropped))
            self._consecutive_failures = 0
            del missing[: len(answers)]
            # A server that returns fewer answers than requested returns one: request the others one by one.
            max_count = 1

    def _count_failure(self, reason: str) -> None:
        self._consecutive_failures += 1
        if self._consecutive_failures >= max(MAX_CONSECUTIVE_FAILURES, self._engine.concurrency):
            raise ModelFailed(
                f"{self._consecutive_failures} requests in a row were given up, the last because {reason}"
            )

    async def _send(self, request: Request, count: int, first: int) -> tuple[Response, float]:
        """Return the response to a request, sent as often as necessary, and when it was last sent."""
        body = self._engine.request_body(request, count, first, self._sampling)
        chat = not isinstance(request.prompt, str)
        attempts = Attempts()
        while True:
            started = time.monotonic()
            try:
                response = await self._send_once(body, chat)
            except RequestFailed as failure:
                delay = self._retries.delay(failure, attempts)
                log.info("%s; retrying in %.1f s", failure.reason, delay)
                await asyncio.sleep(delay)
            else:
                self._retries.answered()
                return response, started

    async def _send_once(self, body: dict[str, Any], chat: bool) -> Response:
        """Return the response to a request, sent once.

        Raises:
            RequestFailed: it failed in a way that need not last.
            ModelFailed: the server refuses it.
        """
        try:
            async with asyncio.timeout(self._engine.timeout):
                status, retry_after, content = await self._post("chat/completions" if chat else "completions", body)
        except TimeoutError:
            raise RequestFailed(f"no answer within {self._engine.timeout:.0f} s") from None
        except (self._http.ConnectError, self._http.ConnectTimeout) as error:
            raise RequestFailed(f"no connection: {error or type(error).__name__}", unavailable=True) from None
        except self._http.RequestError as error:
            raise RequestFailed(f"the connection was cut: {error or type(error).__name__}") from None
        if status == self._http.codes.OK:
            try:
                return parse_response(content, chat)
            except InvalidResponse as error:
                raise RequestFailed(str(error)) from None
        message = f"{status} {error_message(content, self._engine.key)}".rstrip()
        may_recover = status == _REQUEST_TIMEOUT or status >= self._http.codes.INTERNAL_SERVER_ERROR
        if status in _UNAVAILABLE or may_recover:
            raise RequestFailed(f"the server answers {message}", status in _UNAVAILABLE, parse_retry_after(retry_after))
        raise ModelFailed(f"{self._engine.base_url} refuses the request: {message}")

    async def _post(self, endpoint: str, body: dict[str, Any]) -> tuple[int, str | None, bytes]:
        """Return the status, the header `Retry-After` and the body of a response."""
        url = f"{self._engine.base_url.rstrip('/')}/{endpoint}"
        async with self._client.stream("POST", url, json=body) as response:
            chunks, size = [], 0
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > self._engine.max_response_bytes:
                    raise RequestFailed(f"the server's response is larger than {self._engine.max_response_bytes} bytes")
                chunks.append(chunk)
            return response.status_code, response.headers.get("Retry-After"), b"".join(chunks)


def _build_answer(request: Request, sample: int, choice: Choice, response: Response, latency: float) -> Answer:
    return Answer(
        request,
        sample,
        choice.text,
        choice.finish_reason,
        choice.stop,
        response.prompt_tokens,
        # The server counts the tokens of all answers together; to divide them would be a guess.
        response.completion_tokens if response.received == 1 else None,
        latency,
        choice.reasoning,
    )
