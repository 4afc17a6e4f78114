"""Comments as people write them: carried out, answered with a line to paste, answered with a hint, or none of ours."""

import re
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.commands.comment import command_lines
from bot.commands.grammar import Mistake, format_command, parse
from bot.commands.model import Clone, Command
from bot.core.markdown import LONGEST_TEXT
from bot.core.requests.clone import CloneRequest
from bot.core.requests.refusal import Refused, keeps
from bot.names import Login, RepositoryName
from bot.service.authorize import Reply, meant_in
from bot.service.corrections import Corrections
from bot.service.proposals.drafting import draft
from bot.service.repository import Repository, repository_at_head
from tests.support.budget import dear
from tests.support.small_monorepo import MAINTAINER, REPOSITORY, SmallMonorepo, small_monorepo

CLONE = "/clone production as demo-a for demo"
ACTS = [
    ("/Clone production AS demo-a FOR demo", CLONE),
    ("/STATUS demo-x", "/status demo-x"),
    ("/Status", "/status"),
    ("/clone `production` as `demo-a` for `demo`", CLONE),
    ("/clone **production** as demo-a for _demo_", CLONE),
    ("**/clone production as demo-a for demo**", CLONE),
    ("**/set demo-x zones=a,b**", "/set demo-x zones=a,b"),
    ("**/set** demo-x zones=**", "/set demo-x zones=**"),
    ("/clone production as demo-d \\\n for demo \\\n --ttl 2d", "/clone production as demo-d for demo --ttl 2d"),
    ("/clone production as demo-a --DRY-RUN --TTL 2d", "/clone production as demo-a --ttl 2d --dry-run"),
    ("/envclone clone production as demo-a", "/clone production as demo-a"),
    ("/envclone", "/help"),
    ("@envclone clone production as demo-a", "/clone production as demo-a"),
    ("@envclone /clone production as demo-a", "/clone production as demo-a"),
    ("Hi @envclone, please clone production as demo-a", "/clone production as demo-a"),
    ("- /clone production as demo-a", "/clone production as demo-a"),
    ("* /status demo-x", "/status demo-x"),
    ("1. /list", "/list"),
    ("／clone production as demo-a", "/clone production as demo-a"),
    ("/ clone production as demo-a", "/clone production as demo-a"),
    ("\u200b/clone production as demo-a", "/clone production as demo-a"),
    ("/ｃｌｏｎｅ production as demo-a", "/clone production as demo-a"),
    *((f"/clone production as demo-a {end}", "/clone production as demo-a") for end in ("please", "✅", ".", "thanks!", "now, please 🙏", ":pray:", "(please)", "🙏🏽 @bob", "thanks @bob!")),
    ("/status demo-x?", "/status demo-x"),
    ("/clone `production` as **demo-a**!", "/clone production as demo-a"),
    ("/help Clone", "/help clone"),
    ("@envclone help me", "/help"),
    ("/clone production as demo-a.", "/clone production as demo-a"),
    *((f"/clone production as demo-a {end}", "/clone production as demo-a") for end in ("por favor", "пожалуйста", "お願いします", "cc @bob, @rob", "；")),
    ("/clone «production» as „demo-a“ for 「demo」", CLONE),
    ("/clone production as demo-a for demo\r\n\r\n-- \r\nMax\r\nSent from my phone\r\n> /destroy demo-x", CLONE),
    *((f"/clone {word}", "/help clone") for word in ("help", "--help", "-h", "?")),
    *((f"{address}", "/help") for address in ("@envclone", "Hi @envclone!")),
    ("/rollout status", "/rollout"),
    ("/codify demo-x please", "/codify demo-x"),
]  # fmt: skip
ASKS = [
    ("/clone Production as Demo-A for Demo", CLONE),
    ("/clone production as demo-c, for demo, ttl 14d", "/clone production as demo-c for demo --ttl 14d"),
    ("/clone production as demo-e\nfor demo --ttl 2d", "/clone production as demo-e for demo --ttl 2d"),
    ("/clone production as demo-e\n--ttl 2d\nThanks", "/clone production as demo-e --ttl 2d"),
    ("/clone production as demo-b --set zones=a, b", "/clone production as demo-b --set zones=a,b"),
    ("/clone production as demo x2 for demo", "/clone production as demo-x2 for demo"),
    ("/clone demo-w from production", "/clone production as demo-w"),
    ("/clone from production as demo-w", "/clone production as demo-w"),
    ("/clone prod demo-w", "/clone production as demo-w"),
    ("/set demo-x min 3", "/set demo-x app_min=3"),
    ("/clone production as ｄｅｍｏ-\u200bb", "/clone production as demo-b"),
    ("/extend demo-x +7d", "/extend demo-x 7d"),
    *(
        (f"{before} {CLONE.replace('demo-a', 'demo-b')}{end}", "/clone production as demo-b for demo")
        for before, end in (("please", ""), ("Could you", "?"), ("Hi team, can you please", ""))
    ),
    *((f"/clone production as demo{dash}b", "/clone production as demo-b") for dash in "\u2010\u2011\u2013"),
    *((f"/clone production as demo-b{sign}for demo", "/clone production as demo-b for demo") for sign in ",，、"),
    *(
        (f"/clone production as demo-b {said}", "/clone production as demo-b --ttl 3d")
        for said in ("for 3 days", "for three days", "for 3d", "ttl=3d", "--ttl: 3d", "ttl 3 days")
    ),
    *(
        (f"/clone production as demo-b {said}", "/clone production as demo-b --dry-run")
        for said in ("dry run", "--dry run")
    ),
    *(
        (f"/clone production as demo-b {said}", "/clone production as demo-b --set app_min=2")
        for said in ("with app_min=2", "--set app_min:2", "--app-min 2")
    ),
    (
        "/clone production as demo-b --set app_min=2, db_class=large",
        "/clone production as demo-b --set app_min=2 --set db_class=large",
    ),
    ("/clone the production environment as demo-b", "/clone production as demo-b"),
    ("/clone envs/production envs/demo-b", "/clone production as demo-b"),
    ("/clone production → demo-b", "/clone production as demo-b"),
    ("/clone production as <demo-b> for <demo>", "/clone production as demo-b for demo"),
    ("> Is there a demo?\n/clone production as demo-b", "/clone production as demo-b"),
    *((f"/extend {said}", "/extend demo-x 2d") for said in ("demo-x for 2 days", "demo-x by 2 days", "2d demo-x")),
    *(
        (f"/set {said}", "/set demo-x app_min=3 db_class=large")
        for said in ("demo-x app_min=3 and db_class=large", "app_min=3 db_class=large on demo-x")
    ),
    ("/clone production as demo-b for showing", "/clone production as demo-b for demo"),
    ("/status of demo-x", "/status demo-x"),
    ("/list my", "/list mine"),
    ("/list @rob", "/list owner=rob"),
    ("/clone production as demo-b purpose=qa owner=rob", "/clone production as demo-b for qa --owner rob"),
    *((f"/sync demo-x {said}", "/sync demo-x") for said in ("to latest", "newest")),
    ("/promote demo-x app-min", "/promote demo-x app_min"),
    *(
        (f"/set demo-x {said}", "/set demo-x app_min=3 db_class=large")
        for said in ("app_min to 3 db_class=large", "app_min=3, db_class=large")
    ),
    ("@envclone destory demo-x", "/destroy demo-x"),
    *((f"/list purpose{said}qa", "/list purpose=qa") for said in (": ", " = ", " ")),
    *((f"/list {said}", "/list purpose=qa") for said in ("qa", "for qa", "all clones for qa")),
    ('/clone production as demo-b --ttl "two weeks"', "/clone production as demo-b --ttl 14d"),
]
HINTS = [
    *("/fork production as y", "/rebuild demo-x", "/start demo-x", "@envclone delete demo-x"),
    *("/delete demo-x", "/remove demo-x", "/stop demo-x", "/copy production as y", "/clone", "/destroy"),
    *("/clone production as demo-q; /status demo-x", "/status demo-x && /list", "/destroy demo-x, demo-y", "/clone production as demo-q, demo-r"),
    *("/destroy all", "/sync all", "/list for holidays", "/drift demo-x", "/clone production as demo-q name=demo-r", "/clone production as demo-q with love"),
    *("`/clone production as demo-q`", "Hello\n`/status demo-x`\nthere", "```\n/clone production as demo-q\n```", "~~~sh\n\n/status demo-x\n~~~"),
]  # fmt: skip
SILENT = [
    *("/cc @bob", "/assign @bob", "/thanks", "/close", "/lock", "/reset", "/plan", "/plan -d app", "/new issue", "/lint", "/test", "/ list of things"),
    *("/delete staging", "/stop", "/clone ist leider kaputt, kann jemand helfen?", "/status ist rot, bitte noch etwas warten"),
    "@envclone is a bot", "/etc/hosts", "Bitte nicht /clone verwenden", "> /clone production as demo-q", "> `/clone production as demo-q`", "Say `/clone production as demo-q` here",
    "```\n/status demo-x\n/list\n```", "Like this:\n```\n/status demo-x\n```", "<details>\n\n`/status demo-x`\n\n</details>", "`/help`", "`/etc/hosts`", "`/plan`",
    "**`/clone production`** as demo-q", "Hi team, /clone production as demo-q", "Please don't /clone production as demo-q", "could you /clone that?", "> /destroy demo-x\n\nok",
    "> ```\n> /destroy demo-x\n> ```", "> a\n/etc/hosts", "/etc/<name>",
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallMonorepo]:
    with small_monorepo(tmp_path_factory.mktemp("small_monorepo")) as found:
        found.say("/clone production as demo-x")
        found.server.merge(REPOSITORY, found.server.pulls(REPOSITORY)[0].number, by=MAINTAINER)
        yield found


