"""An issuer of web identity tokens on loopback, whose tokens can be wrong in any way."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.algorithms import RSAAlgorithm


class Issuer:
    """Signs tokens in the name of `url`; `running()` publishes the key there."""

    def __init__(self, url: str = "") -> None:
        self.url = url
        self._key = generate_private_key(public_exponent=65537, key_size=2048)

    def token(self, subject: str, audience: str = "sts.amazonaws.com", lifetime: int = 300) -> str:
        """Return a token that runs out in `lifetime` seconds."""
        claims = {"iss": self.url, "sub": subject, "aud": audience, "exp": int(time.time()) + lifetime}
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "key"})

    @contextmanager
    def running(self) -> Iterator["Issuer"]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(issuer.published(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            self.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()

    def published(self, path: str) -> dict[str, object]:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        public = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**public, "kid": "key", "use": "sig", "alg": "RS256"}]}
