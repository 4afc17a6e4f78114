"""What a reviewer reads of a clone's pull request, in the order in which it is needed."""

from bot.core.graph import diagram
from bot.core.messages.clone_pull_request import ProposedClone, body
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.requests.accounts import NamedAccount
from bot.core.requests.clone import Draft, draft_clone
from bot.model.account import PolicyAccount
from bot.model.pipeline import Pipeline
from tests.support import example


def text() -> str:
    base, asked = example.base(), example.asked("demo-x")
    drafted = draft_clone(asked, base)
    assert isinstance(drafted, Draft)
    ours = CodeSide(drafted.manifest, drafted.code)
    found = compare(CodeSide(base.source, base.source_files), ours, base.template, asked.at)
    pipeline = Pipeline(stacks=drafted.manifest.stacks)
    return body(
        ProposedClone(
            manifest=drafted.manifest,
            source=base.source,
            template=base.template,
            pipeline=pipeline,
            parity=found.parity,
            leaks=(),
            files=len(drafted.files),
            diagram=diagram(pipeline),
            account=NamedAccount("clones", PolicyAccount(id="222222222222")),
        )
    )


def test_what_decides_stands_on_the_first_screen_and_the_rest_is_folded_below() -> None:
    said = text()
    order = [
        "**Owner:**",
        "**Expires:**",
        "**Account:** `clones` (`222222222222`)",
        "### What to look at",
        "### Differences from `production`",
        "| Cause | production | demo-x | Aspect | Where |",
        "**Merging this pull request deploys the clone.**",
        "<summary>All parameters</summary>",
        "### Steps, in order",
        "### Commands that work here",
    ]
    places = [said.index(each) for each in order]
    assert places == sorted(places)


def test_each_parameter_that_differs_is_said_with_both_values() -> None:
    said = text()
    head = said[: said.index("**Merging this pull request")].partition("<details>")[0]
    assert "| `db_class`: set by the purpose | `large` | `small` |" in head
    assert head.count("`db_class`") == 1
