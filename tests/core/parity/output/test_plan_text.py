"""The parity section of a plan's comment: what matters first, and always within its limit."""

from dataclasses import replace

from bot.core.parity.leaks import Leak
from bot.core.parity.output.plan_text import headline, section
from bot.core.parity.report import Breach, Cause, Difference, Parity
from bot.core.rendering.parameter_values import Origin
from bot.names import EnvironmentName, ParameterName

SIZE = Cause(ParameterName("db_class"), Origin.PURPOSE)
EXPLAINED = Difference("changed", "data/aws_db.this", "class", "large", "small", aspect="sizes", causes=(SIZE,))
UNEXPLAINED = Difference("missing", "network/aws_route53_zone.private", "", "present", "", aspect="topology")
WHOLE = Parity(
    environment=EnvironmentName("demo-x"),
    against=EnvironmentName("production"),
    depth="plan",
    compared=1000,
    differences=(EXPLAINED,),
    set_apart={"known after apply": 610},
)
BROKEN = replace(
    WHOLE, differences=(UNEXPLAINED, EXPLAINED), breaches=(Breach("match", "topology", "`qa` must match"),)
)
LEAK = Leak("app/main.tf", 7, "vpc-1", "production's", "the clone has its own")


def test_it_says_the_score_the_counts_and_each_cause() -> None:
    said = section(WHOLE, (), "", 60_000)
    assert "✅ holds" in said
    assert (
        "**99.9%** of 1,000 compared attributes match `production` (999 are equal, 0 differ only in name, account or "
        "address); of all differences, 1 explained." in said
    )
    assert "| `data/aws_db.this:class` | `large` | `small` | sizes | `db_class`: set by the purpose |" in said
    assert said.index("<summary>1 explained difference</summary>") < said.index("| Place |"), "the description has it"
    assert "610 known after apply" in said


def test_what_fails_is_said_before_the_table() -> None:
    said = section(BROKEN, (LEAK,), "a note", 60_000)
    assert "❌ does not hold" in said
    table = said.index("| Place |")
    for text in (
        "1 missing",
        "1 unexplained",
        "**Broken contract:** `qa` must match",
        "**Leak** at `app/main.tf`",
        "> a note",
    ):
        assert said.index(text) < table, text
    assert said.index("aws_route53_zone.private") < said.index("aws_db.this")
    title = "Parity does not hold: 1 leak of production's identity, 1 broken contract and 1 unexplained difference from production"
    assert headline(BROKEN, (LEAK,)) == title


def test_too_long_is_said_and_what_fails_stays() -> None:
    many = [replace(EXPLAINED, attribute=f"a{number}" * 20) for number in range(500)]
    parity = replace(BROKEN, differences=(UNEXPLAINED, *many))
    for limit in (60_000, 9_000, 1_500):
        said = section(parity, (), "", limit)
        assert len(said.encode()) <= limit
        assert "1 unexplained" in said
        assert ("`parity.json`" in said) == (limit < 60_000)
