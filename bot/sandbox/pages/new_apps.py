"""A new app of a manifest: what a foreign page brings is shown first, and made when the person here presses the button."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from bot.sandbox.github.answers import ApiError, not_found
from bot.sandbox.github.records.accounts import AccountRecord
from bot.sandbox.github.rest.new_apps import AppManifest, register
from bot.sandbox.pages.calls import PageCall, PageMoved, Shown
from bot.sandbox.pages.posting import require_own_form


def asked(call: PageCall) -> Shown:
    """Show what a manifest asks for, and the button. Any site may send one: nothing is made yet."""
    text = call.form.get("manifest", "")
    login = call.path.get("login", "")
    owner = call.forge.state.account(login) if login else _somebody(call)
    if owner is None:
        raise not_found()
    manifest = AppManifest.read(text)
    content = {"manifest": manifest, "owner": owner, "text": text, "state": call.query.get("state", "")}
    back = urlsplit(manifest.redirect_url)
    return Shown("new_app.html", "New GitHub App", content, sends_to=f"{back.scheme}://{back.netloc}")


def make(call: PageCall) -> PageMoved:
    """Make the app, and send the browser back with the code that its key is handed out for."""
    require_own_form(call)
    owner = call.forge.state.account(call.form.get("owner", ""))
    if owner is None:
        raise ApiError(422, "Nobody here has that login.")
    manifest = AppManifest.read(call.form.get("manifest", ""))
    given = {"code": register(call.forge, manifest, owner), "state": call.form.get("state", "")}
    return PageMoved(f"{manifest.redirect_url}?{urlencode(given)}", 303)


def _somebody(call: PageCall) -> AccountRecord | None:
    """Return who is at the browser: these pages know no login, so the first person."""
    return next((each for each in call.forge.state.accounts.values() if each.type == "User"), None)
