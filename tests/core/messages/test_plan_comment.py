"""The plan in Markdown: complete, honest about what is lost and deferred, safe, and never too long."""

import re
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.markdown import code
from bot.core.messages.plan_comment import (
    COMMENT_LIMIT,
    STEP_SUMMARY_LIMIT,
    Whole,
    complete,
    created_again,
    failure,
    fitted,
    marker,
    refusal,
    title,
    undestroyable,
)
from bot.core.plans.environment_plan import EnvironmentPlan, StackPlan
from bot.core.plans.plan import Action, HookPlan, OutputChange, PlannedChange, TerraformPlan
from bot.core.plans.plan_values import UNKNOWN, Masked, PlanValue
from bot.errors import Finding
from bot.model.risk import Risk
from bot.names import EnvironmentName, ParameterName, StepName

NAME = EnvironmentName("demo-x")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SECRET = "correct-horse-battery"
WHOLE = Whole("plan-demo-x", "https://github.example/acme/infra/actions/runs/1")
HOSTILE = [
    "@octocat", "#1", "<b>x</b>", "</details>", "a|b", "```\n# x", "[x](javascript:y)", "\u202ex", "<!-- x -->", "\n\n## Approved",
]  # fmt: skip


def create(address: str, **after: PlanValue) -> PlannedChange:
    return PlannedChange(address, address.partition(".")[0], Action.CREATE, None, after)


def stack(
    name: str, *changes: PlannedChange, mock_outputs: tuple[str, ...] = (), waits_for: tuple[str, ...] = ()
) -> StackPlan:
    return StackPlan(
        StepName(name), TerraformPlan(changes), tuple(map(ParameterName, mock_outputs)), tuple(map(StepName, waits_for))
    )


def environment(*steps: StackPlan | HookPlan) -> EnvironmentPlan:
    return EnvironmentPlan(NAME, COMMIT, "update", steps)


ORDINARY = environment(
    stack("network", create("aws_vpc.main", cidr_block="10.64.0.0/20", id=UNKNOWN, tags=None)),
    stack(
        "data",
        PlannedChange("aws_db.main", "aws_db", Action.REPLACE, {"size": 1, "password": Masked(SECRET)}, {"size": 2, "password": Masked("other")}, ("size",), "replace_because_cannot_update"),
        PlannedChange("aws_key.old", "aws_key", Action.DELETE, {"id": "k"}, None, (), "delete_because_no_resource_config"),
        mock_outputs=("vpc_id",),
        waits_for=("network",),
    ),
    HookPlan(StepName("seed"), "aws.bucket-seed", "would_run", "three objects are missing"),
    HookPlan(StepName("probe"), "http.probe", "already_so", "", "a probe has nothing to undo"),
)  # fmt: skip


def test_it_says_for_which_commit_and_carries_the_marker_first() -> None:
    text = complete(ORDINARY, Risk.NONE)
    assert text.startswith(marker(NAME))
    assert f"commit `{COMMIT[:12]}`" in text
    assert (
        title(ORDINARY)
        == "2 to add, 0 to change, 2 to destroy (1 of them replaced); 1 hook to run; 1 stack planned with mocks"
    )


def test_steps_stand_in_their_order_with_how_they_are_undone() -> None:
    rows = [
        line for line in complete(ORDINARY, Risk.NONE).splitlines() if re.match(r"\| `(network|data|seed|probe)`", line)
    ]
    assert rows == [
        "| `network` | stack | 1 to add, 0 to change, 0 to destroy | destroy |",
        "| `data` | stack | 1 to add, 0 to change, 2 to destroy (1 of them replaced) *(with mocks)* | destroy |",
        "| `seed` | `aws.bucket-seed` | would run: three objects are missing | its undo |",
        "| `probe` | `http.probe` | no change | nothing: a probe has nothing to undo |",
    ]


def test_what_is_lost_is_said_before_everything_and_seen_without_a_click() -> None:
    text = complete(ORDINARY, Risk.NONE)
    assert "**2 resources will be destroyed** (1 of them replaced)." in text
    data = text[text.index("### `data`") :]
    table = data[: data.index("<details>")]
    assert table.index("**destroy** | `aws_key.old`") < table.index("**replace** | `aws_db.main`")
    assert "it can't be changed in place; because of `size`" in table


