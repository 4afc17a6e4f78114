"""What another repository asks for by `repository_dispatch`: other values of a clone's parameters, signed with a secret that both sides have.

The very text is signed that the payload carries, so nothing depends on how JSON is written. It has an id, under which it is carried out
once, and a time: what is older than some minutes is a replay, and what is of the future was signed with a clock that is wrong.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints, ValidationError

from bot.core.requests.commit_trailers import DISPATCHED
from bot.errors import UserError
from bot.model.base import Document
from bot.model.environment import Manifest
from bot.model.policy import Policy
from bot.names import EnvironmentName, ParameterName, RepositoryName

FRESH = timedelta(minutes=15)
"""How old a request may be, and how far its clock may be ahead: jobs of a workflow that wait for a runner take minutes."""
_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")


class DispatchedRequest(Document):
    """Other values of a clone's parameters, in one repository; `url` is the page of the run that asks."""

    repository: RepositoryName
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{8,100}$")]
    environment: EnvironmentName
    set: Annotated[
        dict[ParameterName, Annotated[str, StringConstraints(max_length=1_000)]], Field(min_length=1, max_length=20)
    ]
    at: AwareDatetime
    url: Annotated[str, Field(pattern=r"^https://[A-Za-z0-9._~:/?&=%-]{1,300}$")]

    @property
    def mark(self) -> str:
        """The address in the trailers of its commit: it is found again by that, however often it is delivered."""
        return f"{self.url}{DISPATCHED}{self.id}"


def read(text: str) -> DispatchedRequest | None:
    """Return what a text asks for; None when it can't be read."""
    try:
        return DispatchedRequest.model_validate_json(text)
    except ValidationError:
        return None


def is_signed(text: str, signature: str, secrets: Sequence[str]) -> bool:
    """Say whether a text was signed with one of the secrets. Takes the same time whichever byte differs, and whichever secret fits."""
    if _SIGNATURE.fullmatch(signature) is None:
        return False
    fits = False
    for secret in secrets:
        expected = f"sha256={hmac.new(secret.encode(), text.encode(), 'sha256').hexdigest()}"
        fits |= bool(secret) and hmac.compare_digest(expected, signature)
    return fits


def is_for(request: DispatchedRequest, repository: RepositoryName) -> bool:
    """Say whether it was signed for a repository: whoever may send a dispatch to another one could repeat it there."""
    return request.repository.casefold() == repository.casefold()


def is_fresh(request: DispatchedRequest, now: datetime) -> bool:
    """Say whether it was signed just now."""
    return abs(now - request.at) <= FRESH


def check_target(request: DispatchedRequest, manifest: Manifest, policy: Policy) -> None:
    """Refuse what may be asked for by nobody's workflow. Raises `UserError`."""
    if manifest.source is None or manifest.name in policy.protected:
        raise UserError(f"`{manifest.name}` is not a clone, and only clones are changed by another repository.")
    for name, value in request.set.items():
        if "\n" in value:
            raise UserError(f"The value of `{name}` has several lines. Ask for a value of one line.")
    allowed = policy.dispatch.parameters
    others = [name for name in request.set if name not in allowed]
    if others:
        listed = ", ".join(f"`{name}`" for name in others)
        raise UserError(
            f"The policy doesn't let another repository set {listed}. Add it to `dispatch: {{parameters: […]}}`."
        )
