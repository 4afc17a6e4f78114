"""Many objects of a repository in one process: what is read one by one costs a search of each directory on the way, each time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.clients.git.command import completed
from bot.clients.transient import Transient

AT_ONCE = 1_000
"""Objects asked for before their answers are read, so that what is held is bounded: a thousand manifests have two megabytes."""
TIMEOUT = 300.0
"""Seconds for one such part."""


def blobs(repository: Path, names: Sequence[str]) -> Iterator[bytes | None]:
    """Yield what each name (`<tree id>:<path>`, without spaces at its ends or line ends) stands for; None where there is no file.

    Raises `Transient` when git ends before it has answered.
    """
    for start in range(0, len(names), AT_ONCE):
        part = names[start : start + AT_ONCE]
        given = "".join(f"{name}\n" for name in part).encode()
        done = completed(repository, ["cat-file", "--batch", "--buffer"], given, timeout=TIMEOUT)
        if done.returncode != 0:
            raise Transient(f"git cat-file failed: {done.stderr.decode(errors='replace')}")
        yield from answers(done.stdout, len(part))


def answers(out: bytes, count: int) -> Iterator[bytes | None]:
    """Yield the answers: `<id> <kind> <size>`, the bytes and a line end for each object; `<name> missing` for what is none."""
    at = 0
    for _ in range(count):
        end = out.index(b"\n", at)
        words = out[at:end].split(b" ")
        at = end + 1
        if len(words) != 3 or not words[2].isdigit():
            yield None
            continue
        size = int(words[2])
        yield out[at : at + size] if words[1] == b"blob" else None
        at += size + 1