def test_a_deferred_stack_is_marked_and_explained() -> None:
    text = complete(ORDINARY, Risk.NONE)
    assert "**Planned with mock outputs:** `data` waits for `network`." in text
    assert "- `data`: `vpc_id`" in text


def test_attributes_are_shown_before_and_after_and_secrets_never() -> None:
    text = complete(ORDINARY, Risk.NONE)
    assert '+     cidr_block = "10.64.0.0/20"' in text
    assert "… and 1 attribute known after apply" in text
    assert "!     size: 1 → 2 (forces the replacement)" in text
    assert "!     password: changes (sensitive)" in text
    assert SECRET not in text


def test_nothing_to_do_is_said_in_so_many_words() -> None:
    quiet = environment(stack("network"), HookPlan(StepName("probe"), "http.probe", "already_so"))
    assert title(quiet) == "Nothing to do"
    assert "Merging changes no resources" in complete(quiet, Risk.NONE)


def test_terraform_s_warnings_are_shown_where_they_are_and_never_too_many() -> None:
    said = Finding("envs/demo-x/app/main.tf", 7, "Check block assertion failed: the pool is | too small @octocat")
    one = replace(stack("app", create("terraform_data.x")), warnings=(said,))
    text = complete(environment(one), Risk.NONE)
    assert "**Terraform gave 1 warning:**" in text
    [row] = [line for line in text.splitlines() if line.startswith("| `envs/demo-x/app/main.tf:7`")]
    assert "the pool is" in row
    assert "@octocat" not in row, "what a code says is no mention"
    many = replace(one, warnings=tuple(replace(said, line=line) for line in range(1, 40)))
    text = complete(environment(many), Risk.NONE)
    assert text.count("Check block assertion failed") == 10
    assert "29 others are in the run's log." in text


def test_an_output_alone_is_a_change() -> None:
    plan = TerraformPlan((), (OutputChange("url", Action.UPDATE, "http://a", "http://b"),))
    text = complete(environment(StackPlan(StepName("app"), plan)), Risk.NONE)
    assert "Only outputs change." in text
    assert '! output url: "http://a" → "http://b"' in text


@cache
def large(resources: int, attributes: int = 10) -> EnvironmentPlan:
    changes = [
        create(f"aws_thing.n{i}", **{f"attribute_{k}": "x" * 60 for k in range(attributes)}) for i in range(resources)
    ]
    return environment(*[stack(f"stack-{k}", *changes) for k in range(4)])


@pytest.mark.parametrize("limit", [COMMENT_LIMIT, STEP_SUMMARY_LIMIT])
@pytest.mark.parametrize(("resources", "attributes"), [(1, 10), (50, 10), (400, 10), (2_000, 1)])
def test_it_always_fits_and_says_where_the_whole_is_when_it_was_cut(
    limit: int, resources: int, attributes: int
) -> None:
    plan = large(resources, attributes)
    text = fitted(plan, Risk.NONE, limit, WHOLE)
    assert len(text.encode()) <= limit
    assert text.startswith(marker(NAME))
    assert title(plan) in text
    is_whole = text == complete(plan, Risk.NONE)
    assert is_whole or "The complete plan, with every attribute, is in the artifact `plan-demo-x`" in text


def test_the_shorter_text_keeps_the_table_of_resources_while_it_fits() -> None:
    text = fitted(large(100), Risk.NONE, COMMENT_LIMIT, WHOLE)
    assert "`aws_thing.n99`" in text
    assert "attribute_1" not in text


def deletion(address: str) -> PlannedChange:
    return PlannedChange(address, address.partition(".")[0], Action.DELETE, {"id": "k"}, None)


@pytest.mark.parametrize("created", [1_200, 4_000])
def test_one_deletion_among_very_many_creations_is_seen_without_a_click(created: int) -> None:
    changes = [create(f"aws_thing.n{i}", size="x" * 60) for i in range(created)]
    plan = environment(stack("network", create("aws_vpc.main")), stack("app", *changes, deletion("aws_db.last")))
    for limit in (COMMENT_LIMIT, STEP_SUMMARY_LIMIT):
        text = fitted(plan, Risk.NONE, limit, WHOLE)
        assert len(text.encode()) <= limit
        seen = re.sub("<details>.*?</details>", "", text, flags=re.DOTALL)
        assert "| **destroy** | `aws_db.last` |" in seen
        assert "**1 resource will be destroyed**" in seen


