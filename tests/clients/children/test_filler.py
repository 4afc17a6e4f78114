"""Templates that would cost without bound, on the process that fills them."""

import time
from collections.abc import Iterator

import pytest

from bot.clients.children.filler import FILLER, TOO_MUCH, Filler, fill_in_a_child
from bot.core.rendering.fill import evaluated, filled
from bot.core.rendering.filling import Filling, NotFilled, elsewhere
from bot.core.rendering.render import render
from bot.core.tree import File
from bot.errors import InvalidInput
from bot.model.pipeline import Json

VALUES: dict[str, Json] = {"texts": ["a" * 100] * 2_000, "text": "x" * 1_000}


@pytest.fixture(scope="module")
def filler() -> Iterator[Filler]:
    fill_in_a_child()
    filled(Filling("{{ 1 + 1 }}", {}, is_hcl=True))  # started, so that the limits are what is measured
    yield FILLER
    elsewhere(None)
    FILLER.child.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ 9**(9**9) }}", "too much time"),
        ("{% for a in texts %}{% for b in texts %}{% for c in texts %}{% endfor %}{% endfor %}{% endfor %}", "too much time"),
        ("{% for a in texts %}{% for b in texts %}{{ text }}{% endfor %}{% endfor %}", "more than 250,000"),
        ("{{ 'a' * 10**10 }}", "memory"),
        ("{{ text.ljust(10**10) }}", "memory"),
        ("{% set x = text %}" + "{% set x = x ~ x %}" * 40 + "{{ x }}", "too much"),
        ("{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}", "nested too deeply"),
        ("{{ " + "(" * 2_000 + "1" + ")" * 2_000 + " }}", "nested too deeply"),
        ("{{ " + "[" * 2_000 + "]" * 2_000 + " }}", "nested too deeply"),
        ("{% " * 80_000, "tag name expected"),
    ],
)  # fmt: skip
def test_a_template_without_bound_is_refused_soon(filler: Filler, template: str, why: str) -> None:
    del filler
    with pytest.raises(NotFilled, match=why):
        filled(Filling(template, VALUES, is_hcl=True))


def test_what_ended_the_process_is_not_tried_again_and_the_next_template_is_filled(filler: Filler) -> None:
    hostile = Filling("{{ 8**(9**9) }}", {}, is_hcl=True)
    with pytest.raises(NotFilled, match="too much time"):
        filler.fill(hostile)
    before = time.process_time()
    for _ in range(20):
        with pytest.raises(NotFilled) as refused:
            filler.fill(hostile)
    assert str(refused.value) == TOO_MUCH
    assert time.process_time() - before < 0.5  # of our own processor: the child did nothing
    assert filler.fill(Filling("{{ 1 + 1 }}", {}, is_hcl=True)) == "2"


def test_the_process_fills_as_this_one_does(filler: Filler) -> None:
    for text in (
        '{% set x = text %}{{ x }}"é"',
        "{% for a in texts[:2] %}{{ a ~ 1 }}{% endfor %}",
        "{{ {'a': [1, none]} | json }}",
    ):
        filling = Filling(text, {"text": 'a "b" ${c}', "texts": ["é", "\n"]}, is_hcl=True)
        assert filler.fill(filling) == evaluated(filling)


def test_a_refusal_names_the_template_s_file_and_line(filler: Filler) -> None:
    del filler
    template = {"app/main.tf.j2": File(b"# fine\n# {{ 2 ** 3 ** unknown }}\n")}
    with pytest.raises(InvalidInput, match=r"app/main.tf.j2:?\d*: 'unknown' is undefined"):
        render(template, {}, {})
    with pytest.raises(InvalidInput, match=r"app/main.tf.j2: filling in the values takes too much"):
        render({"app/main.tf.j2": File(b"# {{ 7 ** (9 ** 9) }}\n")}, {}, {})
