"""When a clone's time comes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.messages.expiry_comments import ended, warning
from bot.core.requests.destroy import ClosedPull
from bot.core.requests.expiry import Due, End, Outlived, Soon, due, is_end_of, marker, warned
from bot.model.environment import Manifest
from bot.model.policy import Expiry, Policy
from bot.names import EnvironmentName, Login
from tests.support import example

END = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
US = Login("envclone[bot]")


def clone(name: str = "demo-x", end: datetime | None = END, source: str | None = "production") -> Manifest:
    of = EnvironmentName(source) if source else None
    return example.production().model_copy(
        update={"name": EnvironmentName(name), "source": of, "expires_at": end, "owner": example.ALICE}
    )


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=3, seconds=1), None),
        (timedelta(days=3), timedelta(days=3)),
        (timedelta(days=1, seconds=1), timedelta(days=3)),
        (timedelta(days=1), timedelta(days=1)),
        (timedelta(seconds=1), timedelta(days=1)),
    ],
)
def test_the_last_warning_that_has_come_is_due(left: timedelta, said: timedelta | None) -> None:
    manifest = clone()
    soon = (Soon(manifest, said),) if said else ()
    assert due([manifest], END - left, Policy(), {}) == Due(soon, ())


def test_at_its_end_it_has_expired() -> None:
    assert due([clone()], END, Policy(), {}) == Due((), (Outlived(clone(), (End(END),)),))


def test_what_is_protected_or_was_not_cloned_never_expires() -> None:
    others = [clone("production"), clone("staging", source=None), clone("qa", end=None)]
    assert due(others, END + timedelta(days=900), Policy(), {}) == Due((), ())


moments = st.integers(0, 365 * 24 * 60).map(lambda minutes: END + timedelta(minutes=minutes))
lives = st.integers(1, 40 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
policies = st.lists(lives, max_size=4).map(lambda warn: Policy(expiry=Expiry(warn=tuple(warn))))


@given(moments, moments, policies)
def test_law_each_clone_is_alive_warned_about_or_expired_and_time_only_goes_on(
    end: datetime, now: datetime, policy: Policy
) -> None:
    def rank(found: Due) -> tuple[int, float]:
        """Order what may be due by how late it comes."""
        if found.ended:
            return 2, 0.0
        return (1, -found.soon[0].before.total_seconds()) if found.soon else (0, 0.0)

    manifest = clone(end=end)
    found = due([manifest], now, policy, {})
    assert len(found.soon) + len(found.ended) <= 1
    assert bool(found.ended) is (now >= end)
    assert bool(found.soon) is (now < end and any(now >= end - before for before in policy.expiry.warn))
    assert rank(due([manifest], now + timedelta(hours=7), policy, {})) >= rank(found)


@given(moments, policies, st.integers(1, 30))
def test_law_whoever_looks_once_in_a_while_gives_each_warning_at_most_once_and_misses_no_end(
    end: datetime, policy: Policy, hours: int
) -> None:
    manifest, said = clone(end=end), list[str]()
    now = end - timedelta(days=41)
    while now < end + timedelta(days=2):
        found = due([manifest], now, policy, {})
        words = [marker(manifest, warned(soon.before), end) for soon in found.soon]
        words += [marker(each.manifest, "ended", each.newest.at) for each in found.ended]
        said += [word for word in words if word not in said]
        now += timedelta(hours=hours)
    assert said[-1] == marker(manifest, "ended", end)
    assert len(said) == len(set(said)) <= 1 + len(set(policy.expiry.warn))
    # As often as the closest two are apart, none is passed over.
    apart = sorted({timedelta(), *policy.expiry.warn})
    if all(later - earlier >= timedelta(hours=hours) for earlier, later in pairwise(apart)):
        assert len(said) == 1 + len(set(policy.expiry.warn))


def test_a_clone_that_was_extended_is_warned_anew() -> None:
    later = clone(end=END + timedelta(days=7))
    assert marker(clone(), "ended", END) != marker(later, "ended", END + timedelta(days=7))


def test_the_warning_names_the_owner_and_the_command_and_does_not_change_with_the_hour() -> None:
    text = warning(Soon(clone(), timedelta(days=3)))
    assert text.startswith("@alice: `demo-x` expires on 2026-03-20 at 12:00 UTC, in less than 3 days.")
    assert "\n/extend demo-x 7d\n" in text


def test_the_end_says_whether_it_is_merged_by_itself() -> None:
    assert "merged automatically" in ended(Outlived(clone(), (End(END),)), 7, "https://x", auto_merge=True)
    assert "Merging it destroys" in ended(Outlived(clone(), (End(END),)), 7, "https://x", auto_merge=False)


@pytest.mark.parametrize(
    ("author", "body", "is_ours"),
    [
        ("envclone[bot]", "<!-- envclone:destroy:demo-x:expiry -->\nIt expired on 2026-03-20 12:00 UTC.", True),
        ("alice", "<!-- envclone:destroy:demo-x:expiry -->\nIt expired on 2026-03-20 12:00 UTC.", False),
        ("envclone[bot]", "<!-- envclone:destroy:demo-x:command -->\nIt expired on 2026-03-20 12:00 UTC.", False),
        ("envclone[bot]", "<!-- envclone:destroy:demo-x:expiry -->\nIt expired on 2026-03-13 12:00 UTC.", False),
    ],
)
def test_only_our_own_pull_request_for_this_very_end_is_ours(author: str, body: str, is_ours: bool) -> None:
    assert is_end_of(clone(), End(END), author, US, body) is is_ours


PULL = ClosedPull(42, "https://x/42", END - timedelta(days=5), is_merged=True)


def bound(to: int | None = 42) -> Manifest:
    return clone().model_copy(update={"ends_with": to})


def test_a_clone_that_is_bound_ends_with_its_pull_request_or_when_it_expires() -> None:
    closed = {42: PULL}
    early, late = PULL.at + timedelta(days=3), END + timedelta(days=1)
    assert due([bound()], early, Policy(), closed) == Due((), (Outlived(bound(), (End(PULL.at, PULL),)),))
    assert due([bound(43)], early, Policy(), closed).ended == ()
    assert due([bound()], early, Policy(), {}).ended == ()
    (both,) = due([bound()], late, Policy(), closed).ended
    assert [end.reason for end in both.ends] == ["pull_request", "expiry"]
    assert both.newest == End(END), "what has come last is said"


def test_a_pull_request_that_is_closed_again_is_another_end() -> None:
    said = "<!-- envclone:destroy:demo-x:pull_request -->\n" + PULL.sentence
    again = replace(PULL, at=PULL.at + timedelta(seconds=1))
    assert is_end_of(bound(), End(PULL.at, PULL), US, US, said)
    assert not is_end_of(bound(), End(again.at, again), US, US, said)
    assert not is_end_of(bound(), End(END), US, US, said)
