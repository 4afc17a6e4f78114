"""Deliveries of an app's webhook that nobody took: GitHub tries each once, and again only when it is asked to."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from github.Requester import Requester

log = logging.getLogger(__name__)

MOST = 10_000
"""Deliveries that are looked through at once, newest first: a hundred requests."""
LOST = frozenset({404, 410, 422})
"""GitHub's answers for a delivery that it can't send any more; those behind it are sent all the same."""


def newest_answers(requester: Requester) -> Sequence[int]:
    """Return what was answered to the newest hundred attempts, newest first; 0 where nothing was.

    `requester` speaks as the app. Raises `github.GithubException` or `requests` errors.
    """
    _, found = requester.requestJsonAndCheck("GET", "/app/hook/deliveries?per_page=100")
    return [each["status_code"] or 0 for each in found]


def redeliver_failed(requester: Requester, since: datetime) -> int:
    """Have each delivery since a moment sent again of which no attempt was taken; return how many there were.

    `requester` speaks as the app. An attempt that is made again has the same delivery id, so what was taken after all is not
    carried out twice. Raises `github.GithubException` or `requests` errors.
    """
    from github.HookDelivery import HookDeliverySummary  # noqa: PLC0415 (as in `session`)
    from github.PaginatedList import PaginatedList  # noqa: PLC0415

    taken: set[str | None] = set()
    failed: dict[str | None, int | None] = {}
    for number, each in enumerate(PaginatedList(HookDeliverySummary, requester, "/app/hook/deliveries", None)):
        if each.delivered_at is None or each.delivered_at < since:
            break
        if number == MOST:
            log.warning("only the last %d deliveries were looked through", MOST, extra={"action": "redeliver"})
            break
        if each.status_code is not None and 200 <= each.status_code < 400:
            taken.add(each.guid)
        else:
            failed.setdefault(each.guid, each.id)
    missed = [delivery for guid, delivery in failed.items() if guid not in taken]
    return sum(_sent_again(requester, each) for each in reversed(missed))  # the oldest first, as they happened


def _sent_again(requester: Requester, delivery: int | None) -> bool:
    from github import GithubException  # noqa: PLC0415 (as in `session`)

    try:
        requester.requestJsonAndCheck("POST", f"/app/hook/deliveries/{delivery}/attempts")
    except GithubException as refused:
        if refused.status not in LOST:
            raise
        log.warning("delivery %s can't be sent again: %s", delivery, refused, extra={"action": "redeliver"})
        return False
    return True
