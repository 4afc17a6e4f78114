"""A way to the AWS provider by which Terraform sees a few of its types: the rest of its answer is 5 MB that each command reads anew.

    python -m tests.support.few_types UPSTREAM_SOCKET OWN_SOCKET TYPE,TYPE

All else goes to the provider and back byte for byte. What Terraform asks of another type, it refuses to know. It ends with its input.
"""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, Final

grpc: Final[Any] = import_module("grpc")  # it has no types
_ANY_LENGTH: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_BY_NAME: Final = {2, 3, 7, 8}
"""Resources, data sources, functions and ephemeral resources: https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin5.proto"""
_BYTES: Final = 2
_SIDE_BY_SIDE: Final = 32
"""Terraform works on ten resources at a time, two stacks may be at work at once, and most of it is waiting."""


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


class _Between:
    def __init__(self, upstream: str, types: set[str]) -> None:
        self._channel = grpc.insecure_channel(f"unix:{upstream}", options=_ANY_LENGTH)
        self._types = types
        self._schema = b""

    def service(self, handler_call_details: Any) -> Any:
        method: str = handler_call_details.method
        if not method.startswith("/tfplugin5.Provider/"):
            return None
        call = self._channel.unary_unary(method)
        return grpc.unary_unary_rpc_method_handler(lambda asked, context: self._answer(method, call, asked, context))

    def _answer(self, method: str, call: Callable[[bytes], bytes], asked: bytes, context: Any) -> bytes:
        try:
            if not method.endswith("/GetSchema"):
                return call(asked)
            self._schema = self._schema or trimmed(call(asked), self._types)
            return self._schema
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())
            raise


def main(upstream: str, own: str, types: str) -> None:
    """Serve until the input ends."""
    server = grpc.server(
        ThreadPoolExecutor(_SIDE_BY_SIDE), handlers=[_Between(upstream, set(types.split(",")))], options=_ANY_LENGTH
    )
    server.add_insecure_port(f"unix:{own}")
    server.start()
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
