"""What hooks say while an environment is planned, and what is never run to find out."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from bot.clients.cage import Cage
from bot.core.ledger.ledger import Clear, Hidden, Ledger, LedgerEntry
from bot.core.ledger.ledger import KeptOutput as Kept
from bot.core.plans.plan import HookPlan
from bot.core.plans.stack_inputs import Output, Outputs
from bot.core.rendering.assemble import read_hooks
from bot.core.tree import File
from bot.model.pipeline import Hook
from bot.names import EnvironmentName, ParameterName, StepName
from bot.runs.plan.steps.hook_checks import HookChecks

NAME, STEP, OTHER = EnvironmentName("demo-x"), StepName("announce"), StepName("app")
PROGRAM = b"""#!/bin/sh
cat >/dev/null
touch was-run
echo '{"result": "already_so", "text": "said before"}'
"""
DECLARED = "hooks:\n  announce:\n    run: {check: [hooks/announce], apply: [hooks/announce]}\n    undo: {none: it can not be unsaid}\n"
HOOK = Hook.model_validate(
    {"run": {"check": ["hooks/announce"], "apply": ["hooks/announce"]}, "undo": {"none": "it can not be unsaid"}}
)
FILES = {"hooks.yaml": File(DECLARED.encode()), "hooks/announce": File(PROGRAM, executable=True)}


def entry(result: str, **outputs: Kept) -> LedgerEntry:
    now = datetime(2026, 3, 4, tzinfo=UTC)
    return LedgerEntry.model_validate(
        {
            "verb": "apply", "result": result, "digest": "d", "by": "alice", "run_url": "", "attempt": 1,
            "started_at": now, "outputs": outputs, "head": "h", "commit": "c", "tree": "t",
        }
    )  # fmt: skip


@pytest.fixture
def checks(tmp_path: Path) -> HookChecks:
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "announce").write_bytes(PROGRAM)
    (tmp_path / "hooks" / "announce").chmod(0o755)
    return HookChecks(
        environment=NAME,
        directory=tmp_path,
        parameters={},
        files=FILES,
        base=FILES,
        ledger=Ledger(environment=NAME, steps={STEP: entry("succeeded")}),
        environment_variables={"PATH": "/usr/bin:/bin"},
        log=lambda line: None,
        reach=Cage(writes=(tmp_path,)),  # the program leaves a trace
    )


def asked(
    checks: HookChecks,
    hook: Hook = HOOK,
    outputs: Mapping[StepName, Outputs] | None = None,
    changing: tuple[StepName, ...] = (),
) -> HookPlan:
    return checks.plan(STEP, hook, outputs or {}, changing)


def was_run(checks: HookChecks) -> bool:
    return (checks.directory / "was-run").exists()


def test_the_base_branchs_own_program_is_asked(checks: HookChecks) -> None:
    assert asked(checks) == HookPlan(STEP, "run", "already_so", "said before", "it can not be unsaid")
    assert was_run(checks)


def test_no_line_that_a_program_writes_shows_a_part_of_a_key(checks: HookChecks) -> None:
    said: list[str] = []
    program = File(
        b"#!/bin/sh\necho looking >&2\nprintf %s $AWS_SECRET_ACCESS_KEY | base64 -w 20 >&2\n", executable=True
    )
    (checks.directory / "hooks" / "announce").write_bytes(program.data)
    files, variables = {**FILES, "hooks/announce": program}, {"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPx"}
    told = replace(
        checks,
        files=files,
        base=files,
        log=said.append,
        environment_variables={**checks.environment_variables, **variables},
    )
    asked(told)
    assert said[:2] == ["announce: looking", "announce: ***A=="]


def test_a_program_that_the_pull_request_adds_is_never_run(checks: HookChecks) -> None:
    planned = asked(replace(checks, base={}))
    assert (planned.verb_result, planned.text) == (
        "unknown",
        "not checked: the program or its declaration is new in this pull request",
    )
    assert not was_run(checks)


@pytest.mark.parametrize(
    "changed",
    [{"hooks/announce": File(b"#!/bin/sh\nid\n", executable=True)}, {"hooks/library.sh": File(b"id\n")}],
    ids=["the program", "a file beside it"],
)
def test_a_program_that_the_pull_request_changes_is_never_run(checks: HookChecks, changed: dict[str, File]) -> None:
    planned = asked(replace(checks, files={**FILES, **changed}))
    assert planned.text == "not checked: the program is changed by this pull request"
    assert not was_run(checks)


def test_a_program_that_the_pull_request_declares_anew_is_never_run(checks: HookChecks) -> None:
    hook = Hook.model_validate(
        {
            "run": {"check": ["bash", "hooks/announce", "--drop"], "apply": ["hooks/announce"]},
            "undo": {"none": "it can not be unsaid"},
        }
    )
    assert "its declaration is new" in asked(checks, hook).text
    assert not was_run(checks)


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("failed", "last time it failed"),
        ("undone", "last time it was undone"),
        ("running", "last time it did not finish"),
    ],
)
def test_what_did_not_succeed_would_run(checks: HookChecks, result: str, text: str) -> None:
    ledger = Ledger(environment=NAME, steps={STEP: entry(result)})
    planned = asked(replace(checks, ledger=ledger))
    assert (planned.verb_result, planned.text) == ("would_run", text)


def test_what_never_ran_would_run_and_is_not_asked(checks: HookChecks) -> None:
    planned = asked(replace(checks, ledger=Ledger(environment=NAME)))
    assert (planned.verb_result, planned.text) == ("would_run", "has not run yet")
    assert not was_run(checks)


def test_what_comes_after_a_change_is_not_known_yet(checks: HookChecks) -> None:
    planned = asked(checks, changing=(OTHER,))
    assert (planned.verb_result, planned.text) == ("unknown", "app will change first")
    assert not was_run(checks)


def test_a_secret_is_handed_to_no_check(checks: HookChecks) -> None:
    hook = Hook.model_validate({**HOOK.model_dump(exclude={"inputs"}), "with": {"token": {"from": "app.token"}}})
    planned = asked(checks, hook, {OTHER: {"token": Output("hunter2!", is_sensitive=True)}})
    assert planned.text == "not checked: `app.token` is sensitive, and a plan passes no sensitive values to checks"
    assert asked(checks, hook).text == "not checked: `app.token` has no value yet"
    assert not was_run(checks)


def test_only_what_the_ledger_may_show_is_handed_on(checks: HookChecks) -> None:
    kept = entry("succeeded", url=Clear(value="http://x"), token=Hidden(digest="d"))
    ledger = Ledger(environment=NAME, steps={STEP: kept})
    assert replace(checks, ledger=ledger).outputs_of(STEP) == {"url": Output("http://x")}
    assert replace(checks, ledger=ledger).outputs_of(OTHER) == {}


def test_a_kind_that_there_is_not_is_said(checks: HookChecks) -> None:
    hook = Hook.model_validate({"uses": "no.such", "with": {ParameterName("x"): {"value": 1}}})
    assert "Hook kind `no.such` not found" in asked(checks, hook).text
    after = replace(checks, data_reset_at=datetime(2026, 3, 5, tzinfo=UTC))
    assert "Hook kind `no.such` not found" in asked(after, hook).text, "also where its data is to be made anew"


TOP = Hook.model_validate(
    {"run": {"check": ["./announce"], "apply": ["announce"]}, "undo": {"none": "it can not be unsaid"}}
)


@pytest.mark.parametrize(
    ("changed", "is_asked"),
    [
        ({}, True),
        ({"environment.yaml": File(b"another"), "app/terraform.tfvars.json": File(b"{}")}, True),
        ({"announce": File(b"#!/bin/sh\nid\n", executable=True)}, False),
        ({"library.sh": File(b"id\n")}, False),
        ({"library/inner.sh": File(b"id\n")}, False),
    ],
    ids=["nothing", "what is rendered", "the program", "a file beside it", "a file below"],
)
def test_a_program_at_the_top_stands_with_all_that_it_may_import_however_its_path_is_written(
    checks: HookChecks, changed: dict[str, File], is_asked: bool
) -> None:
    declared = "hooks:\n  announce:\n    run: {check: [./announce], apply: [announce]}\n    undo: {none: it can not be unsaid}\n"
    base = {
        "hooks.yaml": File(declared.encode()),
        "announce": File(PROGRAM, executable=True),
        "app/terraform.tfvars.json.j2": File(b"{}"),
    }
    (checks.directory / "announce").write_bytes(PROGRAM)
    (checks.directory / "announce").chmod(0o755)
    files = {path: file for path, file in base.items() if not path.endswith(".j2")}
    asked(replace(checks, base=base, files={**files, **changed}), TOP)
    assert was_run(checks) is is_asked


def test_a_probe_is_asked_only_as_the_base_branch_declares_it(checks: HookChecks) -> None:
    declared = "hooks:\n  announce: {uses: http.probe, with: {url: {value: 'http://127.0.0.1:9/'}}, undo: {none: a probe leaves nothing}}\n"
    base = {"hooks.yaml": File(declared.encode())}
    hook = read_hooks(base, "x").hooks[STEP]
    same = asked(replace(checks, base=base, networks=(IPv4Network("127.0.0.0/8"),)), hook)
    assert same.text == "http://127.0.0.1:9/ does not respond as expected yet"
    assert "is a private address" in asked(replace(checks, base=base), hook).text
    elsewhere = {"hooks.yaml": File(declared.replace(":9/", ":10/").encode())}
    assert (
        asked(replace(checks, base=elsewhere), hook).text == "not checked: its declaration is new in this pull request"
    )


def test_a_reset_of_data_that_failed_half_way_is_said_in_the_next_review_too(checks: HookChecks) -> None:
    """Its apply goes on with it, so nobody may have reviewed a mere second try."""
    asked_at = datetime(2026, 3, 3, tzinfo=UTC)
    half = entry("failed").model_copy(update={"verb": "undo"})
    for known, makes_anew in ((half, True), (entry("failed"), False), (entry("succeeded"), False)):
        ledger = Ledger(environment=NAME, steps={STEP: known})
        told = replace(checks, ledger=ledger, data_reset_at=asked_at, base={})
        assert asked(told, HOOK.model_copy(update={"data": True})).makes_anew is makes_anew
    assert not was_run(checks)
