"""The engine for servers that speak the OpenAI API: vLLM's, transformers', and the rest.

What may go wrong, and what is done about it:

| what | then |
|---|---|
| a cut connection, no answer in time, a 5xx, half a JSON | asked again after longer and longer waits, `retries` times |
| nobody there, 502, 503, 504, 429 | asked again, at least after `Retry-After`, for `patience` seconds |
| the same, while nothing else was answered either | the run ends with an error, and can be taken up again |
| any other answer than 200 | the run ends with an error that has the server's words |
| fewer answers than were asked for | the others are asked for one by one |
| more, or two of one number | those are dropped and counted |
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from knk.errors import BadSpec, ModelFailed
from knk.inference.concurrency import drive
from knk.inference.engine import Answer, Ask, Asks, Batch, Failure, Notice, Sink
from knk.inference.openai_api import (
    BadReply,
    Choice,
    Reply,
    message_of,
    reply_of,
    retry_after,
)
from knk.inference.registry import import_packages
from knk.inference.sampling import Sampling, seed_of

if TYPE_CHECKING:
    import httpx2

DIALECTS: Final = ("vllm", "transformers", "openai")
"""How a server takes what the OpenAI API has no word for: `top_k`."""
HOPELESS: Final = 20
"""Requests given up one after the other, with no answer between them, that end a run."""
_LARGEST: Final = 1 << 26
"""Bytes of an answer; a server that sends more is not sending answers."""
_CONNECT: Final = 15.0
_LONGEST_LOOK: Final = 5.0
"""Seconds between two looks whether a server is there again."""
_QUIET: Final = 3.0
"""Seconds without an answer before it is said that the server is away."""
_AWAY: Final = (429, 502, 503, 504)
_TOO_LATE: Final = 408

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerEngine:
    """A server that speaks the OpenAI API, asked over HTTP.

    Args:
        model: the model's name, as the server knows it.
        base_url: where the API is: `http://localhost:8000/v1`.
        key: the server's key, if it wants one; it is sent to the server, and neither stored nor shown.
        dialect: how the server takes `top_k`, one of `DIALECTS`: "vllm" in the body, "transformers" inside
            `generation_config`, "openai" not at all.
        concurrency: how many requests are under way at once.
        per_request: how many answers are asked for in one request. With one, the default, each answer is on the disk
            when it is written, and its tokens are known; a server that keeps the beginnings of prompts loses nothing.
        timeout: seconds a request may take.
        retries: how often a request that fails is made again.
        patience: seconds that a server may be away, or too busy.
        first_wait: seconds before a request is made again; doubled each time.
        longest_wait: the most that this comes to.

    Raises:
        BadSpec: a value that cannot be.

    >>> ServerEngine("m", "http://localhost:8000/v1").identity()
    {'base_url': 'http://localhost:8000/v1'}
    """

    model: str
    base_url: str
    key: str | None = field(default=None, repr=False)
    dialect: str = "vllm"
    concurrency: int = 64
    per_request: int = 1
    timeout: float = 1800.0
    retries: int = 8
    patience: float = 600.0
    first_wait: float = 0.5
    longest_wait: float = 30.0
    name: str = field(default="server", init=False)

    def __post_init__(self) -> None:
        _check_url(self.base_url)
        if self.dialect not in DIALECTS:
            raise BadSpec(f"there is no dialect {self.dialect!r}; there are {', '.join(DIALECTS)}")
        for name in ("concurrency", "per_request"):
            if getattr(self, name) < 1:
                raise BadSpec(f"{name} is at least 1")
        if self.key is not None and not (self.key.isascii() and self.key.isprintable()):
            raise BadSpec("the server's key holds something that no header can hold")

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
        """Return where the server is."""
        return {"base_url": self.base_url}

    def used(self, sampling: Sampling) -> Sampling:
        """Return the sampling, all of which is asked for."""
        if sampling.max_tokens is None:
            raise BadSpec("say how long an answer may be: servers end it where they like (vLLM after 16 tokens)")
        if sampling.top_k is not None and self.dialect == "openai":
            raise BadSpec("the OpenAI API has no top_k: leave it out, or name the server's dialect")
        return sampling

    def work(self, asks: Asks, sampling: Sampling, sink: Sink, notice: Notice) -> None:
        """Ask all questions, and hand each answer to the sink the moment it is there.

        Raises:
            ModelFailed: the server refuses, or has not answered for too long.
            MissingPackage: the package for HTTP is not installed.
        """
        asyncio.run(_Asker(self, sampling, sink, notice).work(asks))

    def body(self, ask: Ask, count: int, first: int, sampling: Sampling) -> dict[str, Any]:
        """Return what is sent to ask for some answers.

        Args:
            ask: the question.
            count: how many answers.
            first: the number of the first of them.
            sampling: how they are drawn.
        """
        chat = not isinstance(ask.prompt, str)
        given: dict[str, Any] = {
            "model": self.model,
            "messages" if chat else "prompt": ask.prompt,
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "stop": list(sampling.stop) or None,
            "n": count if count > 1 else None,
            "seed": None if sampling.seed is None else seed_of(sampling.seed, ask.row["id"], first),
        }
        if self.dialect == "transformers":
            config = _generation_config(sampling)
            given["generation_config"] = json.dumps(config) if config else None
        else:
            given["top_k"] = sampling.top_k
        return {name: value for name, value in given.items() if value is not None}


def _generation_config(sampling: Sampling) -> dict[str, Any]:
    if sampling.temperature == 0 or (sampling.temperature, sampling.top_p, sampling.top_k) == (None, None, None):
        return {}
    # That server draws at random only if it is told to, whatever the temperature is; and it writes "all tokens" as 0.
    return {"do_sample": True} | ({} if sampling.top_k is None else {"top_k": max(sampling.top_k, 0)})


def _check_url(url: str) -> None:
    """See that a URL is one, and holds no secret, which would end up in the run's folder and in messages."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
        parts = urlsplit("")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment or "@" in parts.netloc:
        raise BadSpec("a base URL holds no user, password or query: a key goes into an environment variable")
    if not good or not url.isprintable() or " " in url:
        raise BadSpec("a base URL looks like http://localhost:8000/v1")