@pytest.fixture(scope="module")
def repo(place: SmallMonorepo) -> Repository:
    return repository_at_head(place.service.context, RepositoryName(REPOSITORY))


@pytest.mark.parametrize(("body", "line"), ACTS)
def test_a_command_is_read_however_it_is_set(body: str, line: str) -> None:
    found = meant_in(body)
    assert found is not None
    assert not isinstance(found, Mistake), found
    assert found == parse(line)


@pytest.mark.parametrize(("body", "line"), ASKS)
def test_what_can_be_told_is_answered_with_a_line_that_is_accepted(place: SmallMonorepo, body: str, line: str) -> None:
    assert (place.say(body) or "").endswith(f"\n\n```text\n{line}\n```")
    assert not isinstance(parse(line), Mistake | None)


@pytest.mark.sample
@pytest.mark.parametrize("body", HINTS)
def test_what_is_meant_for_us_and_unclear_gets_a_hint_and_nothing_to_paste(place: SmallMonorepo, body: str) -> None:
    reply = place.say(body) or ""
    assert "`/" in reply
    assert "```text" not in reply


@pytest.mark.parametrize("body", SILENT)
def test_what_is_not_meant_for_us_gets_neither_an_answer_nor_a_reaction(place: SmallMonorepo, body: str) -> None:
    comment = place.comment(body)
    place.work(place.event(comment, body))
    assert place.reply(comment) is None
    assert place.server.reactions(comment) == []


