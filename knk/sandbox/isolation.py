"""How the worker isolates itself: namespaces, a root of its own, limits, and Landlock where there is no such root."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import sys
from typing import Any, Final

from knk.sandbox.syscalls import call_libc, filter_calls

SCRATCH: Final = "/sandbox"
"""The scratch directory, as seen in a root of its own."""
SHARED_MEMORY: Final = "/dev/shm"
"""The shared memory of a script's processes; programs have none."""
_FIRST_OWN_USER: Final = 0x40000000

# From the Linux headers.
_NEW_NAMESPACES: Final = 0x00020000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000  # mount, uts, ipc, pid, net
_NEW_USER: Final = 0x10000000
_MS_RECURSIVE_BIND: Final = 0x1000 | 0x4000
_MS_RECURSIVE_PRIVATE: Final = 0x40000 | 0x4000
_MS_NO_SUID_NO_DEVICES: Final = 0x2 | 0x4
_READ_ONLY: Final = 0x1 | 0x2 | 0x4  # the same flags of mount_setattr, and read-only
_MOUNT_SETATTR: Final = 442
_AT_RECURSIVE: Final = 0x8000
_AT_FDCWD: Final = -100
_DETACH: Final = 2
_PARENT_DEATH_SIGNAL: Final = 1
_SET_DUMPABLE: Final = 4
_NO_NEW_PRIVILEGES: Final = 38
_CAPABILITIES_V3: Final = 0x20080522

Config = dict[str, Any]


def _die_with_parent() -> None:
    if sys.platform == "linux":
        call_libc("prctl", _PARENT_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)


def isolate(config: Config) -> dict[str, bool]:
    """Isolate this process, and return which optional limits are in place.

    Args:
        config: "isolation" ("namespaces", "bubblewrap", "none"), "own_user", "seccomp", "landlock" (whether to use it),
            "scratch" (the scratch directory if there is no root of its own), "parent" (its process id), "script" (a
            file that starts processes, or ""), "paths" (folders of packages that it imports), and the limits.

    Raises:
        OSError: a part of the isolation is not available.
    """
    _die_with_parent()
    user = _FIRST_OWN_USER + os.getpid() if config["own_user"] else None
    parent_pipe = None
    if config["isolation"] == "namespaces":
        _separate()
        parent_pipe = _continue_as_first_process(config["channel"])
        _change_root(config)
    scratch = config["scratch"] if config["isolation"] == "none" else SCRATCH
    if user is not None:
        os.chown(scratch, user, user)
        _become(user)
    os.chdir(scratch)
    # A change of user clears this setting.
    _die_with_parent()
    is_alone = config["isolation"] == "none" and os.getppid() != config["parent"]
    if is_alone or (parent_pipe is not None and _is_orphaned(parent_pipe)):
        os._exit(1)
    if sys.platform == "linux":
        _drop_capabilities()
    memory = _limit(config)
    if config["landlock"]:
        _restrict_files(scratch, config)
    if config["seccomp"]:
        filter_calls(processes=bool(config["script"]))
    return {"memory": memory}


def _separate() -> None:
    """Enter new namespaces; a user who may not is first given a user namespace of its own."""
    user, group = os.geteuid(), os.getegid()
    try:
        call_libc("unshare", _NEW_NAMESPACES)
    except PermissionError:
        call_libc("unshare", _NEW_NAMESPACES | _NEW_USER)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            _write(f"/proc/self/{name}", text)


def _write(path: str, text: str) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def _continue_as_first_process(channel: int) -> int:
    """Continue as the first process of the new process namespace, whose end ends all processes that it started.

    Returns:
        The reading end of a pipe whose writing end closes when the process that waits for this one dies.
    """
    parent_pipe, child_end = os.pipe()
    child = os.fork()
    if child:
        os.close(channel)
        os.close(parent_pipe)
        # Killed by this process, the child is waited for. If both were killed, the child would be left to the machine's
        # first process, which in a container may be a training run that never reaps it.
        signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGKILL))
        os.waitpid(child, 0)
        os._exit(0)
    os.close(child_end)
    return parent_pipe


def _is_orphaned(parent_pipe: int) -> bool:
    """Whether the waiting process died before this one was set to die with it."""
    os.set_blocking(parent_pipe, False)
    try:
        os.read(parent_pipe, 1)
    except BlockingIOError:
        return False
    finally:
        os.close(parent_pipe)
    return True


