"""Values of a plan are shown by what differs in them: JSON in a text, texts of several lines, and very long ones."""

import json

import pytest
from hypothesis import given as given_values
from hypothesis import strategies as st

from bot.core.plans.plan_values import UNKNOWN, Masked, PlanValue
from bot.core.plans.value_text import LONGEST_VALUE, MOST_LINES, both_on_one_line, changed, given

READ: dict[str, object] = {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::a/*"}
WRITE: dict[str, object] = {
    "Sid": "Write",
    "Effect": "Allow",
    "Action": ["s3:PutObject"],
    "Resource": "arn:aws:s3:::a/*",
}


def policy(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def lines(before: PlanValue, after: PlanValue) -> list[str]:
    return list(changed("policy", before, after))


def test_of_a_policy_only_what_changes_is_shown() -> None:
    wider = {**READ, "Action": ["s3:GetObject", "s3:*"], "Resource": "*"}
    assert lines(policy(READ, WRITE), policy(wider, WRITE)) == [
        "!     policy, in its JSON:",
        '+         Statement[0].Action[1] = "s3:*"',
        '!         Statement[0].Resource: "arn:aws:s3:::a/*" → "*"',
    ]


def test_a_statement_that_comes_or_goes_is_shown_whole_and_no_other() -> None:
    [_, added] = lines(policy(WRITE), policy(READ, WRITE))
    assert added == f"+         Statement[0] = {json.dumps(READ)}"
    [_, removed] = lines(policy(READ, WRITE), policy(WRITE))
    assert removed == f"-         Statement[0] = {json.dumps(READ)}"


def test_json_inside_json_is_compared_too_and_the_order_of_keys_is_no_change() -> None:
    def container(level: str) -> str:
        return json.dumps([{"name": "app", "options": json.dumps({"level": level, "tags": ["a"]})}])

    assert lines(container("info"), container("debug"))[1:] == ['!         [0].options.level: "info" → "debug"']
    assert lines('{"a": 1, "b": [2]}', '{"b":[2],"a":1}') == ["!     policy: only the formatting of its JSON changes"]


def test_of_a_script_only_the_lines_that_change_are_shown() -> None:
    before = "\n".join(f"echo {i}" for i in range(100))
    assert lines(before, before.replace("echo 50", "rm -rf /")) == [
        "!     policy:",
        "          echo 49",
        "-         echo 50",
        "+         rm -rf /",
        "          echo 51",
    ]


def test_two_long_values_are_shown_where_they_begin_to_differ() -> None:
    same = "x" * 1_000
    one, other = both_on_one_line(f"{same}one", f"{same}other")
    assert one != other
    assert "one" in one
    assert "other" in other
    assert "(1,005 characters)" in one


@given_values(st.text(max_size=900), st.text(max_size=900), st.text(max_size=900))
def test_two_sides_never_look_alike_because_both_were_cut(shared: str, one: str, other: str) -> None:
    before, after = both_on_one_line(shared + one, shared + other)
    assert (before == after) == (one == other)
    assert max(len(before), len(after)) < LONGEST_VALUE + 40


def test_a_new_policy_can_be_read_and_a_script_too() -> None:
    shown = list(given("policy", policy(READ)))
    assert shown[0] == "+     policy = jsonencode({"
    assert '+           "Statement": [' in shown or '+       "Statement": [' in shown
    assert shown[-1] == "+     })"
    assert list(given("user_data", "#!/bin/sh\necho\n")) == [
        "+     user_data = <<EOT", "+       #!/bin/sh", "+       echo", "+     EOT",
    ]  # fmt: skip
    long = list(given("policy", policy(*(READ for _ in range(50)))))
    assert len(long) == MOST_LINES + 1
    assert long[-1].endswith("more lines")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[" * 100_000,
        "[" * 60 + "1" + "]" * 60,
        "{}",
        "[]",
        json.dumps(list(range(5_000))),
        "{" + " " * 300_000 + "}",
    ],
    ids=["broken", "very deep", "deep", "empty", "no list", "long list", "large"],
)
def test_what_is_no_json_to_be_read_is_a_text_like_any_other(text: str) -> None:
    for before, after in ((text, f"{text} "), (text, "other"), (UNKNOWN, text)):
        assert len(list(changed("a", before, after))) <= MOST_LINES + 2
    assert list(given("a", text))


def test_secrets_say_nothing_and_names_of_members_stay_on_their_line() -> None:
    assert lines(Masked("one"), Masked("two")) == ["!     policy: changes (sensitive)"]
    shown = lines(json.dumps({"a": 1}), json.dumps({"a": 1, "b\n- aws_db.main": 2}))
    assert shown[1:] == ['+         "b\\n- aws_db.main" = 2']