BREAKS = [
    lambda line: line.upper().replace("DEMO-Y", "demo-y"),
    lambda line: line.replace("/clone", "/clnoe"),
    lambda line: line.replace(" as ", " called "),
    lambda line: line.replace(" as ", " "),
    lambda line: line.replace("production", "produktion"),
    lambda line: line.replace("for demo", "for dmeo"),
    lambda line: line.replace("--ttl 3d", "--tll 3 days"),
    lambda line: line.replace("app_min", "app_mni"),
    lambda line: line.replace(" for", ", for"),
]
VALID = "/clone production as demo-y for demo --ttl 3d --set app_min=2"


@pytest.mark.parametrize(("one", "other"), [(a, b) for a, b in product(range(len(BREAKS)), repeat=2) if a < b])
def test_law_13_a_corrected_line_is_what_was_meant(place: SmallMonorepo, one: int, other: int) -> None:
    reply = place.say(BREAKS[other](BREAKS[one](VALID))) or ""
    offered = reply.partition("```text\n")[2].removesuffix("\n```")
    assert offered in {"", VALID}


def _value(key: str, *values: str) -> st.SearchStrategy[str]:
    return st.sampled_from([f"{key}={value}" for value in values])


VALUES = st.lists(
    _value("app_min", "2", "7") | _value("db_class", "medium", "large") | _value("greeting", "hi", "'good day'", "for-demo") | _value("zones", "a,b"),
    max_size=3, unique_by=lambda pair: pair.partition("=")[0],
)  # fmt: skip
LINES = st.builds(
    lambda name, purpose, life, owner, values, ending: (
        f"/clone production as {name}{purpose}{life}{''.join(f' --set {each}' for each in values)}{owner}{ending}"
    ),
    st.sampled_from(["demo-y", "qa-two", "as-is"]),
    st.sampled_from(["", " for demo", " for qa"]),
    st.sampled_from(["", " --ttl 3d", " --ttl 12h"]),
    st.sampled_from(["", " --owner rob"]),
    VALUES,
    st.sampled_from(["", " --dry-run"]),
) | st.one_of(
    VALUES.filter(bool).map(lambda values: f"/set demo-x {' '.join(values)}"),
    st.sampled_from(["/extend demo-x 2d", "/extend demo-x 12h", "/status demo-x", "/destroy demo-x", "/list purpose=qa"]),
)  # fmt: skip
TYPOS = [
    ("/clone", "/clnoe"), ("/clone", "/colne"), ("/set", "/ste"), ("/extend", "/extned"), ("/status", "/stauts"), ("/destroy", "/destory"), ("/list", "/lsit"),
    ("production", "produktion"), ("production", "prod"), ("production", "Production"), (" demo-x", " demox"), (" demo-x", " Demo-X"),
    (" for demo", " for dmeo"), (" for demo", " for Demo"), (" for qa", " for QA"), (" for ", " fro "), (" for ", " purpose "), (" for ", " "),
    (" as ", " called "), (" as ", " "), (" as ", " to "), (" as ", " AS "), (" as ", "\nas "),
    ("--ttl", "--tll"), ("--ttl", "-ttl"), ("--ttl", "ttl"), ("--ttl", "\u2014ttl"), ("--ttl ", "--ttl="), ("--ttl", "--TTL"), ("3d", "3 days"), ("3d", "3D"), ("12h", "12hours"),
    ("--set ", ""), ("--set", "--ste"), ("--set", "-set"), ("app_min=", "app_min "), ("app_min=", "app_min = "), ("app_min", "app_mni"), ("app_min", "App-Min"),
    ("--set app_min=", "--app-min "), ("db_class", "db_calss"), ("=large", "=LARGE"), ("=medium", "=medim"), ("greeting", "greting"), ("a,b", "a, b"),
    ("--owner ", "--owner @"), ("--owner", "--onwer"), ("--owner", "owner"), ("--dry-run", "--dryrun"), ("--dry-run", "--dry-run=yes"), ("--dry-run", "dry-run"),
    (" for", ", for"), (" --", ", --"), (" --", "\n--"), (" --", " \\\n  --"), (" for", "\n  for"),
]  # fmt: skip
"""What is written, and what people write instead of it."""
PLAIN = ["{}", "{} please", "{} \u2705", "- {}", "**{}**", "Hi @envclone, please {}", "\u200b{}", "{}\nThanks"]
DRESS = [*PLAIN, "{}.", "{}, thanks!"]


