"""A way to the AWS provider by which Terraform sees a few of its types: the rest of its answer is 5 MB that each command reads anew.

    python -m tests.support.few_types UPSTREAM_SOCKET OWN_SOCKET ANSWER

ANSWER is a file with what the provider would say of these types (`provider_schema`). All else goes to the provider and back byte for
byte. What Terraform asks of another type, it refuses to know. It ends with its input.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any, Final

grpc: Final[Any] = import_module("grpc")  # it has no types
_ANY_LENGTH: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_SIDE_BY_SIDE: Final = 32
"""Terraform works on ten resources at a time, two stacks may be at work at once, and most of it is waiting."""


class _Between:
    def __init__(self, upstream: str, answer: bytes) -> None:
        self._channel = grpc.insecure_channel(f"unix:{upstream}", options=_ANY_LENGTH)
        self._schema = answer

    def service(self, handler_call_details: Any) -> Any:
        method: str = handler_call_details.method
        if not method.startswith("/tfplugin5.Provider/"):
            return None
        call = self._channel.unary_unary(method)
        return grpc.unary_unary_rpc_method_handler(lambda asked, context: self._answer(method, call, asked, context))

    def _answer(self, method: str, call: Callable[[bytes], bytes], asked: bytes, context: Any) -> bytes:
        if method.endswith("/GetSchema"):
            return self._schema
        try:
            return call(asked)
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())
            raise


def main(upstream: str, own: str, answer: str) -> None:
    """Serve until the input ends."""
    between = _Between(upstream, Path(answer).read_bytes())
    server = grpc.server(ThreadPoolExecutor(_SIDE_BY_SIDE), handlers=[between], options=_ANY_LENGTH)
    server.add_insecure_port(f"unix:{own}")
    server.start()
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
