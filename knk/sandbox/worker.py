"""The inside of the sandbox: a program that locks itself in, then runs model code on the inputs it was sent.

`knk.sandbox.run` starts this file as a process of its own and never imports it; it needs the standard library alone. It
gets a configuration as its argument, and on standard input a line that says what to run, then one line of JSON an
input. What the code returns goes back through a pipe of its own, one line a call:

    =JSON      what was returned: JSON, where an object {"tuple": [...]} stands for what JSON has no word for
    ?NAME      something that is no plain value, of a type of this name
    !NAME      an exception of this name

The model's code shares this process, so it can write such lines itself. That gains it nothing: what is wanted never
comes here, and a line that gives the right output is a right output.

A configuration with a script asks for something else: a file of this library that runs model code itself, in processes
that it starts. It gets all of standard input and a function that its processes call before they run model code; what
it returns goes back as one line after "=", what it raises after "!".
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final, NoReturn

ROOM: Final = "/sandbox"
"""The private directory, as seen from inside a root of its own."""
SHARED_MEMORY: Final = "/dev/shm"
"""Where processes that work together meet; it is there for scripts alone."""
DEEPEST: Final = 100
"""A value nested deeper is no plain value."""
_FLUSH_BYTES: Final = 1 << 15
_FLUSH_SECONDS: Final = 0.005
_FIRST_OWN_USER: Final = 0x40000000

# From the Linux headers.
_NEW_NAMESPACES: Final = 0x00020000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000  # mount, uts, ipc, pid, net
_NEW_USER: Final = 0x10000000
_MS_RECURSIVE_BIND: Final = 0x1000 | 0x4000
_MS_RECURSIVE_PRIVATE: Final = 0x40000 | 0x4000
_MS_NOTHING_SPECIAL: Final = 0x2 | 0x4  # no set-user-id programs, no devices
_READ_ONLY: Final = 0x1 | 0x2 | 0x4  # the same for mount_setattr, and read-only
_MOUNT_SETATTR: Final = 442
_AT_RECURSIVE: Final = 0x8000
_AT_FDCWD: Final = -100
_DETACH: Final = 2
_PARENT_DEATH_SIGNAL: Final = 1
_SET_DUMPABLE: Final = 4
_SET_SECCOMP: Final = 22
_NO_NEW_PRIVILEGES: Final = 38
_CAPABILITIES_V3: Final = 0x20080522

Config = dict[str, Any]


class NotPlain(Exception):
    """A value that has no plain form; its message is the name of its type."""


class NotLoaded(Exception):
    """Code that does not compile, fails when it is loaded, or has no such function."""


# --- Locking in ---


def _call(name: str, *arguments: Any) -> int:
    """Call a function of the C library; an error it returns is raised."""
    libc = ctypes.CDLL(None, use_errno=True)
    wide = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    result = int(getattr(libc, name)(*wide))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def _die_with_parent() -> None:
    if sys.platform == "linux":
        _call("prctl", _PARENT_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)


def lock_in(config: Config) -> dict[str, bool]:
    """Put this process under lock and return what could be had only in part.

    Args:
        config: "wall" ("namespaces", "bubblewrap", "none"), "own_user", "seccomp", "landlock" (whether to), "room" (the
            private directory where there is no root of its own), "parent" (its process id), "script" (a file that
            starts processes, or ""), "paths" (folders of packages that it imports), and the limits.

    Raises:
        OSError: something that was asked for cannot be had.
    """
    _die_with_parent()
    user = _FIRST_OWN_USER + os.getpid() if config["own_user"] else None
    leash = None
    if config["wall"] == "namespaces":
        _separate()
        leash = _go_on_as_first_process(config["channel"])
        _change_root(config)
    room = config["room"] if config["wall"] == "none" else ROOM
    if user is not None:
        os.chown(room, user, user)
        _become(user)
    os.chdir(room)
    # A change of user clears it.
    _die_with_parent()
    if (leash is not None and _is_loose(leash)) or (config["wall"] == "none" and os.getppid() != config["parent"]):
        os._exit(1)
    if sys.platform == "linux":
        _drop_capabilities()
    memory = _limit(config)
    if config["landlock"]:
        _restrict_files(room, config)
    if config["seccomp"]:
        _filter_calls(processes=bool(config["script"]))
    return {"memory": memory}


def _separate() -> None:
    """Enter new namespaces; who may not do so alone first gets a user namespace, with nobody else in it."""
    user, group = os.geteuid(), os.getegid()
    try:
        _call("unshare", _NEW_NAMESPACES)
    except PermissionError:
        _call("unshare", _NEW_NAMESPACES | _NEW_USER)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            _write(f"/proc/self/{name}", text)


def _write(path: str, text: str) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def _go_on_as_first_process(channel: int) -> int:
    """Go on as the first process of the new process namespace, with which dies whatever it starts.

    Returned is the end of a pipe whose other end closes when the process dies that waits for this one.
    """
    leash, held = os.pipe()
    child = os.fork()
    if child:
        os.close(channel)
        os.close(leash)
        # Ended so, it is waited for. Were both killed, it would be left for the machine's first process to clear away,
        # which in a container may be a training run that never does.
        signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGKILL))
        os.waitpid(child, 0)
        os._exit(0)
    os.close(held)
    return leash


def _is_loose(leash: int) -> bool:
    """Whether the waiting process died before this one was bound to it."""
    os.set_blocking(leash, False)
    try:
        os.read(leash, 1)
    except BlockingIOError:
        return False
    finally:
        os.close(leash)
    return True


def _change_root(config: Config) -> None:
    """Make a root in memory that shows Python's own files, read-only, and has one directory to write in."""
    size = f"size={config['room_bytes']},nr_inodes={config['room_files']}"
    _mount(None, "/", None, _MS_RECURSIVE_PRIVATE)
    # Any directory will do that is on every machine and holds nothing that has to be shown.
    root = "/proc"
    _mount("root", root, "tmpfs", _MS_NOTHING_SPECIAL, "size=1m,mode=755")
    for path in shown_paths(config["paths"]):
        _show(path, root)
    os.mkdir(root + ROOM)
    _mount("room", root + ROOM, "tmpfs", _MS_NOTHING_SPECIAL, f"{size},mode=700")
    if config["script"]:
        os.makedirs(root + SHARED_MEMORY)
        _mount("shared", root + SHARED_MEMORY, "tmpfs", _MS_NOTHING_SPECIAL, f"{size},mode=1777")
    _make_read_only(root, 0)
    os.chdir(root)
    _call("pivot_root", b".", b".")
    _call("umount2", b".", _DETACH)


