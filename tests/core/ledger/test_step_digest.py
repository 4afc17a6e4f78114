"""What a step is given, and by what it is recognised when it is done."""

import pytest

from bot.core.ledger.ledger import Clear
from bot.core.ledger.step_digest import HookGiven, OutputMissing, StackGiven, given, hook_digest, stack_digest
from bot.core.plans.stack_inputs import Output
from bot.core.tree import File
from bot.errors import UserError
from bot.model.pipeline import FromOutput, FromParameter, Hook, Input, Json, Literally, NoUndo, RunProgram, Stack
from bot.names import ParameterName, StepName

KEY = "k" * 64
NAME, URL = StepName("smoke"), ParameterName("url")
PARAMETERS: dict[ParameterName, Json] = {ParameterName("greeting"): "hello", ParameterName("region"): "eu-central-1"}
FILES = {"app/main.tf": File(b"a"), "hooks/x.py": File(b"x"), "hooks-more/y": File(b"y"), "top.sh": File(b"t")}


def hook(source: Input, *, runs: bool = False) -> Hook:
    none = NoUndo(none="nothing is left behind")
    if runs:
        return Hook(run=RunProgram(apply=("hooks/x.py",)), inputs={URL: source}, undo=none)
    return Hook(uses="http.probe", inputs={URL: source}, undo=none)


def taken(source: Input) -> Json:
    outputs = {StepName("app"): {"url": Output("https://x"), "token": Output("t", is_sensitive=True)}}
    return given(NAME, hook(source), PARAMETERS, outputs)[URL].value


def test_inputs_come_from_outputs_parameters_and_the_declaration() -> None:
    assert taken(FromOutput(source="app.url")) == "https://x"
    assert taken(FromParameter(parameter=ParameterName("greeting"))) == "hello"
    assert taken(Literally(value=[1])) == [1]


def test_an_output_that_vanished_is_named_and_no_stand_in_takes_its_place() -> None:
    with pytest.raises(
        OutputMissing,
        match=r"An input of `smoke` refers to `app.gone`, but `app` has no such output \(available: `url`, `token`\)",
    ):
        taken(FromOutput(source="app.gone", stand_in="x"))


def test_a_parameter_that_is_none_is_named() -> None:
    with pytest.raises(UserError, match="An input of `smoke` refers to parameter `absent`"):
        taken(FromParameter(parameter=ParameterName("absent")))


def test_a_stack_is_its_directory_and_its_inputs() -> None:
    app, stack_input = StepName("app"), {URL: Output("https://x")}
    digest = stack_digest(app, FILES, StackGiven(stack_input), KEY)
    assert digest == stack_digest(app, {**FILES, "top.sh": File(b"other")}, StackGiven(stack_input), KEY)
    assert digest != stack_digest(app, {**FILES, "app/main.tf": File(b"b")}, StackGiven(stack_input), KEY)
    assert digest != stack_digest(app, FILES, StackGiven({URL: Output("https://y")}), KEY)
    read = {StepName("network"): {"url": Clear(value="https://x")}}
    assert digest != stack_digest(app, FILES, StackGiven(stack_input, read), KEY)
    assert isinstance(Stack(), Stack)


def test_a_hook_is_its_declaration_its_inputs_and_what_it_reads() -> None:
    declared, inputs = hook(FromOutput(source="app.url"), runs=True), {URL: Output("https://x")}
    digest = hook_digest(declared, FILES, HookGiven(inputs, PARAMETERS, ("hooks",)), KEY)
    assert digest == hook_digest(
        declared, {**FILES, "hooks-more/y": File(b"z")}, HookGiven(inputs, PARAMETERS, ("hooks",)), KEY
    )
    assert digest != hook_digest(
        declared, {**FILES, "hooks/x.py": File(b"z")}, HookGiven(inputs, PARAMETERS, ("hooks",)), KEY
    )
    assert digest != hook_digest(declared, FILES, HookGiven({URL: Output("https://y")}, PARAMETERS, ("hooks",)), KEY)
    assert digest != hook_digest(
        hook(FromOutput(source="app.url")), FILES, HookGiven(inputs, PARAMETERS, ("hooks",)), KEY
    )
    described = declared.model_copy(update={"description": "other words"})
    assert digest == hook_digest(described, FILES, HookGiven(inputs, PARAMETERS, ("hooks",)), KEY)


def test_a_program_is_given_all_parameters_and_a_kind_only_its_place() -> None:
    other = {**PARAMETERS, ParameterName("greeting"): "bye"}
    moved = {**PARAMETERS, ParameterName("region"): "eu-west-1"}
    for runs, same in ((True, False), (False, True)):
        declared, inputs = hook(Literally(value="u"), runs=runs), {URL: Output("u")}
        digest = hook_digest(declared, FILES, HookGiven(inputs, PARAMETERS, ()), KEY)
        assert (digest == hook_digest(declared, FILES, HookGiven(inputs, other, ()), KEY)) is same
        assert digest != hook_digest(declared, FILES, HookGiven(inputs, moved, ()), KEY)


def test_a_file_at_the_top_is_read_by_its_name() -> None:
    declared, inputs = hook(Literally(value="u")), {URL: Output("u")}
    digest = hook_digest(declared, FILES, HookGiven(inputs, PARAMETERS, ("./top.sh",)), KEY)
    assert digest != hook_digest(
        declared, {**FILES, "top.sh": File(b"z")}, HookGiven(inputs, PARAMETERS, ("./top.sh",)), KEY
    )
