"""`run:`: what may be run, what it is given, and what it can't do."""

import json
import os
import time
from pathlib import Path

import pytest

from bot.core.ledger.ledger import Retained
from bot.hooks.kind import HookFailed, OutOfTime
from bot.hooks.program import Program, ProgramInputs, ProgramRecord
from bot.model.pipeline import Json, RunProgram
from bot.names import ParameterName
from tests.hooks.conftest import Surroundings
from tests.support.patience import PATIENCE

ECHO = """
import json, os, sys
given = json.load(sys.stdin)
print(f"{given['verb']} of {given['environment']}", file=sys.stderr)
print(json.dumps({"outputs": {"given": given, "names": sorted(os.environ)}, "evidence": "said", "undo": {"a": 1}}))
"""


def program(around: Surroundings, text: str, *argv: str) -> Program:
    file = around.directory / "hooks" / "hook.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    argument_list = argv or ("python3", "hooks/hook.py")
    return Program(RunProgram(apply=argument_list, check=argument_list, verify=argument_list, undo=argument_list))


def applied(
    kind: Program, around: Surroundings, seconds: float = PATIENCE, **inputs: Json
) -> dict[ParameterName, Json]:
    return dict(kind.apply(ProgramInputs.model_validate(inputs), around.context(seconds=seconds)).outputs)


def test_it_is_given_json_and_gives_json(around: Surroundings) -> None:
    outputs = applied(program(around, ECHO), around, url="https://x", many=[1, {"a": None}])
    given = outputs[ParameterName("given")]
    assert isinstance(given, dict)
    assert (given["verb"], given["environment"]) == ("apply", "demo-x")
    assert given["inputs"] == {"url": "https://x", "many": [1, {"a": None}]}
    assert given["parameters"] == {"account_id": "123456789012", "region": "eu-central-1"}
    assert around.lines == ["apply of demo-x"]


