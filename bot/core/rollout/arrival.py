"""When a rollout will be done: by the pace that it has had, and never sooner than GitHub's limits allow."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.core.rollout.record import ENDED, FAILURES, MemberStage, RolloutMember, WavesRecord
from bot.model.policy import Policy
from bot.names import EnvironmentName

CREATED_EACH = 2
"""What is created for one environment: its pull request, and the labels on it."""
CREATED_AN_HOUR = 500
"""What GitHub lets one app create within an hour (`bot.clients.github.pacing`)."""
NEVER = timedelta(days=3650)
"""Nobody waits so long."""


def arrival(
    record: WavesRecord, members: Mapping[EnvironmentName, RolloutMember], policy: Policy, now: datetime
) -> datetime | None:
    """Return when the last environment will have ended; None when nothing is left, or nothing has ended yet and so there is no
    pace, or at that pace it is never done: whoever may edit the issue may have set any beginning.
    """
    left = [name for name, each in members.items() if each.stage not in ENDED | FAILURES]
    ended = sum(each.stage is MemberStage.APPLIED for each in members.values())
    if not left or not ended:
        return None
    pauses = sum(bool(set(wave) & set(left)) for wave in record.waves[1:]) * policy.rollout.wait
    pace = (now - record.started_at) / ended * len(left)
    # One pull request for a wave is created in a moment, whatever their number.
    limit = bound(members) if policy.rollout.pull_requests == "environment" else timedelta()
    left_over = pauses + max(pace, limit)
    return now + left_over if left_over < NEVER else None


def bound(members: Mapping[EnvironmentName, RolloutMember]) -> timedelta:
    """Return how long GitHub's limits alone keep what is not proposed yet."""
    waiting = sum(each.stage is MemberStage.WAITING for each in members.values())
    return timedelta(hours=waiting * CREATED_EACH / CREATED_AN_HOUR)
