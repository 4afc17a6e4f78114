"""The grammar of commands: law 1, and one helpful answer for each mistake."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.grammar import Mistake, format_command, parse
from bot.commands.model import (
    Clone,
    Codify,
    Command,
    CommandVerb,
    Destroy,
    Extend,
    Help,
    List,
    PlanCommand,
    Promote,
    Repair,
    Resume,
    Rollback,
    RolloutCommand,
    Set,
    Status,
    Sync,
    Unlock,
)
from bot.commands.specs import TABLE
from bot.names import RESERVED, EnvironmentName, Login, ParameterName, PurposeName

names = (
    st.from_regex(r"[a-z][a-z0-9]{1,6}(-[a-z0-9]{1,5}){0,2}", fullmatch=True)
    .filter(lambda n: n not in RESERVED)
    .map(EnvironmentName)
)
parameters = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True).map(ParameterName)
durations = st.integers(60, 86400 * 300).map(lambda seconds: timedelta(seconds=seconds))
purposes = st.from_regex(r"[a-z]{2,8}(-[a-z]{1,4})?", fullmatch=True).map(PurposeName)
clones = st.builds(
    Clone,
    source=names,
    name=names,
    purpose=st.none() | purposes,
    ttl=st.none() | durations,
    set=st.dictionaries(parameters, st.text(max_size=30), max_size=4),
    owner=st.none() | st.just(Login("bob-1")),
    dry_run=st.booleans(),
    at=st.none() | st.sampled_from(["2026-10-01", "2026-10-01T14:30Z", "1a2b3c4", "v1.2.0", "release/2026-10"]),
    ends_with=st.none() | st.integers(1, 999_999_999),
)
commands = (
    clones
    | st.builds(Status, name=st.none() | names)
    | st.builds(Set, name=names, set=st.dictionaries(parameters, st.text(max_size=30), min_size=1, max_size=4))
    | st.builds(
        Sync,
        name=names,
        commit=st.none() | st.from_regex(r"[0-9a-f]{7,40}", fullmatch=True),
        set=st.dictionaries(parameters, st.text(max_size=30), max_size=4),
    )
    | st.builds(Extend, name=names, by=durations)
    | st.builds(Rollback, name=names, commit=st.none() | st.from_regex(r"[0-9a-f]{7,40}", fullmatch=True))
    | st.builds(RolloutCommand, action=st.none() | st.sampled_from(["pause", "resume", "abort"]))
    | st.builds(Promote, name=names, keys=st.lists(parameters, max_size=4).map(tuple))
    | st.builds(Unlock, name=names, because=st.from_regex(r"[a-z'\"]{2,9}( [a-z'\"]{2,9}){3,9}", fullmatch=True))
    | st.sampled_from([PlanCommand, Repair, Resume, Destroy]).flatmap(lambda model: st.builds(model, name=names))
    | st.builds(
        List,
        mine=st.booleans(),
        purpose=st.none() | purposes,
        owner=st.none() | st.just(Login("bob-1")),
        page=st.none() | st.integers(1, 999_999),
    )
    | st.sampled_from([Help(), *(Help(CommandVerb(spec.verb)) for spec in TABLE)])
)


@given(commands)
def test_law_1_parsing_a_formatted_command_gives_it_back(command: Command) -> None:
    assert parse(format_command(command)) == command


def test_a_key_that_ends_like_an_emphasis_is_kept() -> None:
    promotion = Promote(EnvironmentName("demo-x"), (ParameterName("a_"), ParameterName("b")))
    assert parse(format_command(promotion)) == promotion


@given(st.text(max_size=200))
def test_any_line_is_a_command_a_mistake_or_nothing(text: str) -> None:
    found = parse(f"/{text}")
    if isinstance(found, Mistake) and found.instead is not None:
        assert not isinstance(parse(found.instead), Mistake | None)


def test_every_example_in_the_table_parses_as_its_own_command() -> None:
    for spec in TABLE:
        assert isinstance(parse(spec.example), spec.model)


@pytest.mark.parametrize(
    ("line", "message", "instead"),
    [
        ("/clnoe production as demo-x", "Did you mean `/clone`?", "/clone production as demo-x"),
        ("/clone production demo-x", "`as` is missing", "/clone production as demo-x"),
        ("/clone production as Demo_X", "not a valid environment name", "/clone production as demo-x"),
        ("/clone production as demo-x --tll 14d", "Did you mean `--ttl`?", "/clone production as demo-x --ttl 14d"),
        ("/clone production as demo-x --ttl", "`--ttl` needs a value", None),
        ("/clone production as demo-x --ttl 14days", "not a valid duration", "/clone production as demo-x --ttl 14d"),
        ("/clone production as demo-x --ttl soon", "not a valid duration", None),
        ("/clone production as demo-x --ttl 1d --ttl 2d", "is given twice", None),
        ("/clone production as demo-x --set a=1 --set a=2", "is given twice", None),
        ("/clone production as demo-x --set a", "takes `key=value`", None),
        (
            "/clone production as demo-x --set A=1",
            "not a valid parameter name",
            "/clone production as demo-x --set a=1",
        ),
        ("/clone production as demo-x --dry-run=yes", "takes no value", "/clone production as demo-x --dry-run"),
        ("/clone production as demo-x --dry-run=no", "takes no value", "/clone production as demo-x"),
        ("/clone production as demo-x for demo twice", "I don't understand `twice`", None),
        ("/clone production as main", "reserved", None),
        ("/clone production as demo-x --set 'a=b", "never closed", None),
        ("/clone production@ as demo-x", "neither a commit nor a tag nor a date", None),
        ("/clone production@2026-13-01 as demo-x", "is not a date", None),
        ("/clone production@v1..2 as demo-x", "neither a commit nor a tag nor a date", None),
        ("/clone production@--all as demo-x", "neither a commit nor a tag nor a date", None),
        ("/clone Production@v1 as demo-x", "not a valid environment name", "/clone production@v1 as demo-x"),
        ("/clone", "This command is incomplete", None),
        ("/set demo-x", "for example `/set demo-x app_cpu=512 app_memory=1024`", None),
        ("/set demo-x app_cpu", "takes `key=value`", None),
        ("/set demo-x a=1 a=2", "is given twice", None),
        ("/sync demo-x 1a2b3c4", "`to` is missing", "/sync demo-x to 1a2b3c4"),
        ("/sync demo-x to main", "not the id of a commit", None),
        ("/sync demo-x --to 1a2b3c4", "has no option", "/sync demo-x to 1a2b3c4"),
        ("/promote demo-x app_cpu=512", "not a valid parameter name", None),
        ("/extend demo-x", "This command is incomplete", None),
        ("/extend demo-x soon", "not a valid duration", None),
        ("/unlock demo-x", "is missing", None),
        ("/unlock demo-x --because dead", "Say how you know", None),
        ("/destory demo-x", "Did you mean `/destroy`?", "/destroy demo-x"),
        ("/destroy main", "reserved", None),
        ("/destroy demo-x --force", "has no option `--force`. Its form is `/destroy <name>`.", None),
        ("/rollout pauze", "Unknown action", "/rollout pause"),
        ("/rollout unpause", "Unknown action", "/rollout resume"),
        ("/rollout start", "Unknown action", "/rollout resume"),
        ("/rollout cancel", "Unknown action", "/rollout abort"),
        ("/rollout stop", "Unknown action", None),
        ("/lsit", "Did you mean `/list`?", "/list"),
    ],
)
def test_a_mistake_gets_one_helpful_answer(line: str, message: str, instead: str | None) -> None:
    found = parse(line)
    assert isinstance(found, Mistake)
    assert message in found.message
    assert found.instead == instead


@pytest.mark.parametrize("line", ["/usr/bin/env python", "/", "//comment", "/ clone", "/shrug", "hello /clone a as b"])
def test_what_is_not_meant_for_us_gets_no_answer(line: str) -> None:
    assert parse(line) is None


def test_typographic_quotes_and_dashes_are_what_they_were_meant_to_be() -> None:
    found = parse("/clone production as demo-x —ttl 3d --set “greeting=hello world”")
    assert isinstance(found, Clone)
    assert found.ttl == timedelta(days=3)
    assert found.set == {"greeting": "hello world"}


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        ("/promote demo-x app_cpu, app_memory", "/promote demo-x app_cpu app_memory"),
        ("/promote demo-x app_cpu,app_memory please", "/promote demo-x app_cpu app_memory"),
        (
            "/codify demo-x, app/aws_lb.main , data/aws_kms_key.this.",
            "/codify demo-x app/aws_lb.main data/aws_kms_key.this",
        ),
        (
            "/codify production app/aws_sns_topic.a=arn:a,app/aws_s3_bucket_acl.b=c,private, aws_x.d=e",
            "/codify production app/aws_sns_topic.a=arn:a app/aws_s3_bucket_acl.b=c,private aws_x.d=e",
        ),
    ],
)
def test_commas_join_a_list(line: str, plain: str) -> None:
    assert parse(line) == parse(plain)
    assert not isinstance(parse(plain), Mistake)


@pytest.mark.parametrize("said", ['app/aws_lb.main["a,b"]', "app/aws_x.y=a,b", "aws_x.y=cn=a,ou=b,[c],d"])
def test_a_comma_in_an_address_or_in_an_id_is_its_own(said: str) -> None:
    command = Codify(EnvironmentName("production"), (said,))
    assert parse(f"/codify production '{said}'") == parse(format_command(command)) == command
