"""Which texts are filled at once, and which are handed to whoever can end it."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.rendering.fill import MOST_FILLED, evaluated, filled
from bot.core.rendering.filling import Filling, NotFilled, elsewhere
from bot.model.pipeline import Json

VALUES: dict[str, Json] = {"name": "demo", "zones": ["a", "b"], "size": 2, "tags": {"team": "x"}, "on": True}

PLAIN = [
    'name = "{{ name }}"',
    "zones = {{ zones | json }}",
    "{% if size > 1 and on %}large{% elif not on %}off{% else %}small{% endif %}",
    "{% for zone in zones %}{{ zone }}{% if not loop.last %}, {% endif %}{% endfor %}",
    '{{ zones | join(", ") }}{{ tags["team"] | upper }}{{ name | default("x") }}',
    "{{ 'a' if on else 'b' }}{# a comment #}",
]
NOT_PLAIN = [
    "{{ 9**(9**9) }}",
    "{{ size + 1 }}",
    "{{ name * 3 }}",
    "{{ name ~ name }}",
    "{{ name.ljust(5) }}",
    '{{ name | replace("d", "dd") }}',
    '{{ name | upper | join("--") }}',
    "{% set x = name %}{{ x }}",
    "{% for a in zones %}{% for b in zones %}{{ b }}{% endfor %}{% endfor %}",
    "{% for a in zones | json %}{{ a }}{% endfor %}",
    "{% macro f() %}x{% endmacro %}{{ f() }}",
]


class Handed(Exception):
    """The text came to where it can be ended."""


def hand_over(_: Filling) -> str:
    raise Handed


@pytest.fixture(autouse=True)
def handed_over() -> Iterator[None]:
    elsewhere(hand_over)
    yield
    elsewhere(None)


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_text_is_filled_here(text: str) -> None:
    assert filled(Filling(text, VALUES, is_hcl=True))


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_whatever_could_make_much_of_little_is_handed_over(text: str) -> None:
    with pytest.raises(Handed):
        filled(Filling(text, VALUES, is_hcl=True))


@pytest.mark.parametrize("text", ["{{ open", "{% if on %}", "{{ " + "(" * 2_000 + "1" + ")" * 2_000 + " }}"])
def test_what_can_t_be_parsed_is_handed_over_too_for_one_message(text: str) -> None:
    with pytest.raises(Handed):
        filled(Filling(text, VALUES, is_hcl=True))


def test_a_plain_text_with_values_too_large_for_it_is_handed_over() -> None:
    loop = "{% for each in long %}{{ long }}{% endfor %}"
    assert filled(Filling(loop, {"long": "x" * 100}, is_hcl=False))
    with pytest.raises(Handed):
        filled(Filling(loop, {"long": "x" * 10_000}, is_hcl=False))


TEXTS = st.sampled_from(
    [*PLAIN, "plain", "{{ long }}", "{% for a in long %}{{ long }}x{% endfor %}", "{{ zones | join(long) }}"]
)


@given(st.lists(TEXTS, max_size=4).map("".join), st.integers(0, 3_000))
def test_what_is_filled_here_stays_small(text: str, length: int) -> None:
    try:
        result = filled(Filling(text, {**VALUES, "long": "y" * length}, is_hcl=False))
    except (Handed, NotFilled):
        return
    assert len(result) <= MOST_FILLED


def test_a_result_without_bound_is_cut_off_where_it_is_made() -> None:
    nested = "{% for a in long %}{% for b in long %}{{ long }}{% endfor %}{% endfor %}"
    with pytest.raises(NotFilled, match="more than 250,000 characters"):
        evaluated(Filling(nested, {"long": "x" * 10_000}, is_hcl=False))
