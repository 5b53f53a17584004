"""The program inside the sandbox: it isolates itself, then runs model code on the inputs it was sent.

`knk.sandbox.process` starts this file as a process of its own and never imports it; beside the modules of this folder
it needs the standard library only. Its argument is a configuration; standard input is a line that says what to run,
then one line of JSON for each call. The results go back through a pipe, one line for each call:

    =JSON      the value that was returned; `knk.sandbox.encoding` says how
    ?NAME      a value of a type of this name, which cannot be encoded
    !NAME      an exception of this name

The model's code shares this process, so it can write such lines itself. It gains nothing by that: the expected outputs
never come here, and a line with the right output is a right output.

If the configuration names a script, that file of this library is run instead. It is given all of standard input and a
function that its child processes call before they run model code. Its answer goes back as one line after "=", its
exception as one line after "!".
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final, NoReturn

if __name__ == "__main__":
    # Last, so that no file beside this package can take the place of a module of the standard library.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))

from knk.sandbox.encoding import NotPlain, encode
from knk.sandbox.isolation import Config, isolate
from knk.sandbox.syscalls import filter_calls

_FLUSH_BYTES: Final = 1 << 15
_FLUSH_SECONDS: Final = 0.005
_MAX_MESSAGE_LENGTH: Final = 500
_FIRST_OTHER_FILE: Final = 3
"""The first file descriptor after standard input, output and error."""
_to_json: Final = json.JSONEncoder(separators=(",", ":")).encode


class NotLoaded(Exception):
    """Code that does not compile, fails on import, or does not define the function."""


class _Channel:
    """The pipe to the parent, written to once there is enough to send or some time has passed.

    Args:
        descriptor: its file descriptor.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: list[bytes] = []
        self._size = 0
        self._flushed = time.perf_counter()

    def send(self, line: str) -> None:
        """Add a line."""
        data = line.encode("ascii", "backslashreplace") + b"\n"
        self._lines.append(data)
        self._size += len(data)
        if self._size >= _FLUSH_BYTES or time.perf_counter() - self._flushed >= _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write all lines that were added."""
        data = memoryview(b"".join(self._lines))
        while data:
            data = data[os.write(self._descriptor, data) :]
        self._lines.clear()
        self._size = 0
        self._flushed = time.perf_counter()


def load(programs: list[list[str]], entry_point: str) -> Callable[..., Any]:
    """Return the function of the first program that compiles and defines it.

    Args:
        programs: each a list of source texts, executed one after the other in the same module.
        entry_point: the function's name.

    Raises:
        NotLoaded: no program does.
    """
    problem = "there is no code"
    for sources in programs:
        try:
            codes = [compile(source, "<candidate>", "exec", dont_inherit=True) for source in sources]
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
            problem = f"does not compile: {type(error).__name__}"
            continue
        module = ModuleType("candidate")
        sys.modules["candidate"] = module
        for code in codes:
            exec(code, module.__dict__)
        function: Callable[..., Any] | None = module.__dict__.get(entry_point)
        if callable(function):
            return function
        problem = f"there is no function {entry_point}"
    raise NotLoaded(problem)


def _call(function: Callable[..., Any], arguments: list[Any]) -> str:
    """Return the line for one call."""
    try:
        return "=" + _to_json(encode(function(*arguments)))
    except NotPlain as error:
        return f"?{_sanitized(error.args[0])}"
    except BaseException as error:  # noqa: BLE001 - whatever the model's code raises is a result, SystemExit too
        return f"!{_sanitized(type(error).__name__)}"


def _sanitized(name: object) -> str:
    return "".join(letter for letter in str(name)[:60] if letter.isalnum() or letter in "_ ")


def run_program(channel: _Channel) -> None:
    """Read a program and the arguments of its calls from standard input, and send the results."""
    header, *inputs = sys.stdin.buffer.read().splitlines()
    _hide_surroundings("candidate")
    request = json.loads(header)
    channel.flush()
    try:
        function = load(request["programs"], request["entry_point"])
    except NotLoaded as problem:
        channel.send(f"-{problem}")
        return
    except BaseException as error:  # noqa: BLE001 - as above
        channel.send(f"-fails when loaded: {_sanitized(type(error).__name__)}")
        return
    channel.send("+")
    channel.flush()
    times = []
    for line in inputs:
        arguments = json.loads(line)
        start = time.process_time()
        result = _call(function, arguments)
        times.append(time.process_time() - start)
        channel.send(result)
    if request["timed"]:
        channel.send("#" + _to_json(times))


def run_script(script: ModuleType, config: Config, channel: _Channel) -> None:
    """Give standard input to a script, and send its answer.

    Args:
        script: the module, whose `answer` takes bytes and a function, and returns one line.
        config: the worker's configuration.
        channel: the pipe to the parent.
    """

    def confine() -> None:
        """Cut a forked child off from all other processes; then it may run model code."""
        os.closerange(_FIRST_OTHER_FILE, config["open_files"])
        if config["seccomp"]:
            filter_calls()

    request = sys.stdin.buffer.read()
    _hide_surroundings(script.__name__)
    sys.path.extend(config["paths"])
    try:
        answer = script.answer(request, confine)
    except BaseException as error:  # noqa: BLE001 - the parent reports whatever fails in there
        channel.send("!" + f"{type(error).__name__}: {error}".replace("\n", " ")[:_MAX_MESSAGE_LENGTH])
    else:
        channel.send("=" + answer)


def _hide_surroundings(name: str) -> None:
    """Take standard input, the environment and the arguments away."""
    os.dup2(1, 0)
    os.environ.clear()
    sys.argv[:] = [name]


def _load_script(path: str) -> ModuleType | None:
    """Return the script as a module; it is read while its file is still visible."""
    if not path:
        return None
    with open(path, encoding="utf-8") as file:
        code = compile(file.read(), path, "exec")
    module = ModuleType("script")
    sys.modules["script"] = module
    exec(code, module.__dict__)
    return module


def _block_library_imports(import_root: str) -> None:
    """Make this library impossible to import from now on."""
    sys.path[:] = [path for path in sys.path if path != import_root]
    for name in [name for name in sys.modules if name.partition(".")[0] == "knk"]:
        del sys.modules[name]


def main() -> NoReturn:
    """Isolate this process, say so, run the code, and exit without running any exit handler of the model's code."""
    config = json.loads(sys.argv[1])
    _block_library_imports(config["import_root"])
    channel = _Channel(config["channel"])
    try:
        script = _load_script(config["script"])
        state = isolate(config)
    except (OSError, ValueError) as error:
        channel.send("failed " + json.dumps(str(error)))
        channel.flush()
        os._exit(1)
    channel.send("ready " + json.dumps(state))
    channel.flush()
    try:
        if script:
            run_script(script, config, channel)
        else:
            run_program(channel)
        channel.flush()
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