def shown_paths(others: list[str]) -> list[str]:
    """The directories that have to be there: the standard library, shared libraries that it may need, and others."""
    libraries = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", f"{sys.base_prefix}/lib"]
    paths = sorted({path for path in [*libraries, *sys.path, *others] if os.path.isdir(path)})
    return [path for path in paths if not any(path.startswith(f"{other}/") for other in paths)]


def _show(path: str, root: str) -> None:
    os.makedirs(os.path.dirname(root + path), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), root + path)
    else:
        os.mkdir(root + path)
        _mount(path, root + path, None, _MS_RECURSIVE_BIND)
        _make_read_only(root + path, _AT_RECURSIVE)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    source_, target_, kind_, options_ = (text and text.encode() for text in (source, target, kind, options))
    _call("mount", source_, target_, kind_, flags, options_)


def _make_read_only(path: str, flags: int) -> None:
    attributes = (ctypes.c_uint64 * 4)(_READ_ONLY, 0, 0, 0)
    _call("syscall", _MOUNT_SETATTR, _AT_FDCWD, path.encode(), flags, attributes, ctypes.sizeof(attributes))


def _become(user: int) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def _drop_capabilities() -> None:
    """Give up all privileges, and the ways to new ones."""
    _call("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())
    # Other processes of this user can look into it no more, and it has no core to dump.
    _call("prctl", _SET_DUMPABLE, 0, 0, 0, 0)


def _limit(config: Config) -> bool:
    """Set the limits that the system keeps; whether memory is among them, which macOS does not limit."""
    cpu = config["cpu_seconds"]
    _lower(resource.RLIMIT_CPU, cpu)
    _lower(resource.RLIMIT_FSIZE, config["room_bytes"])
    _lower(resource.RLIMIT_NOFILE, config["open_files"])
    _lower(resource.RLIMIT_CORE, 0)
    if config["own_user"] or config["wall"] == "namespaces":
        _lower(resource.RLIMIT_NPROC, config["threads"])
    elif not config["seccomp"] and not config["script"]:
        # It counts all processes of the user, so that no number is right but none.
        _lower(resource.RLIMIT_NPROC, 0)
    try:
        _lower(resource.RLIMIT_AS, config["memory_bytes"])
    except (OSError, ValueError):
        return False
    return sys.platform == "linux"


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


# --- The filter of system calls ---

# Names and numbers on x86_64 and aarch64; -1 where there is none. These fail with EPERM.
_REFUSED: Final = """
socket 41 198   connect 42 203   bind 49 200   listen 50 201   io_uring_setup 425 425
execve 59 221   execveat 322 281   unshare 272 97   setns 308 268
ptrace 101 117   process_vm_readv 310 270   process_vm_writev 311 271   kcmp 312 272   pidfd_open 434 434
pidfd_getfd 438 438   pidfd_send_signal 424 424   process_madvise 440 440   tkill 200 130   rt_sigqueueinfo 129 138
rt_tgsigqueueinfo 297 240   mount 165 40   umount2 166 39   pivot_root 155 41   chroot 161 51   open_tree 428 428
move_mount 429 429   fsopen 430 430   fsconfig 431 431   fsmount 432 432   fspick 433 433   mount_setattr 442 442
name_to_handle_at 303 264   open_by_handle_at 304 265   bpf 321 280   perf_event_open 298 241   userfaultfd 323 282
add_key 248 217   request_key 249 218   keyctl 250 219   kexec_load 246 104   kexec_file_load 320 294
init_module 175 105   finit_module 313 273   delete_module 176 106   reboot 169 142   swapon 167 224   swapoff 168 225
acct 163 89   settimeofday 164 170   clock_settime 227 112   adjtimex 159 171   clock_adjtime 305 266
sethostname 170 161   setdomainname 171 162   iopl 172 -1   ioperm 173 -1   personality 135 92   syslog 103 116
quotactl 179 60   vhangup 153 58   memfd_create 319 279   memfd_secret 447 447   shmget 29 194   semget 64 190
msgget 68 186   mq_open 240 180   modify_ldt 154 -1   setpriority 141 140   ioprio_set 251 30
"""
_ARCHITECTURES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
# Numbers of those that depend on their first argument.
_CLONE, _CLONE3, _PRLIMIT, _KILLS = (56, 220), (435, 435), (302, 261), ((62, 234), (129, 131))
_FORKS: Final[tuple[tuple[int, ...], ...]] = ((57, 58), ())
_CLONE_THREAD: Final = 0x00010000
_X32: Final = 0x40000000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # where they stand in the kernel's struct seccomp_data
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
Instruction = tuple[int, int, int, int]


def filter_of(machine: str, process: int, *, processes: bool = False) -> list[Instruction]:
    """Return the filter of system calls: no network, no other process, no change of the system.

    Args:
        machine: the architecture, as `os.uname` has it.
        process: the process id that signals may still be sent to.
        processes: whether copies of the process may be started after all, and sent signals.

    Raises:
        OSError: the numbers of this architecture's calls are not known.
    """
    if machine not in _ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no filter of system calls for {machine}")
    column, architecture = _ARCHITECTURES[machine]
    refused = _REFUSED.split()
    numbers = [int(number) for number in refused[1 + column :: 3]]
    alone = [
        *_only_if(_CLONE[column], _ANY_BIT, _CLONE_THREAD),
        *[step for number in _KILLS[column] for step in _only_if(number, _EQUAL, process)],
        *[step for number in _FORKS[column] for step in _refuse(number)],
    ]
    return [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
        *([(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _ERROR | errno.ENOSYS)] if machine == "x86_64" else []),
        # Without clone3 the C library makes threads with clone, whose flags can be seen here.
        (_EQUAL, 0, 1, _CLONE3[column]),
        (_RETURN, 0, 0, _ERROR | errno.ENOSYS),
        *([] if processes else alone),
        *_only_if(_PRLIMIT[column], _EQUAL, 0),
        *[step for number in numbers if number >= 0 for step in _refuse(number)],
        (_RETURN, 0, 0, _ALLOW),
    ]


def _only_if(number: int, test: int, value: int) -> list[Instruction]:
    """Allow a call only if the test holds for its first argument."""
    return [
        (_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (test, 1, 0, value),
        (_RETURN, 0, 0, _ERROR | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _refuse(number: int) -> list[Instruction]:
    return [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERROR | errno.EPERM)]


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("steps", ctypes.POINTER(_Instruction)))


def _filter_calls(*, processes: bool = False) -> None:
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "system calls are filtered on Linux alone")
    steps = filter_of(os.uname().machine, os.getpid(), processes=processes)
    array = (_Instruction * len(steps))(*(_Instruction(*step) for step in steps))
    program = _Program(len(steps), array)
    _call("prctl", _SET_SECCOMP, 2, ctypes.byref(program), 0, 0)


# --- The restriction of files where there is no root of its own ---

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_ALL_FILE_RIGHTS: Final = (1 << 16) - 1  # as of its third version
_READ_RIGHTS: Final = 1 << 2 | 1 << 3  # read a file, list a directory
_RIGHTS_WANTED_VERSION: Final = 3


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("directory", ctypes.c_int32))