def test_it_sees_only_the_environment_that_it_is_given(around: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_not-for-hooks")
    names = applied(program(around, ECHO), around)[ParameterName("names")]
    assert isinstance(names, list)
    assert "PATH" in names
    assert "GITHUB_TOKEN" not in names


def test_undo_is_given_what_apply_wanted(around: Surroundings) -> None:
    kind = program(around, ECHO)
    done = kind.apply(ProgramInputs(), around.context())
    assert done.undo == ProgramRecord(undo={"a": 1})
    text = ECHO.replace('"said"', 'json.dumps(given["undo"])')
    assert program(around, text).undo(ProgramRecord(undo={"a": 1}), around.context()).evidence == '{"a": 1}'


def test_undo_says_what_it_leaves_on_purpose(around: Surroundings) -> None:
    text = 'print(\'{"remains": [{"what": "invoice-7", "why": "the law says so", "until": "2036"}]}\')'
    undone = program(around, text).undo(ProgramRecord(), around.context())
    assert undone.remains == (Retained(what="invoice-7", why="the law says so", until="2036"),)


def test_an_executable_of_the_environment_needs_no_interpreter(around: Surroundings) -> None:
    kind = program(around, "#!/usr/bin/env python3\n" + ECHO, "hooks/hook.py")
    (around.directory / "hooks" / "hook.py").chmod(0o755)
    assert applied(kind, around)


def test_check_says_what_it_finds(around: Surroundings) -> None:
    text = 'print(\'{"result": "already_so", "text": "there"}\')'
    assert program(around, text).check(ProgramInputs(), around.context()).result == "already_so"
    assert Program(RunProgram(apply=("python3", "x"))).check(ProgramInputs(), around.context()).result == "unknown"


def test_sensitive_outputs_become_secrets(around: Surroundings) -> None:
    text = 'print(\'{"outputs": {"token": "very-secret"}, "sensitive": ["token"]}\')'
    done = program(around, text).apply(ProgramInputs(), around.context())
    assert done.sensitive == {"token"}
    assert "very-secret" in around.secrets


@pytest.mark.parametrize(
    "argv",
    [
        ("curl", "http://x"),
        ("bash", "-c", "echo"),
        ("python3",),
        ("python3", "-m", "http.server"),
        ("/bin/sh", "x"),
        ("../outside.sh",),
        ("hooks/../../outside.sh",),
        ("hooks/absent.sh",),
        ("hooks/link.sh",),
        ("linked/hook.py",),
        ("hooks/",),
        ("./",),
    ],
)
def test_what_may_not_be_run_is_not(around: Surroundings, argv: tuple[str, ...]) -> None:
    kind = program(around, ECHO, *argv)
    (around.directory / "hooks" / "link.sh").symlink_to("/bin/true")
    (around.directory / "linked").symlink_to(around.directory / "hooks")
    with pytest.raises(HookFailed) as failure:
        applied(kind, around)
    assert failure.value.is_final


def test_a_failure_says_its_last_words(around: Surroundings) -> None:
    with pytest.raises(HookFailed, match=r"exited with code 3: one / two"):
        applied(program(around, "import sys; print('one\\ntwo', file=sys.stderr); sys.exit(3)"), around)


def test_what_hangs_is_ended_with_all_that_it_started(around: Surroundings) -> None:
    # Where Python needs seconds to start, a shell has started.
    text = """#!/bin/sh
sleep 300 &
echo $$ $! >&2
wait
"""
    kind = program(around, text, "hooks/hook.sh")
    (around.directory / "hooks" / "hook.py").rename(around.directory / "hooks" / "hook.sh").chmod(0o755)
    with pytest.raises(OutOfTime, match="did not finish within 0:00:02"):
        applied(kind, around, seconds=2)
    pids = [int(pid) for pid in around.lines[0].split()]
    assert not any(_lives(pid) for pid in pids)


def test_what_it_leaves_running_is_ended(around: Surroundings) -> None:
    text = """
import subprocess, sys
print(subprocess.Popen(["sleep", "300"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid, file=sys.stderr)
"""
    applied(program(around, text), around)
    assert not _lives(int(around.lines[0]))


def test_too_much_output_is_refused(around: Surroundings) -> None:
    with pytest.raises(HookFailed, match="wrote more than 1,000,000 bytes"):
        applied(program(around, "while True: print('x' * 10000)"), around)


@pytest.mark.parametrize(
    "said", ["no json", "[1]", '{"outputs": 1}', '{"surprise": 1}', '{"outputs": {"Bad-Name": 1}}']
)
def test_what_is_not_the_json_that_it_should_be_is_refused(around: Surroundings, said: str) -> None:
    with pytest.raises(HookFailed, match="wrote unexpected JSON"):
        applied(program(around, f"print({json.dumps(said)!s})"), around)


def test_a_module_beside_it_leaves_nothing_in_the_directory(around: Surroundings) -> None:
    kind = program(around, "import helper; print(helper.SAID)")
    (around.directory / "hooks" / "helper.py").write_text('SAID = \'{"evidence": "helped"}\'')
    assert kind.apply(ProgramInputs(), around.context()).evidence == "helped"
    assert sorted(path.name for path in around.directory.rglob("*")) == ["helper.py", "hook.py", "hooks"]


def test_a_program_that_was_killed_is_given_null_to_undo(around: Surroundings) -> None:
    assert program(around, ECHO).may_leave(ProgramInputs(), around.context()) == ProgramRecord(undo=None)
    before: Json = {"undo": {"a": 1}}
    assert program(around, ECHO).may_leave(ProgramInputs(), around.context(before)) == ProgramRecord(undo={"a": 1})


def test_saying_nothing_is_fine(around: Surroundings) -> None:
    assert applied(program(around, "pass"), around) == {}


def test_it_reads_the_directory_that_its_file_lies_in(around: Surroundings) -> None:
    assert program(around, ECHO).reads({}) == ("hooks",)
    assert program(around, ECHO, "./top.sh").reads({}) == (".",), "it may import whatever the environment has"


def _lives(pid: int) -> bool:
    for _ in range(10 * PATIENCE):  # an orphan is reaped by init, which may take a moment
        try:
            if "State:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return False
        except (FileNotFoundError, ProcessLookupError):  # also between the opening of the file and its reading
            return False
        time.sleep(0.1)
    os.kill(pid, 9)
    return True