def _offered(repo: Repository, found: Command | Mistake) -> str | None:
    """Return the line to paste that is offered for what somebody wrote; their own, if that is accepted."""
    if isinstance(found, Clone):
        drafted = draft(repo, CloneRequest(found, None, Login(MAINTAINER), repo.context.now()))
        instead = drafted.instead if isinstance(drafted, Refused) else found
        return format_command(instead) if instead is not None else None
    mistake = found if isinstance(found, Mistake) else Mistake("", format_command(found))
    corrected = Corrections(repo, Login(MAINTAINER)).corrected(mistake)
    return corrected.instead if corrected is not None else None


@dear(30, 80)
@given(data=st.data())
def test_law_13_whatever_is_mistyped_the_offered_line_says_all_that_was_said(
    repo: Repository, data: st.DataObject
) -> None:
    line = data.draw(LINES)
    # A value may end with anything, so what follows it is punctuation only for words.
    dress = data.draw(st.sampled_from(DRESS if re.search(r" [\w-]+$", line) else PLAIN))
    typos = data.draw(st.lists(st.sampled_from([each for each in TYPOS if each[0] in line]), max_size=3, unique=True))
    meant = parse(line)
    assert meant is not None
    assert not isinstance(meant, Mistake)
    said = line
    for right, wrong in typos:
        said = said.replace(right, wrong, 1)
    assume(
        not re.search(r"\n\s*(?!as |for )\w", said)
    )  # on a line of its own only a keyword or an option goes on with the command
    found = meant_in(dress.format(said))
    offered = _offered(repo, found) if found is not None and not isinstance(found, Reply) else None
    if offered is None:
        return
    assert offered == format_command(meant), said
    assert _offered(repo, meant) == offered, "accepted as it stands"