def _restrict_files(room: str, config: Config) -> None:
    """Let this process read Python's own files and the room, write in the room, and open no other file."""
    if sys.platform != "linux" or _call("syscall", _LANDLOCK_CREATE, None, 0, 1) < _RIGHTS_WANTED_VERSION:
        raise OSError(errno.ENOSYS, "this system has no Landlock, or too old a one")
    # The first version's structure has only the file rights; the kernel takes any size it knows.
    rights = ctypes.c_uint64(_ALL_FILE_RIGHTS)
    rules = _call("syscall", _LANDLOCK_CREATE, ctypes.byref(rights), ctypes.sizeof(rights), 0)
    try:
        for path in shown_paths(config["paths"]):
            _allow_beneath(rules, path, _READ_RIGHTS)
        for path in (room, SHARED_MEMORY) if config["script"] else (room,):
            # All but running programs, making devices, sockets and pipes, and links to other directories.
            _allow_beneath(rules, path, _READ_RIGHTS | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 12 | 1 << 14)
        _call("syscall", _LANDLOCK_RESTRICT, rules, 0)
    finally:
        os.close(rules)


def _allow_beneath(rules: int, path: str, rights: int) -> None:
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _call("syscall", _LANDLOCK_ADD, rules, 1, ctypes.byref(_Beneath(rights, directory)), 0)
    finally:
        os.close(directory)


