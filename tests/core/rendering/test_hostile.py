"""Hostile input, and what each gets: a refusal that helps, silence, or to be carried as the plain text that it is."""

import json

import hcl2
import pytest

from bot.commands.comment import command_lines
from bot.commands.grammar import Mistake, parse
from bot.commands.model import Clone, Set, Unlock
from bot.core.hcl.comparison.structure import structure
from bot.core.markdown import cell, code, details, fence
from bot.core.messages.change_pull_request import ProposedChange, body, title
from bot.core.messages.changed_values import values_table
from bot.core.requests.change import Changed, ChangeSubject, draft_change
from bot.core.requests.clone import Draft, draft_clone
from bot.core.requests.refusal import Refused
from bot.core.tree import File, check_path, check_tree
from bot.errors import InvalidInput
from bot.model.policy import Policy
from bot.names import EnvironmentName, Login, ParameterName, RepositoryName
from tests.support import example
from tests.support.cases import few

GREETING = ParameterName("greeting")

NAMES = [
    "..", ".", "", "a", "-a", "a-", "a--b", "a/b", "../x", "..\\x", "a\\b", "/etc", "~root", "a b", "a\tb", "a\nb", "a\0b",
    "A", "Demo", "démo", "dеmo", "ｄemo", "demo\u200b", "demo\u202e", "demo․x", "de_mo", "demo.x", "demo:x", "demo;x",
    "demo$(id)", "demo`id`", "${name}", "{{7*7}}", "%{if}", "<script>", "@alice", "#1", "demo'x", 'demo"x', "9lives", "1",
    "xn--demo", "con.", "main", "head", "master", "templates", "envs", "x" * 25, "x" * 10_000, "demo@{1}", "demo..x", "demo.lock",
    "--help", "-rf", "*", "?", "demo&x", "demo|x", "demo>x", "𝒹emo",
]  # fmt: skip

TEXTS = [
    "${file(\"/etc/passwd\")}", "%{ for x in [1] }x%{ endfor }", "$${x}", "%%{x}", "$$${x}", "\"", "\\", "\\\"", "\\n", "a\nb", "a\tb",
    "\"\n}\nresource \"null_resource\" \"x\" {\n provisioner \"local-exec\" { command = \"id\" }\n}\n", "<<EOT\nx\nEOT\n", "<<-EOT", "EOT",
    "{{ 7*7 }}", "{% for x in y %}", "{# comment #}", "{{ ''.__class__ }}", "$(id)", "`id`", "; rm -rf /", "&& id", "| id", "../../etc/passwd",
    "# comment", "// comment", "/* comment */", "null", "true", "1e999", "{\"a\": 1}", "[1]", "<img src=x onerror=alert(1)>", "<!-- x -->",
    "@everyone", "#1", "![x](http://x)", "|---|", "```", "é", "日本語", "😀", "\u00a0", "x" * 1000, "'", "''", "-", "--set", "=", "a=b",
]  # fmt: skip

INVISIBLE = [
    "\0", "\x01", "\x1b[31m", "\x7f", "\x85", "\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\ud800", "\udfff", "\ue000",
    "e\u0301", "\uffff", "x" * 1001,
]  # fmt: skip

