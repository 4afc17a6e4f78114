"""Apps as they are made: by a test, or of a manifest that a browser brings, whose key is then handed out once.

Source: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Annotated, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import Field, ValidationError

from bot.model.base import ForeignDocument
from bot.sandbox.github.answers import ApiError, RestAnswer, not_found
from bot.sandbox.github.forge import Forge
from bot.sandbox.github.people import add_account
from bot.sandbox.github.records.accounts import AccountRecord, AppCodeRecord, AppRecord, Level
from bot.sandbox.github.records.hooks import HookRecord
from bot.sandbox.github.rest.routing import Operations, RestCall
from bot.sandbox.github.views.common import app_view

table = Operations()
CODE_LIVES: Final = timedelta(hours=1)


class HookAttributes(ForeignDocument):
    """Where an app's events go."""

    url: Annotated[str, Field(pattern=r"^https?://")]
    active: bool = True


class AppManifest(ForeignDocument):
    """What a browser brings."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 -]{0,33}$")]
    url: str
    hook_attributes: HookAttributes
    redirect_url: Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._/-]*)?$")]
    default_permissions: dict[str, Level]
    default_events: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> AppManifest:
        """Read a manifest's text. Raises `ApiError`."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            where = ", ".join("/".join(str(part) for part in each["loc"]) for each in error.errors())
            raise ApiError(422, f"The manifest is not one that GitHub takes: {where}") from error


def add_app(forge: Forge, slug: str, owner: str, permissions: Mapping[str, Level], events: Sequence[str]) -> AppRecord:
    """Make an app with an RSA key of its own; its bot user is `slug[bot]`."""
    state = forge.state
    private_key, public_key = _key_pair(len(state.apps))
    account = state.account(owner) or add_account(forge, owner, "Organization")
    app = AppRecord(
        id=state.next_small_id(),
        slug=slug,
        name=slug,
        owner=account,
        bot=add_account(forge, f"{slug}[bot]", "Bot"),
        client_id=f"Iv23li{secrets.token_hex(7)}",
        permissions=dict(permissions),
        events=tuple(events),
        created_at=state.clock(),
        private_key=private_key,
        public_key=public_key,
    )
    state.apps[app.id] = app
    return app


def register(forge: Forge, manifest: AppManifest, owner: AccountRecord) -> str:
    """Make an app of a manifest with its webhook; return the code that it is handed out for. Raises `ApiError`."""
    slug = manifest.name.casefold().replace(" ", "-")
    if any(app.slug == slug for app in forge.state.apps.values()):
        raise ApiError(422, f"The name {manifest.name} is taken. Choose another one.")
    app = add_app(forge, slug, owner.login, manifest.default_permissions, manifest.default_events)
    secret, code = secrets.token_hex(20), secrets.token_hex(20)
    if manifest.hook_attributes.active:
        id_ = forge.state.next_small_id()
        forge.state.hooks[id_] = HookRecord(id_, manifest.hook_attributes.url, secret, app.events, None, app)
    forge.state.app_codes[code] = AppCodeRecord(app, forge.state.clock(), secret)
    return code


@table.on("POST", "/app-manifests/{code}/conversions")
def convert(call: RestCall) -> RestAnswer:
    """Hand an app out with its key: for one code once, and within the hour."""
    found = call.forge.state.app_codes.pop(call.path["code"], None)
    if found is None or call.forge.state.clock() - found.made_at > CODE_LIVES:
        raise not_found()
    body: dict[str, object] = {
        **app_view(call.forge, found.app),
        "client_secret": secrets.token_hex(20),
        "webhook_secret": found.webhook_secret,
        "pem": found.app.private_key,
    }
    return RestAnswer(body, 201)


@cache
def _key_pair(number: int) -> tuple[str, str]:
    """Return the keys of the n-th app. Every GitHub in this process gives it the same: making one takes a tenth of a second."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
