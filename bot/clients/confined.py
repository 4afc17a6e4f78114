"""Run a program under Landlock: it reads and writes what it was given, and nothing else of the machine.

    python -I -S confined.py any 2 /usr /lib 1 /tmp/own /usr/bin/terraform plan …

The words are the ports, how many paths follow to be read, these, how many follow to be written as well, and these (`words`); then comes
the program. This file is a program of its own, started by its path with Python's library and nothing more, because a restriction can't
be taken back and must be made by a process without threads: it restricts itself and becomes the program that it is asked to run. It
stands before every command of Terraform, and loads little of the library: JSON alone would take longer than all the rest. Landlock
needs no privilege and holds for all descendants. See https://docs.kernel.org/userspace-api/landlock.html for the numbers below.
"""

import ctypes
import errno
import os
import resource
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""System calls, the same on every architecture."""
VERSION, PATH_BENEATH, NET_PORT = 1, 1, 2
PR_SET_NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
CHANGE_DIR = sum(1 << bit for bit in range(4, 13))
"""Make and remove entries of a directory, of every kind."""
RESOLVE_UNIX = 1 << 16
"""Connect to a socket that has a path, unless a program in the same cage made it (as providers do for Terraform)."""
BOUNDS_SOCKETS = 9
"""The version of Landlock that knows these (Linux 7.1). Older ones let a program connect to whatever listens there for its user."""
CONNECT_TCP = 1 << 1
KNOWS_PORTS = 4
"""The version of Landlock that bounds to which ports of TCP a program connects (Linux 6.7)."""
SCOPED = 0b11
"""Neither abstract sockets nor processes outside are reached, signals included."""
KNOWS_SCOPES = 6
"""The version of Landlock that knows these (Linux 6.12)."""

READ = READ_FILE | READ_DIR | EXECUTE
WRITE = WRITE_FILE | CHANGE_DIR | REFER | TRUNCATE | RESOLVE_UNIX
FILE_ONLY = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV | RESOLVE_UNIX
"""What can be said of a file that is no directory."""

ANY = "any"
"""In place of the ports that a program may connect to: all of them."""

CANNOT_RUN = 126
"""A shell's exit code for a program that can't be run."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"  # what packing meant until Python 3.14, which wants it said
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


class _NetPort(ctypes.Structure):
    _fields_ = (("allowed", ctypes.c_uint64), ("port", ctypes.c_uint64))


def abi() -> int:
    """Return the version of Landlock that this kernel has; 0 where there is none, or where it is switched off."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION)))


def words(reads: "Sequence[str]", writes: "Sequence[str]", ports: "Iterable[int] | None") -> list[str]:
    """Return what `main` reads before the program. Paths are words of their own: nothing in them can be taken for anything else."""
    bounded = ANY if ports is None else ",".join(map(str, ports))
    return [bounded, str(len(reads)), *reads, str(len(writes)), *writes]


def restrict(version: int, access: "Iterable[tuple[Iterable[str], int]]", ports: "Iterable[int] | None") -> None:
    """Restrict this process, for ever. Paths that don't exist are left out; without `ports` it connects to any. Raises `OSError`."""
    if ports is not None and version < KNOWS_PORTS:
        raise OSError(errno.EOPNOTSUPP, "this machine's Landlock can't bound ports")
    handled = rights(version)
    ruleset = _Ruleset(handled, 0 if ports is None else CONNECT_TCP, SCOPED if version >= KNOWS_SCOPES else 0)
    # Older kernels know a shorter structure, and refuse a longer one only if the rest isn't zero.
    rules = _call(CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(ctypes.sizeof(ruleset)), 0)
    for paths, allowed in access:
        for path in paths:
            _allow(rules, path, allowed & handled)
    for port in ports or ():
        _call(ADD_RULE, rules, NET_PORT, ctypes.byref(_NetPort(CONNECT_TCP, port)), 0)
    if _libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    _call(RESTRICT_SELF, rules, 0)
    os.close(rules)


def rights(version: int) -> int:
    """Return what a version of Landlock can withhold of files and sockets; it refuses a rule about anything that it doesn't know."""
    # Version 1 refuses to move anything between directories, and can't be told otherwise.
    since = {REFER: 2, TRUNCATE: 3, IOCTL_DEV: 5, RESOLVE_UNIX: BOUNDS_SOCKETS}
    return (READ | WRITE | IOCTL_DEV) & ~sum(right for right, first in since.items() if version < first)


def _allow(rules: int, path: str, allowed: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            allowed &= FILE_ONLY
        _call(ADD_RULE, rules, PATH_BENEATH, ctypes.byref(_PathBeneath(allowed, descriptor)), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    done = int(_libc().syscall(number, *arguments))
    if done < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return done


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def main(given: list[str]) -> None:
    """Restrict this process as the first words say, then become the program that the others name."""
    ports, *rest = given
    reads, rest = _counted(rest)
    writes, argv = _counted(rest)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        bounded = None if ports == ANY else [int(each) for each in ports.split(",") if each]
        restrict(abi(), ((reads, READ), (writes, READ | WRITE)), bounded)
        os.execve(argv[0], argv, dict(os.environ))  # noqa: S606 - becoming the program is what this one is for
    except OSError as error:
        sys.stderr.write(f"{argv[0]} could not be run confined: {error.strerror or error}\n")
    raise SystemExit(CANNOT_RUN)


def _counted(given: list[str]) -> tuple[list[str], list[str]]:
    """Return as many words as the first one says, and the rest."""
    end = 1 + int(given[0])
    return given[1:end], given[end:]


if __name__ == "__main__":
    main(sys.argv[1:])
