"""A value that is written as code is read as that value again."""

from hypothesis import given
from hypothesis import strategies as st

from bot.core.hcl.parser import expression_in, unknown_expression
from bot.core.hcl.syntax.ast import AttributeAccess, Expression, Literal, NameExpression, TemplateExpression
from bot.core.hcl.syntax.string_templates import melded
from bot.core.hcl.values import Unknown, quoted, template_code
from tests.support.budget import examples

TEXTS = st.text(alphabet=st.sampled_from('$%{}"\\abü\n\r\t\b\f\0\x7f\u0308'), max_size=8)
REFERENCE = AttributeAccess(NameExpression("x"), "y")


@examples(300)
@given(TEXTS)
def test_a_text_is_read_as_it_is(text: str) -> None:
    assert expression_in(quoted(text)) == Literal(text)


@examples(300)
@given(st.lists(TEXTS | st.none(), min_size=1))
def test_a_text_with_unknown_parts_is_read_as_it_is(parts: list[str | None]) -> None:
    given = [Unknown("x.y", frozenset()) if part is None else part for part in parts]
    found = expression_in(template_code(given))
    wanted = melded(REFERENCE if part is None else part for part in parts)
    if None in parts:
        assert found == TemplateExpression(tuple(_node(part) for part in wanted))
        assert found == unknown_expression(Unknown("not looked at", frozenset(), tuple(given)))


def _node(part: object) -> Expression:
    return Literal(part) if isinstance(part, str) else REFERENCE