class _Fault(Exception):
    """A request that failed, and that is worth being made again.

    Args:
        reason: why it failed, in one line.
        away: whether the server is not there, or too busy.
        wait: how many seconds it asks to wait.
    """

    def __init__(self, reason: str, away: bool = False, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.away = away
        self.wait = wait


class _GivenUp(Exception):
    """A request that is not made again."""


@dataclass
class _Trouble:
    """What a request has been through."""

    tries: int = 0
    looks: int = 0
    away_since: float | None = None


class _Asker:
    """Asks one server in one run."""

    def __init__(self, engine: ServerEngine, sampling: Sampling, sink: Sink, notice: Notice) -> None:
        self._engine = engine
        self._sampling = sampling
        self._sink = sink
        self._notice = notice
        (self._http,) = import_packages("server", "httpx2")
        self._client: httpx2.AsyncClient
        self._heard = time.monotonic()
        self._said_away = False
        self._given_up = 0
        self._random = random.Random()

    async def work(self, asks: Asks) -> None:
        """Ask all questions."""
        engine = self._engine
        async with self._http.AsyncClient(
            # The time for the whole request is kept in `_once`: a server that sends a byte now and then is late too.
            timeout=self._http.Timeout(None, connect=_CONNECT),
            limits=self._http.Limits(max_connections=engine.concurrency, max_keepalive_connections=engine.concurrency),
            headers={"Authorization": f"Bearer {engine.key}"} if engine.key else {},
        ) as self._client:
            await drive(asks, self._ask, engine.concurrency)

    async def _ask(self, ask: Ask) -> None:
        """Get all answers to a question, or give them up."""
        wanted = list(ask.samples)
        at_once = len(wanted)
        while wanted:
            count = min(at_once, len(wanted))
            started = time.monotonic()
            try:
                reply, started = await self._patiently(ask, count, wanted[0])
            except _GivenUp as error:
                self._sink(Batch([Failure(ask, sample, str(error)) for sample in wanted]))
                self._note_given_up(str(error))
                return
            taken = reply.choices[:count]
            answers = [
                self._answer(ask, sample, choice, reply, time.monotonic() - started)
                for sample, choice in zip(wanted, taken, strict=False)
            ]
            self._sink(
                Batch(answers, reply.prompt_tokens or 0, reply.completion_tokens or 0, reply.came - len(answers))
            )
            self._given_up = 0
            del wanted[: len(answers)]
            # Who gives fewer than asked for gives one: the others are asked for one by one.
            at_once = 1

    @staticmethod
    def _answer(ask: Ask, sample: int, choice: Choice, reply: Reply, latency: float) -> Answer:
        # The server counts the tokens of all answers together; to share them out would be a guess.
        tokens = reply.completion_tokens if reply.came == 1 else None
        return Answer(
            ask,
            sample,
            choice.text,
            choice.finish_reason,
            choice.stop,
            reply.prompt_tokens,
            tokens,
            latency,
            choice.reasoning,
        )

    def _note_given_up(self, reason: str) -> None:
        self._given_up += 1
        if self._given_up >= max(HOPELESS, self._engine.concurrency):
            raise ModelFailed(f"{self._given_up} requests were given up one after the other, the last because {reason}")

    async def _patiently(self, ask: Ask, count: int, first: int) -> tuple[Reply, float]:
        """Return what the server answers, asked as often as it takes, and when it was asked."""
        body = self._engine.body(ask, count, first, self._sampling)
        chat = not isinstance(ask.prompt, str)
        trouble = _Trouble()
        while True:
            started = time.monotonic()
            try:
                reply = await self._once(body, chat)
            except _Fault as fault:
                wait = self._wait(fault, trouble)
                log.info("%s; again in %.1f s", fault.reason, wait)
                await asyncio.sleep(wait)
            else:
                self._note_heard()
                return reply, started

    def _note_heard(self) -> None:
        self._heard = time.monotonic()
        if self._said_away:
            self._said_away = False
            self._notice("the server answers again")

    def _wait(self, fault: _Fault, trouble: _Trouble) -> float:
        """Return how long to wait before the request is made again.

        Raises:
            _GivenUp: it is not.
            ModelFailed: nor is any other.
        """
        engine = self._engine
        if not fault.away:
            trouble.tries += 1
            if trouble.tries > engine.retries:
                raise _GivenUp(f"{fault.reason} ({trouble.tries} tries)")
            return (fault.wait or 0.0) + self._backoff(trouble.tries, engine.longest_wait)
        now = time.monotonic()
        since = trouble.away_since = now if trouble.away_since is None else trouble.away_since
        if now - since >= engine.patience:
            if self._heard < since:
                raise ModelFailed(f"{engine.base_url} has not answered for {engine.patience:.0f} s: {fault.reason}")
            raise _GivenUp(f"{fault.reason} (for {engine.patience:.0f} s)")
        self._say_away(fault.reason, now)
        trouble.looks += 1
        wait = (fault.wait or 0.0) + self._backoff(trouble.looks, min(_LONGEST_LOOK, engine.longest_wait))
        return min(wait, since + engine.patience - now)

    def _say_away(self, reason: str, now: float) -> None:
        if not self._said_away and now - self._heard > _QUIET:
            self._said_away = True
            self._notice(f"no answers from {self._engine.base_url} ({reason}); waiting for them")

    def _backoff(self, times: int, longest: float) -> float:
        # The jitter keeps requests that failed together from coming back together.
        return min(longest, self._engine.first_wait * 2.0 ** min(times - 1, 30)) * self._random.uniform(0.5, 1.0)

    async def _once(self, body: dict[str, Any], chat: bool) -> Reply:
        """Return what the server answers, asked once.

        Raises:
            _Fault: it fails in a way that need not last.
            ModelFailed: it refuses.
        """
        try:
            async with asyncio.timeout(self._engine.timeout):
                status, wait, content = await self._post("chat/completions" if chat else "completions", body)
        except TimeoutError:
            raise _Fault(f"no answer within {self._engine.timeout:.0f} s") from None
        except (self._http.ConnectError, self._http.ConnectTimeout) as error:
            raise _Fault(f"no connection: {error or type(error).__name__}", away=True) from None
        except self._http.RequestError as error:
            raise _Fault(f"the connection was cut: {error or type(error).__name__}") from None
        if status == self._http.codes.OK:
            try:
                return reply_of(content, chat)
            except BadReply as error:
                raise _Fault(str(error)) from None
        told = f"{status} {message_of(content, self._engine.key)}".rstrip()
        if status in _AWAY or status == _TOO_LATE or status >= self._http.codes.INTERNAL_SERVER_ERROR:
            raise _Fault(f"the server answers {told}", status in _AWAY, retry_after(wait))
        raise ModelFailed(f"{self._engine.base_url} refuses: {told}")

    async def _post(self, place: str, body: dict[str, Any]) -> tuple[int, str | None, bytes]:
        url = f"{self._engine.base_url.rstrip('/')}/{place}"
        async with self._client.stream("POST", url, json=body) as response:
            pieces, size = [], 0
            async for piece in response.aiter_bytes():
                size += len(piece)
                if size > _LARGEST:
                    raise _Fault(f"the server's answer is larger than {_LARGEST} bytes")
                pieces.append(piece)
            return response.status_code, response.headers.get("Retry-After"), b"".join(pieces)
