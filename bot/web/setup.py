"""The page of `envclone serve --setup`: one button makes the GitHub App, and what GitHub sends back is kept once.

It is for one person and one App. The address of the page holds a secret that only the terminal shows; GitHub's way back holds
another, `state`, so nobody else's App can be brought in. Neither a key nor a code is ever part of a page or of the log.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from secrets import compare_digest, token_urlsafe
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bot.errors import UserError
from bot.model.pipeline import Json

CREATED: Final = "/setup/created"
"""Where GitHub sends the browser when it has made the App."""
_STYLE: Final = """\
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 38rem; margin: 4rem auto; padding: 0 1.5rem }
h1 { font-size: 1.5rem }
li { margin: .2rem 0 }
code { font-size: .9em; overflow-wrap: anywhere }
button { font: inherit; font-weight: 600; padding: .6rem 1.2rem; border: 0; border-radius: .4rem; background: #1f883d; color: #fff; cursor: pointer }
button:focus-visible { outline: 3px solid #0969da; outline-offset: 2px }
a { color: light-dark(#0550ae, #6cb6ff) }
"""


@dataclass(slots=True)
class SetUp:
    """What the page knows. `keep` exchanges GitHub's code for the App, keeps what it says, and returns what is left to do.

    `registration` is where GitHub takes a manifest, and `site` where GitHub is. `keep` raises `UserError`.
    """

    registration: str
    site: str
    manifest: Mapping[str, Json]
    keep: Callable[[str], tuple[str, str]]
    secret: str = field(default_factory=token_urlsafe, repr=False)
    state: str = field(default_factory=token_urlsafe, repr=False)
    finished: threading.Event = field(default_factory=threading.Event)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def path(self) -> str:
        """The path of the page, its secret in it."""
        return f"/setup/{self.secret}"

    def application(self) -> Starlette:
        """Return the page and GitHub's way back to it; everything else is not found."""
        application = Starlette(routes=[Route(CREATED, self._created), Route("/setup/{secret}", self._asked)])
        # A redirect's address would be made of the `Host` that the caller sent.
        application.router.redirect_slashes = False
        return application

    def _asked(self, request: Request) -> HTMLResponse:
        if not compare_digest(request.path_params["secret"].encode(), self.secret.encode()):
            return self._page(HTTPStatus.NOT_FOUND, "Not found", "<p>Open the address that the terminal shows.</p>")
        if self.finished.is_set():
            return self._refused_again()
        manifest = escape(json.dumps(self.manifest))
        rights = "".join(
            f"<li>{escape(name.replace('_', ' '))}: {escape(str(level))}</li>" for name, level in self._rights()
        )
        content = f"""\
<p>GitHub will ask for a name, and then create an App with these permissions in the repositories where you install it, and no others:</p>
<ul>{rights}</ul>
<form method="post" action="{escape(f"{self.registration}?state={self.state}")}">
<input type="hidden" name="manifest" value="{manifest}">
<button>Create the App on GitHub</button>
</form>
<p>Its private key is saved on the machine where <code>envclone serve --setup</code> runs, and is never displayed.</p>"""
        return self._page(HTTPStatus.OK, "Create the GitHub App for envclone", content)

    def _rights(self) -> list[tuple[str, Json]]:
        rights = self.manifest["default_permissions"]
        assert isinstance(rights, Mapping)
        return sorted(rights.items())

    def _created(self, request: Request) -> HTMLResponse:
        """Take GitHub's code, if it comes with our state. A code that failed leaves the page usable; one that worked ends it."""
        state, code = request.query_params.get("state", ""), request.query_params.get("code", "")
        if not compare_digest(state.encode(), self.state.encode()):
            text = "<p>This answer belongs to another set-up page. Open the address that the terminal shows.</p>"
            return self._page(HTTPStatus.FORBIDDEN, "Refused", text)
        with self._turn:
            if self.finished.is_set():
                return self._refused_again()
            try:
                name, install = self.keep(code)
            except UserError as error:
                text = f"<p>{escape(str(error))}</p>"
                return self._page(HTTPStatus.BAD_GATEWAY, "The App's key was not received", text)
            self.finished.set()
        content = f"""\
<p><strong>{escape(name)}</strong> was created, and its private key is saved. The terminal shows the settings to start the service with.</p>
<p>Now <a href="{escape(install)}">install it on the repository</a> that holds your environments.</p>"""
        return self._page(HTTPStatus.OK, "The App was created", content)

    def _refused_again(self) -> HTMLResponse:
        return self._page(
            HTTPStatus.GONE, "Already done", "<p>The App has been created. This page works only once.</p>"
        )

    def _page(self, status: HTTPStatus, title: str, content: str) -> HTMLResponse:
        nonce = token_urlsafe()
        html = (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style nonce="{nonce}">{_STYLE}</style></head>'
            f"<body><main><h1>{escape(title)}</h1>\n{content}\n</main></body></html>\n"
        )
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self' {self.site}; base-uri 'none'; "
            "frame-ancestors 'none'"
        )
        headers = {
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            # The page's own path is a secret; GitHub still has to see the form's origin.
            "Referrer-Policy": "strict-origin",
            "X-Content-Type-Options": "nosniff",
        }
        return HTMLResponse(html, int(status), headers)
