"""A certificate says what was compared with what, and stops holding when any of it moves on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.parity.certificate import (
    Certificate,
    Now,
    lapses,
    read_certificate,
    sentence,
    status_line,
    text,
    title,
)

ISSUED = datetime(2026, 3, 4, 12, tzinfo=UTC)
GIVEN = {
    "environment": "demo-x",
    "commit": "a" * 40,
    "tree": "b" * 40,
    "against": "production",
    "production_commit": "c" * 40,
    "production_tree": "d" * 40,
    "template": "shop",
    "template_tree": "e" * 40,
    "depth": "plan",
    "compared": 1200,
    "deviations": 3,
    "by_identity": 97,
    "waivers": ["network/aws_vpc.main:tags.*"],
    "holds_until": ISSUED + timedelta(days=30),
    "issued_at": ISSUED,
}
CERTIFICATE = Certificate.model_validate(GIVEN)
NOW = Now("b" * 40, "d" * 40, "e" * 40, ISSUED + timedelta(days=1))


def test_it_says_what_was_compared_with_what() -> None:
    said = sentence(CERTIFICATE)
    assert said == (
        "`demo-x` at commit `aaaaaaaaaaaa` has no unexplained difference from `production` at commit `cccccccccccc`, template revision "
        "`eeeeeeeeeeee`, except this waiver (3 deviations, each explained)."
    )
    told = (
        "1,200 attributes were compared by plan on 2026-03-04 at 12:00 UTC: 1,197 match `production` (1,100 are "
        "equal, 97 differ"
    )
    assert told in text(CERTIFICATE)


def test_it_holds_while_nothing_moves() -> None:
    assert lapses(CERTIFICATE, NOW) == []
    assert status_line(CERTIFICATE, []) == (
        "no unexplained difference from `production` at `cccccccccccc`, by plan, until a waiver expires on 2026-04-03"
    )
    assert "Valid until 2026-04-03 at 12:00 UTC at the latest, when a waiver expires." in text(CERTIFICATE)
    for_good = CERTIFICATE.model_copy(update={"waivers": (), "holds_until": None})
    assert status_line(for_good, []) == "no unexplained difference from `production` at `cccccccccccc`, by plan"
    assert "at the latest" not in text(for_good)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"code": "f" * 40}, "`demo-x` has changed"),
        ({"production_code": "f" * 40}, "`production` has changed since `cccccccccccc`"),
        ({"production_code": None}, "`production` has changed"),
        ({"template_tree": "f" * 40}, "template `shop` has changed"),
        ({"time": ISSUED + timedelta(days=31)}, "a waiver expired on 2026-04-03"),
    ],
)
def test_it_stops_holding_when_anything_moves(change: dict[str, str], reason: str) -> None:
    lapsed = lapses(CERTIFICATE, replace(NOW, **change))  # type: ignore[arg-type]
    assert len(lapsed) == 1
    assert reason in lapsed[0]
    assert reason in text(CERTIFICATE, lapsed)
    assert "stale" in status_line(CERTIFICATE, lapsed)
    assert title(CERTIFICATE) == "No unexplained difference from production (3 explained), by plan"
    assert title(CERTIFICATE, lapsed) == "Certificate no longer valid: demo-x against production"


def test_it_is_read_back_from_the_check_that_holds_it() -> None:
    assert read_certificate(text(CERTIFICATE)) == CERTIFICATE
    assert read_certificate(text(CERTIFICATE, ["it moved"])) == CERTIFICATE
    assert read_certificate("nothing here") is None
    assert read_certificate("<!-- envclone:certificate {} -->") is None


@given(st.lists(st.text(min_size=1, max_size=30), max_size=3).map(tuple))
def test_no_waiver_ends_the_place_where_it_is_kept(waivers: tuple[str, ...]) -> None:
    given_ = Certificate.model_validate({**GIVEN, "waivers": waivers})
    assert read_certificate(text(given_)) == given_
    evil = Certificate.model_validate({**GIVEN, "waivers": ["x --> <!-- envclone:certificate {} -->"]})
    assert read_certificate(text(evil)) == evil