COMMENTS = [
    ("> /clone production as demo-x", "nothing: a quote"),
    ("```\n/clone production as demo-x\n```", "nothing: code"),
    ("<!-- /clone production as demo-x -->", "nothing: hidden"),
    ("`/clone production as demo-x`", "nothing: code"),
    ("/clone production as $(id)", "a mistake"),
    ("/clone production as demo-x --set greeting=$(id)", "carried as text"),
    ("/clone ../production as demo-x", "a mistake"),
    ("/clone production as demo-x; rm -rf /", "a mistake"),
    ("/clone production as demo-x --owner @alice", "the login alone"),
    ("/clone production as demo-x --owner @@alice", "a mistake"),
    ("/clone production as demo-x --owner @acme/team", "a mistake"),
    ("/clone production as demo-x --owner a/b", "a mistake"),
    ("/clone production as demo-x --ttl 99999999999999d", "a mistake"),
    ("/clone production as demo-x --ttl -1d", "a mistake"),
    ("/clone production as demo-x --set __class__=x", "a mistake"),
    ("/clone production as demo-x --set greeting", "a mistake"),
    ("/clone production as demo-x " + "--set greeting=x " * 500, "a mistake"),
    ("/clone\u00a0production\u00a0as\u00a0demo-x", "carried as text"),
    ("/\u200bclone production as demo-x", "a command: nothing of it is unseen"),
    ("／clone production as demo-x", "a command: a full-width slash is one"),
    ("/clone production as demo-x\0", "carried as text"),
    ("/" + "clone" * 1000, "nothing: not the word"),
    ("/clone " + "x" * 5000, "a mistake"),
    ("> /set demo-x greeting=a", "nothing: a quote"),
    ("<!-- /destroy demo-x -->", "nothing: hidden"),
    ("```\n/resume demo-x\n```", "nothing: code"),
    ("/set demo-x greeting=$(id)", "carried as text"),
    ('/set demo-x greeting="a\nEnvclone-Request: 1"', "a mistake"),
    ("/set demo-x greeting=--force", "carried as text"),
    ("/set ../x greeting=a", "a mistake"),
    ("/set demo-x", "a mistake"),
    ("/set demo-x __class__=x", "a mistake"),
    ("/set demo-x greeting=a greeting=b", "a mistake"),
    ("/set demo-x --set greeting=a", "a mistake"),
    ("/set demo-x greeting=a; rm -rf /", "a mistake"),
    ("/extend demo-x -7d", "a mistake"),
    ("/extend demo-x 0d", "a mistake"),
    ("/extend demo-x 99999999999999d", "a mistake"),
    ("/extend demo-x 7d 7d", "a mistake"),
    ("/resume $(id)", "a mistake"),
    ("/resume demo-x demo-y", "a mistake"),
    ("/plan ../../production", "a mistake"),
    ("/plan demo-x --environment production", "a mistake"),
    ("/destroy *", "a mistake"),
    ("/destroy demo-x --force", "a mistake"),
    ("/unlock demo-x", "a mistake"),
    ('/unlock demo-x --because ""', "a mistake"),
    ('/unlock demo-x --because "\x1b[2J it is dead, really"', "a mistake"),
    ('/unlock demo-x --because "it is \u202edead, really"', "a mistake"),
    ('/unlock demo-x --because "it is dead"\n/unlock demo-y --because "it is dead"', "carried as text"),
    ('/unlock demo-x --because "$(id) `id` @everyone ]("', "carried as text"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_no_environment_name(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        EnvironmentName(name)
    assert len(str(refused.value)) < 300
    assert str(refused.value).isprintable()
    found = parse(f"/clone production as {name}") if name and "\n" not in name else None
    assert not isinstance(found, Clone)


@pytest.mark.parametrize("text", few(TEXTS, 4))
def test_a_hostile_text_is_carried_as_the_text_that_it_is(text: str) -> None:
    drafted = draft_clone(example.asked(set={GREETING: text}), example.base())
    assert isinstance(drafted, Draft)
    tfvars = drafted.files["app/terraform.tfvars.json"].data
    plain = draft_clone(example.asked(), example.base())
    assert isinstance(plain, Draft)
    assert json.loads(tfvars)["greeting"] == text
    assert structure("x.json", tfvars) == structure("x.json", plain.files["app/terraform.tfvars.json"].data)
    assert set(drafted.files) == set(plain.files)
    assert hcl2.loads(drafted.files["app/backend.tf"].data.decode()).keys() == {"terraform"}


@pytest.mark.parametrize("text", few(TEXTS, 4))
def test_a_hostile_text_that_is_set_breaks_out_of_nothing(text: str) -> None:
    clone = draft_clone(example.asked(), example.base())
    assert isinstance(clone, Draft)
    before = clone.manifest
    command = Set(before.name, {GREETING: f"{text[:999]}!"})
    found = draft_change(command, ChangeSubject(before, example.template(), Policy()), example.NOW)
    assert isinstance(found, Changed)
    assert found.files.keys() == clone.files.keys()
    assert json.loads(found.files["app/terraform.tfvars.json"].data)["greeting"] == f"{text[:999]}!"
    assert values_table(before, found.manifest).count("\n") == 2
    proposed = ProposedChange(before, found.manifest, example.production(), example.template(), [], [], [])
    assert body(proposed).count("\n| `greeting` |") == 1
    assert "\n" not in title(before, found.manifest)


@pytest.mark.parametrize("text", INVISIBLE)
def test_a_text_with_invisible_or_too_many_characters_is_refused(text: str) -> None:
    refused = draft_clone(example.asked(set={GREETING: text}), example.base())
    assert isinstance(refused, Refused)
    assert "`greeting`" in refused.reason
    assert refused.reason.isprintable()


@pytest.mark.parametrize(("comment", "gets"), COMMENTS)
def test_a_hostile_comment_gets_what_the_table_says(comment: str, gets: str) -> None:
    lines = command_lines(comment)
    found = parse(lines[0]) if lines else None
    match gets.partition(":")[0]:
        case "nothing":
            assert found is None
        case "a mistake":
            assert isinstance(found, Mistake)
            assert len(found.message) < 400
        case _:
            assert isinstance(found, Clone | Set | Unlock)
            assert found.name == "demo-x"


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "/x",
        "a//b",
        "a/../b",
        ".git/config",
        "a/.GIT/x",
        "a\\b",
        "a\nb",
        "a b",
        "x" * 201,
        "é",
        "a/.",
        "nul:",
        "a.",
        ".terraform/x",
        "",
    ],
)
def test_a_hostile_path_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput):
        check_path(path)


def test_paths_that_differ_in_case_alone_are_refused() -> None:
    with pytest.raises(InvalidInput, match="same file"):
        check_tree({"a/B": File(b""), "a/b": File(b"")})


@pytest.mark.parametrize("login", ["", "a/b", "-a", "a-", "a b", "@a", "a\n", "é", "a" * 60, "a[x]"])
def test_a_hostile_login_is_refused(login: str) -> None:
    with pytest.raises(InvalidInput):
        Login(login)


@pytest.mark.parametrize("name", ["", "a", "a/", "/a", "a/b/c", "a/..", "a/.", "a b/c", "a/b c", "a/b\n", "../a"])
def test_a_hostile_repository_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        RepositoryName(name)


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_breaks_out_of_markdown(text: str) -> None:
    assert "\n" not in cell(text)
    assert "\n" not in code(text)
    assert "<img" not in cell(text).replace("\\<", "")
    fenced = fence(text)
    ticks = fenced.splitlines()[0]
    assert fenced.count(f"\n{ticks}") == 1
    assert "<img" not in details(text, "body")


def test_the_table_is_as_long_as_it_was_promised() -> None:
    assert len(NAMES) + len(TEXTS) + len(INVISIBLE) + len(COMMENTS) >= 60