# --- Values ---


def encode(value: Any, depth: int = 0) -> Any:
    """Return a plain value as a tree of what JSON has; a value of a subclass is what its plain part is.

    What JSON has no word for is an object with one key: {"int": hex}, {"float": "nan"}, {"bytes": hex},
    {"tuple": [...]}, {"set": [...]}, {"dict": [[key, value], ...]}, {"complex": [real, imaginary]}.

    Args:
        value: None, a bool, a number, text, bytes, a list, tuple, set or dict of such.
        depth: how deep in another value it stands.

    Raises:
        NotPlain: it is something else, or nested too deep.
    """
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return value if -(1 << 63) <= value < 1 << 63 else {"int": hex(value)}
    if kind is float:
        return value if value - value == 0 else {"float": float.__repr__(value)}
    if depth >= DEEPEST:
        raise NotPlain("nested too deep")
    if kind is list:
        return [encode(item, depth + 1) for item in value]
    for base, form in _FORMS.items():
        if issubclass(kind, base):
            return form(value, depth + 1)
    raise NotPlain(kind.__name__)


def _items(values: Any, depth: int) -> list[Any]:
    return [encode(item, depth) for item in values]


def _complex(value: complex, depth: int) -> Any:
    return {"complex": _items((value.real, value.imag), depth)}


# How what is left is written, subclasses by their bases' own methods.
_FORMS: Final[dict[type, Callable[[Any, int], Any]]] = {
    tuple: lambda value, depth: {"tuple": _items(tuple.__iter__(value), depth)},
    list: lambda value, depth: _items(list.__iter__(value), depth),
    dict: lambda value, depth: {"dict": [_items(pair, depth) for pair in dict.items(value)]},
    set: lambda value, depth: {"set": _items(set.__iter__(value), depth)},
    frozenset: lambda value, depth: {"set": _items(frozenset.__iter__(value), depth)},
    int: lambda value, depth: encode(int.__pos__(value), depth),
    float: lambda value, depth: encode(float.__pos__(value), depth),
    str: lambda value, _: str.__str__(value),
    complex: lambda value, depth: _complex(complex.__pos__(value), depth),
    bytes: lambda value, _: {"bytes": bytes.hex(value)},
    bytearray: lambda value, _: {"bytes": bytearray.hex(value)},
}


# --- Running ---


