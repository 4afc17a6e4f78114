"""What the AWS provider says of its types, asked once on a machine: two thirds of a second of the processor each time otherwise.

    python -m tests.support.provider_schema SOCKET FILE

asks the provider that listens on a socket, and writes what it says of all its types to a file.
"""

import fcntl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from tests import ROOT
from tests.support.patience import PATIENCE

_BY_NAME: Final = {2, 3, 7, 8}
"""Resources, data sources, functions and ephemeral resources: https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin5.proto"""
_BYTES: Final = 2


def schema(provider: Path, running: Callable[[], AbstractContextManager[str]]) -> bytes:
    """Return the provider's answer to `GetProviderSchema`; `running` starts it, if it was never asked, and yields its socket."""
    about = provider.stat()
    kept = ROOT / ".cache" / f"{provider.name}-{about.st_size}-{about.st_mtime_ns}.schema"
    kept.parent.mkdir(exist_ok=True)
    with kept.with_suffix(".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not kept.exists():
            asked = kept.with_suffix(".asked")
            with running() as socket:
                argv = [sys.executable, "-m", "tests.support.provider_schema", socket, str(asked)]
                subprocess.run(argv, cwd=ROOT, check=True, timeout=PATIENCE)
            asked.rename(kept)
    return kept.read_bytes()


def trimmed(answer: bytes, types: set[str]) -> bytes:
    """Return the answer to `GetProviderSchema` with these types alone."""
    kept = []
    for number, body, raw in _fields(answer):
        name = next((each.decode() for field, each, _ in _fields(body) if field == 1), "") if number in _BY_NAME else ""
        if number not in _BY_NAME or name in types:
            kept.append(raw)
    return b"".join(kept)


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield the number, the bytes and the whole of each field of a protobuf message."""
    place = 0
    while place < len(message):
        start = place
        tag, place = _number(message, place)
        length, place = _number(message, place)
        end = place + length if tag & 7 == _BYTES else place
        yield tag >> 3, message[place:end], message[start:end]
        place = end


def _number(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def main(socket: str, file: str) -> None:
    """Ask."""
    grpc: Any = import_module("grpc")  # it has no types
    channel = grpc.insecure_channel(f"unix:{socket}", options=[("grpc.max_receive_message_length", -1)])
    Path(file).write_bytes(channel.unary_unary("/tfplugin5.Provider/GetSchema")(b""))


if __name__ == "__main__":
    main(*sys.argv[1:])