def _change_root(config: Config) -> None:
    """Enter a root in memory with Python's own files, read-only, and one directory to write to."""
    size = f"size={config['scratch_bytes']},nr_inodes={config['scratch_files']}"
    _mount(None, "/", None, _MS_RECURSIVE_PRIVATE)
    # Any directory that is on every machine and has no visible path in it would do.
    root = "/proc"
    _mount("root", root, "tmpfs", _MS_NO_SUID_NO_DEVICES, "size=1m,mode=755")
    for path in visible_paths(config["paths"]):
        _make_visible(path, root)
    os.mkdir(root + SCRATCH)
    _mount("scratch", root + SCRATCH, "tmpfs", _MS_NO_SUID_NO_DEVICES, f"{size},mode=700")
    if config["script"]:
        os.makedirs(root + SHARED_MEMORY)
        _mount("shared", root + SHARED_MEMORY, "tmpfs", _MS_NO_SUID_NO_DEVICES, f"{size},mode=1777")
    _make_read_only(root, 0)
    os.chdir(root)
    call_libc("pivot_root", b".", b".")
    call_libc("umount2", b".", _DETACH)


def visible_paths(others: list[str]) -> list[str]:
    """Return the directories that remain visible: the standard library, shared libraries, and others."""
    libraries = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", f"{sys.base_prefix}/lib"]
    paths = sorted({path for path in [*libraries, *sys.path, *others] if os.path.isdir(path)})
    return [path for path in paths if not any(path.startswith(f"{other}/") for other in paths)]


def _make_visible(path: str, root: str) -> None:
    os.makedirs(os.path.dirname(root + path), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), root + path)
    else:
        os.mkdir(root + path)
        _mount(path, root + path, None, _MS_RECURSIVE_BIND)
        _make_read_only(root + path, _AT_RECURSIVE)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    source_, target_, kind_, options_ = (text and text.encode() for text in (source, target, kind, options))
    call_libc("mount", source_, target_, kind_, flags, options_)


def _make_read_only(path: str, flags: int) -> None:
    attributes = (ctypes.c_uint64 * 4)(_READ_ONLY, 0, 0, 0)
    call_libc("syscall", _MOUNT_SETATTR, _AT_FDCWD, path.encode(), flags, attributes, ctypes.sizeof(attributes))


def _become(user: int) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def _drop_capabilities() -> None:
    """Give up all privileges, and the means to gain new ones."""
    call_libc("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    call_libc("capset", header, (ctypes.c_uint32 * 6)())
    # Other processes of this user can no longer inspect it, and it dumps no core.
    call_libc("prctl", _SET_DUMPABLE, 0, 0, 0, 0)


def _limit(config: Config) -> bool:
    """Set the resource limits, and return whether memory is limited, which macOS does not support."""
    cpu = config["cpu_seconds"]
    _lower(resource.RLIMIT_CPU, cpu)
    _lower(resource.RLIMIT_FSIZE, config["scratch_bytes"])
    _lower(resource.RLIMIT_NOFILE, config["open_files"])
    _lower(resource.RLIMIT_CORE, 0)
    if config["own_user"] or config["isolation"] == "namespaces":
        _lower(resource.RLIMIT_NPROC, config["threads"])
    elif not config["seccomp"] and not config["script"]:
        # The limit counts all processes of the user, so the only safe number is zero.
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


# --- Landlock, where there is no root of its own ---

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_ALL_FILE_RIGHTS: Final = (1 << 16) - 1  # of its third version
_READ_RIGHTS: Final = 1 << 2 | 1 << 3  # read a file, list a directory
_MIN_LANDLOCK_VERSION: Final = 3


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("directory", ctypes.c_int32))


def _restrict_files(scratch: str, config: Config) -> None:
    """Let this process read Python's own files, read and write the scratch directory, and open no other file."""
    if sys.platform != "linux" or call_libc("syscall", _LANDLOCK_CREATE, None, 0, 1) < _MIN_LANDLOCK_VERSION:
        raise OSError(errno.ENOSYS, "this system has no Landlock, or an older version")
    # The first version's structure has only the file rights; the kernel accepts every size that it knows.
    rights = ctypes.c_uint64(_ALL_FILE_RIGHTS)
    rules = call_libc("syscall", _LANDLOCK_CREATE, ctypes.byref(rights), ctypes.sizeof(rights), 0)
    try:
        for path in visible_paths(config["paths"]):
            _allow_beneath(rules, path, _READ_RIGHTS)
        for path in (scratch, SHARED_MEMORY) if config["script"] else (scratch,):
            # Everything but running programs, making devices, sockets and pipes, and linking to other directories.
            _allow_beneath(rules, path, _READ_RIGHTS | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 12 | 1 << 14)
        call_libc("syscall", _LANDLOCK_RESTRICT, rules, 0)
    finally:
        os.close(rules)


def _allow_beneath(rules: int, path: str, rights: int) -> None:
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        call_libc("syscall", _LANDLOCK_ADD, rules, 1, ctypes.byref(_Beneath(rights, directory)), 0)
    finally:
        os.close(directory)