class _Channel:
    """The pipe back, written to when there is much to say or some time has passed.

    Args:
        number: its file descriptor.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._waiting: list[bytes] = []
        self._size = 0
        self._flushed = time.perf_counter()

    def tell(self, line: str) -> None:
        """Add a line."""
        data = line.encode("ascii", "backslashreplace") + b"\n"
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= _FLUSH_BYTES or time.perf_counter() - self._flushed >= _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Send what is waiting."""
        data = memoryview(b"".join(self._waiting))
        while data:
            data = data[os.write(self._number, data) :]
        self._waiting.clear()
        self._size = 0
        self._flushed = time.perf_counter()


def load(programs: list[list[str]], entry_point: str) -> Callable[..., Any]:
    """Return the function of the first program that compiles and has it.

    Args:
        programs: each a list of pieces of source, run one after the other in the same module.
        entry_point: the function's name.

    Raises:
        NotLoaded: there is none.
    """
    problem = "there is no code"
    for pieces in programs:
        try:
            codes = [compile(piece, "<candidate>", "exec", dont_inherit=True) for piece in pieces]
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


def _answer(function: Callable[..., Any], arguments: list[Any]) -> str:
    try:
        return "=" + _DUMPS(encode(function(*arguments)))
    except NotPlain as other:
        return f"?{_name(other.args[0])}"
    except BaseException as error:  # noqa: BLE001 - whatever the model's code raises is told, SystemExit too
        return f"!{_name(type(error).__name__)}"


_DUMPS: Final = json.JSONEncoder(separators=(",", ":")).encode


def _name(name: object) -> str:
    return "".join(letter for letter in str(name)[:60] if letter.isalnum() or letter in "_ ")


def serve(channel: _Channel) -> None:
    """Read what to run, run it, and tell what comes of it."""
    head, *inputs = sys.stdin.buffer.read().splitlines()
    os.dup2(1, 0)
    os.environ.clear()
    sys.argv[:] = ["candidate"]
    what = json.loads(head)
    channel.flush()
    try:
        function = load(what["programs"], what["entry_point"])
    except NotLoaded as problem:
        channel.tell(f"-{problem}")
        return
    except BaseException as error:  # noqa: BLE001 - as above
        channel.tell(f"-fails when loaded: {_name(type(error).__name__)}")
        return
    channel.tell("+")
    channel.flush()
    times = []
    for line in inputs:
        arguments = json.loads(line)
        before = time.process_time()
        told = _answer(function, arguments)
        times.append(time.process_time() - before)
        channel.tell(told)
    if what["timed"]:
        channel.tell("#" + _DUMPS(times))


def answer(script: ModuleType, config: Config, channel: _Channel) -> None:
    """Give standard input to a script, and tell what it returns.

    Args:
        script: the module, whose `answer` takes bytes and a function, and returns one line.
        config: what `lock_in` was given.
        channel: the way back.
    """

    def confine() -> None:
        """Cut a process that was started off from all others; then it may run model code."""
        os.closerange(_FIRST_OTHER_FILE, config["open_files"])
        if config["seccomp"]:
            _filter_calls()

    request = sys.stdin.buffer.read()
    os.dup2(1, 0)
    os.environ.clear()
    sys.argv[:] = [script.__name__]
    sys.path.extend(config["paths"])
    try:
        told = script.answer(request, confine)
    except BaseException as error:  # noqa: BLE001 - whatever fails in there is told
        channel.tell("!" + f"{type(error).__name__}: {error}".replace("\n", " ")[:_LONGEST_PROBLEM])
    else:
        channel.tell("=" + told)


_LONGEST_PROBLEM: Final = 500
_FIRST_OTHER_FILE: Final = 3  # after input, output and errors


def _script(path: str) -> ModuleType | None:
    """Return the script as a module, read while its file can be seen."""
    if not path:
        return None
    with open(path, encoding="utf-8") as file:
        code = compile(file.read(), path, "exec")
    module = ModuleType("script")
    sys.modules["script"] = module
    exec(code, module.__dict__)
    return module


def main() -> NoReturn:
    """Lock in, say so, run, and end without a last word from the model's code."""
    config = json.loads(sys.argv[1])
    channel = _Channel(config["channel"])
    try:
        script = _script(config["script"])
        state = lock_in(config)
    except (OSError, ValueError) as error:
        channel.tell("failed " + json.dumps(str(error)))
        channel.flush()
        os._exit(1)
    channel.tell("ready " + json.dumps(state))
    channel.flush()
    try:
        if script:
            answer(script, config, channel)
        else:
            serve(channel)
        channel.flush()
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
