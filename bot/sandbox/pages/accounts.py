"""People, organizations and apps, and their pictures."""

from __future__ import annotations

from dataclasses import replace
from html import escape

from bot.sandbox.github.answers import not_found
from bot.sandbox.github.records.accounts import AccountRecord
from bot.sandbox.pages.calls import PageCall, PageMoved, Raw, Shown

_HUES = ("#0969da", "#1a7f37", "#8250df", "#bf3989", "#bc4c00", "#57606a", "#116329")


def account(call: PageCall) -> Shown:
    """A person or an organization: the repositories that are theirs, and their role in each of the others."""
    found = call.forge.state.account(call.path["login"])
    if found is None:
        return app(replace(call, path={"slug": call.path["login"]}))
    everything = sorted(call.forge.state.repositories.values(), key=lambda each: each.full_name)
    rows = [(each, "owner" if each.owner.id == found.id else call.forge.state.role(each, found)) for each in everything]
    return Shown("account.html", found.login, {"account": found, "rows": [row for row in rows if row[1] != "none"]})


def app(call: PageCall) -> Shown:
    """A GitHub App and what it may do."""
    found = next((each for each in call.forge.state.apps.values() if each.slug == call.path["slug"]), None)
    if found is None:
        raise not_found()
    return Shown("app.html", found.name, {"app": found})


def installation(call: PageCall) -> PageMoved:
    """Where an app is installed: shown with the app."""
    found = call.forge.state.installations.get(call.number("id"))
    if found is None:
        raise not_found()
    return PageMoved(f"/apps/{found.app.slug}")


def avatar(call: PageCall) -> Raw:
    """The picture of an account: the first letter of its login."""
    id_ = call.number("id")
    found = next((each for each in call.forge.state.accounts.values() if each.id == id_), None)
    if found is None:
        raise not_found()
    return Raw(picture(found).encode(), "image/svg+xml")


def picture(found: AccountRecord) -> str:
    """Return an account's picture as SVG; an app's is square, as on GitHub."""
    colour = _HUES[found.id % len(_HUES)]
    corner = 8 if found.type != "User" else 20
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" viewBox="0 0 40 40">'
        f'<rect width="40" height="40" rx="{corner}" fill="{colour}"/><text x="20" y="27" font-family="sans-serif"'
        f' font-size="20" fill="#fff" text-anchor="middle">{escape(found.login[:1].upper())}</text></svg>'
    )