@pytest.mark.parametrize(
    ("said", "corrected", "is_kept"),
    [
        ("/clone production as demo-b --set db_class=huge", "/clone production as demo-b --set db_class=large", True),
        ("/clone production as demo-b --set db_class=huge", "/clone production as demo-b", False),
        ("/clone production as demo-b for qa --ttl 90d", "/clone production as demo-b for qa --ttl 14d", True),
        ("/clone production as demo-b for qa --ttl 90d", "/clone production as demo-b for qa", False),
        ("/clone production as demo-b --dry-run", "/clone production as demo-b", False),
        ("/set demo-x app_mni=3 tags={}", "/set demo-x app_min=3", False),
        ("/extend demo-x 9d", "/status demo-x", False),
    ],
)
def test_law_13_no_corrected_line_leaves_out_what_was_said(said: str, corrected: str, is_kept: bool) -> None:
    one, other = parse(said), parse(corrected)
    assert one is not None
    assert other is not None
    assert not isinstance(one, Mistake)
    assert not isinstance(other, Mistake)
    assert keeps(one, other) is is_kept


def test_what_looks_like_a_letter_is_named_and_corrected(place: SmallMonorepo) -> None:
    reply = place.say("/clone production as d\u0435mo-z") or ""
    assert "cyrillic small letter ie" in reply
    assert "\\u{" not in reply
    assert reply.endswith("```text\n/clone production as demo-z\n```")


def test_the_owner_of_a_clone_may_always_propose_its_end(place: SmallMonorepo) -> None:
    place.say("/clone production as demo-o --owner rob")
    number = next(p.number for p in place.server.pulls(REPOSITORY) if p.state == "open" and "demo-o" in p.title)
    place.server.merge(REPOSITORY, number, by=MAINTAINER)
    assert "requires the `write` permission" in (place.say("/destroy demo-x", by="rob") or "")
    assert "requires" not in (place.say("/destroy demo-o", by="rob") or "requires")


def test_a_line_that_goes_on_is_joined_only_by_what_the_page_shows() -> None:
    assert command_lines("/clone production as demo-a \\\n<!-- x -->--ttl 2d") == ["/clone production as demo-a \\"]
    found = parse("/clone production as demo-a")
    assert found is not None
    assert not isinstance(found, Mistake)
    assert format_command(found) == "/clone production as demo-a"


def test_no_text_is_too_long_for_github(place: SmallMonorepo) -> None:
    github, long = place.service.context.github, "A line of a long list.\n" * 30_000
    github.upsert_comment(RepositoryName(REPOSITORY), place.issue, "<!-- long -->", long)
    issue = github.open_issue(RepositoryName(REPOSITORY), "Long", long)
    assert any("is left out" in body for body in place.written())
    assert len(issue.body) <= LONGEST_TEXT
