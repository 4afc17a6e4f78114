"""Another repository asks for an image of a clone, by a signed dispatch, on a real repository."""

import hmac
import json
from datetime import timedelta
from typing import Any

from bot.core.requests.branches import branch_of
from bot.events import DispatchReceived
from bot.names import EnvironmentName
from tests.support.example import REPOSITORY
from tests.support.small_monorepo import MAINTAINER, POLICY, SmallMonorepo
from tests.support.triggers import merged

SECRET = "a secret of both"
NAME = EnvironmentName("demo-x")


def asked(
    place: SmallMonorepo, *, secret: str = SECRET, late: timedelta = timedelta(), **words: Any
) -> DispatchReceived:
    """Return a dispatch as the webhook tells it."""
    known = {
        "repository": REPOSITORY,
        "id": "build-4711",
        "environment": NAME,
        "set": {"greeting": "v2"},
        "url": "https://ci.example/runs/4711",
    }
    text = json.dumps({**known, "at": (place.service.context.now() - late).isoformat(), **words})
    signature = "sha256=" + hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()
    return DispatchReceived(repository=REPOSITORY, request=text, signature=signature)


def changes(place: SmallMonorepo) -> list[str]:
    return [pull.body or "" for pull in place.server.pulls(REPOSITORY) if pull.title.startswith("Change demo-x")]


def test_law_4_a_signed_request_is_proposed_once_and_nothing_else_is(place: SmallMonorepo) -> None:
    place.service.context.dispatch_secrets = ["an older one", SECRET]
    policy = POLICY + b"dispatch: {parameters: [greeting, account_id]}\n"
    place.server.commit(REPOSITORY, {".github/envclone.yml": policy}, by=MAINTAINER, message="Take images")
    place.say("/clone production as demo-x for demo")
    merged(place, 2)
    for unheard in (
        asked(place, secret="another"),
        asked(place, late=timedelta(hours=1)),
        asked(place, environment="demo-y"),
        asked(place, repository="acme/another"),
        asked(place, set={"greeting": "v2"}, url="ftp://ci.example"),
    ):
        place.work(unheard)
    assert place.server.head(REPOSITORY, branch_of(NAME, "change")) is None
    refused = {"app_min": "doesn't let another repository set `app_min`", "account_id": "`account_id` can't be set"}
    for name, why in refused.items():
        place.work(asked(place, id=f"refused-{name}", set={name: "333333333333"}))
        assert why in place.written()[-1]
    event = asked(place)
    place.work(event, "publish")
    today, now = place.service.context.now(), place.service.context.now
    place.service.context.now = lambda: today + timedelta(hours=1)
    for killed_after in ("propose", None):
        place.work(event, killed_after)
    place.service.context.now = now
    place.work(asked(place))
    (body,) = changes(place)
    assert (
        "Requested by [a run in another repository](https://ci.example/runs/4711). This pull request changes only"
        in body
    )
    assert "rollout" not in body
    first, again = place.service.plan_of("1", event), place.service.plan_of("2", event)
    assert first is not None
    assert again is not None
    assert first.key == again.key, "another delivery of the same is the same job"
