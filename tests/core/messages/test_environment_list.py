"""`/list` answers whatever the number of environments: filtered, a page at a time, with how many there are in all."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from bot.commands.grammar import parse
from bot.commands.model import List
from bot.core.markdown import LONGEST_TEXT
from bot.core.messages.environment_list import PER_PAGE, Listed, environment_list
from bot.core.rendering.inventory import Inventory
from bot.model.environment import Manifest
from bot.names import EnvironmentName, Login, PurposeName
from tests.support.example import production

NOW = datetime(2026, 3, 4, tzinfo=UTC)
PRODUCTION = production()
PURPOSES = ("qa", "demo", "load-test")


def manifest(number: int) -> Manifest:
    return PRODUCTION.model_copy(
        update={
            "name": EnvironmentName(f"clone-{number}"),
            "purpose": PurposeName(PURPOSES[number % 3]),
            "owner": Login("Ana" if number % 100 == 0 else "bob"),
            "expires_at": NOW + timedelta(days=1, minutes=number),
        }
    )


@lru_cache
def listed(count: int) -> Listed:
    found = {each.name: each for each in map(manifest, range(count))}
    return Listed(Inventory(found), (), {})


def said(line: str, count: int, by: str = "ana") -> str:
    asked = parse(line)
    assert isinstance(asked, List)
    return environment_list(asked, by, listed(count), NOW)


def rows(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"^\| `clone-(\d+)`", text, re.MULTILINE)]


def test_few_environments_are_a_table_and_nothing_else() -> None:
    assert said("/list", 3).startswith("| Environment")
    assert said("/list", 0) == "There are no environments."


def test_ten_thousand_fit_a_comment_with_how_many_there_are_of_each_purpose() -> None:
    text = said("/list", 10_000)
    assert text.startswith("10,000 environments: 3,334 qa, 3,333 demo, 3,333 load-test. This is page 1 of 100.")
    assert len(text) < LONGEST_TEXT
    assert "`/list mine`" in text
    assert "This is page 100 of 100." in said("/list page=100", 10_000)


def test_each_page_names_the_next_one_and_together_they_are_all() -> None:
    text, seen = said("/list", 450), []
    while following := re.search(r"Comment `(/list [^`]+)` for the next", text):
        seen += rows(text)
        text = said(following[1], 450)
    assert [*seen, *rows(text)] == list(range(450)), "each once, those that expire first on top"


def test_a_list_is_of_what_was_asked_for() -> None:
    mine = said("/list MINE", 300)
    assert rows(mine) == [0, 100, 200]
    assert mine.startswith("3 of 300 environments: 1 qa, 1 demo, 1 load-test.")
    assert rows(said("/list purpose=demo mine", 300)) == [100]
    assert rows(said("/list owner=@ana purpose=qa", 300)) == [0]
    assert rows(said("/list page=2 owner=bob", 300)) == [n for n in range(300) if n % 100][PER_PAGE : 2 * PER_PAGE]


def test_what_matches_nothing_says_what_there_is() -> None:
    assert said("/list purpose=dev", 3) == (
        "No environment matches. There are 3: 1 qa, 1 demo, 1 load-test. `/list` shows them all."
    )
    assert said("/list page=7", 300) == "There is no page 7. The last one is page 3: comment `/list page=3`."
    assert said("/list page=2 purpose=qa", 30) == (
        "There is no page 2. The last one is page 1: comment `/list purpose=qa`."
    )