def test_of_a_plan_that_is_too_long_the_largest_stack_is_shortened_first_and_attributes_go_before_names() -> None:
    def of(name: str, resources: int) -> StackPlan:
        return stack(name, *(create(f"aws_{name}.n{i}", size="x" * 200) for i in range(resources)))

    def shown(*resources: int) -> list[tuple[bool, bool]]:
        names = ("small", "middle", "large")
        text = fitted(environment(*map(of, names, resources)), Risk.NONE, COMMENT_LIMIT, WHOLE)
        assert "in the artifact `plan-demo-x`" in text
        return [(f"`aws_{name}.n0`" in text, f"+ aws_{name}.n0" in text) for name in names]

    assert shown(5, 20, 300) == [(True, True), (True, True), (True, False)]
    assert shown(5, 300, 400) == [(True, True), (True, False), (True, False)]
    assert shown(5, 20, 3_000) == [(True, True), (True, True), (False, False)], "what is left is for the smaller ones"
    text = fitted(environment(of("large", 3_000)), Risk.NONE, COMMENT_LIMIT, WHOLE)
    assert "3000 to add, 0 to change, 0 to destroy; not named here." in text


def test_of_thousands_of_deletions_as_many_are_named_as_fit_and_how_many_more_there_are() -> None:
    plan = environment(stack("app", *(deletion(f"aws_thing.n{i}") for i in range(4_000))))
    text = fitted(plan, Risk.NONE, COMMENT_LIMIT, WHOLE)
    assert len(text.encode()) <= COMMENT_LIMIT
    named = text.count("- `aws_thing.n")
    assert named > 1_000
    assert f"- … and {4_000 - named:,} more" in text
    assert "in the artifact `plan-demo-x`" in text


def outside_code(text: str) -> str:
    """Return Markdown without fenced blocks and inline code, in which nothing means anything."""
    text = re.sub(r"^(`{3,})\w*\n.*?\n\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", text)


@given(st.sampled_from(HOSTILE), st.sampled_from(HOSTILE))
def test_no_text_of_others_becomes_markdown(one: str, other: str) -> None:
    plan = environment(
        stack("app", create(f"aws_thing.x[{one!r}]", **{"text": other, one: "y"})),
        HookPlan(StepName("hook"), "http.probe", "unknown", f"{one} {other}", other),
    )
    for text in (
        complete(plan, Risk.NONE),
        failure(NAME, COMMIT, f"{one}\n{other}", WHOLE),
        refusal(NAME, COMMIT, [Finding(one, 1, other)], WHOLE),
    ):
        left = outside_code(text.removeprefix(marker(NAME)))
        assert not re.search(
            r"(?<![\\\w])@\w|(?<!\\)<(?!/?(details|summary)\b)|(?<!\\)\]\(j|^## Approved|\u202e|<!--",
            left,
            re.MULTILINE,
        ), left
        assert left.count("<details>") == left.count("</details>")


def test_at_a_terminal_nothing_is_said_of_a_pull_request_that_need_not_be_there() -> None:
    here, finding = Whole("plan-demo-x", ""), Finding("main.tf", 1, "wrong")
    texts = [say(NAME, COMMIT, [finding], here) for say in (refusal, undestroyable, created_again)]
    for text in (failure(NAME, COMMIT, "why", here), *texts):
        assert "pull request" not in text
        assert "push" not in text
    assert "Fix what is below and plan again." in texts[0]
    assert "so this pull request can't be merged. Fix what is below and push again." in failure(NAME, COMMIT, "", WHOLE)


def test_a_refusal_names_places_and_how_many_more() -> None:
    findings = [Finding(f"envs/demo-x/app/{i}.tf", i + 1, "not allowed") for i in range(60)]
    text = refusal(NAME, COMMIT, findings, WHOLE)
    assert code("envs/demo-x/app/0.tf:1") in text
    assert "… and 10 more." in text
    assert "nothing was executed." in text


def test_a_long_reason_is_cut_and_says_so() -> None:
    text = failure(NAME, COMMIT, "x" * 100_000, WHOLE)
    assert len(text.encode()) < COMMENT_LIMIT
    assert "(the rest is in the run's log)" in text
