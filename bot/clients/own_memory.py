"""Keep this process's memory and environment from others of the same user: it holds tokens while it runs other people's code."""

import ctypes
import resource
import sys

PR_SET_DUMPABLE = 4


def keep_memory_private() -> None:
    """Let nobody but root attach to this process, read its `/proc/<pid>/environ` and `mem`, or find its memory in a core file.

    What it starts is not affected: a program that begins is its own.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
