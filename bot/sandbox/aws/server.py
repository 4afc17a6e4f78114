"""The process that serves the sandbox's AWS: moto with its corrections, on a free port of 127.0.0.1.

It prints its port as one line on stdout and lives until its stdin closes, so that it never outlives who started it,
however that one ends.
"""

import json
import os
import sys
import threading
import traceback
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from bot.sandbox.aws import corrections
from bot.sandbox.aws.callers import Callers

GAPS = (NotImplementedError, AttributeError, LookupError, NameError, TypeError, ValueError)
"""How moto ends a call that it does not know, or not with these arguments.

SDKs retry a 500 for minutes, which looks like a hang, and report a 501 at once. A RuntimeError stays a 500: that is how two
calls at once can collide inside moto, where trying again is right.
"""


class _Requests(MotoRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: a plan makes hundreds of requests."""


class AwsEndpoint:
    """The WSGI application: AWS as far as moto goes, and an answer that no client retries beyond that."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._callers = Callers()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        refusal = self._callers.refusal(environ)
        if refusal is not None:
            start_response(refusal.status, [("Content-Type", refusal.content_type)])
            return [refusal.body]
        try:
            answer: Iterable[bytes] = self._moto(environ, start_response)
        except GAPS as error:
            traceback.print_exc()
            start_response("501 Not Implemented", [("Content-Type", "application/json")])
            return [json.dumps({"__type": "NotImplemented", "message": f"The sandbox's AWS: {error!r}"}).encode()]
        return answer


def _die_with(parent: Any) -> None:
    parent.read()
    os._exit(0)


def main() -> None:
    """Serve until stdin closes."""
    corrections.install()
    server = make_server("127.0.0.1", 0, AwsEndpoint(), threaded=True, request_handler=_Requests)
    threading.Thread(target=_die_with, args=(sys.stdin.buffer,), daemon=True).start()
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
