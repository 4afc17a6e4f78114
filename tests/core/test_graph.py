"""The graph of steps: references, order, what may run, and the picture of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.graph import StepDocuments, blocked, diagram, graph, mermaid, problems, ready
from bot.errors import InvalidInput
from bot.model.pipeline import FromOutput, Hook, Hooks, NoUndo, Pipeline, Stack
from bot.model.template import Template
from bot.model.yaml_document import load
from bot.names import ParameterName, PurposeName, StepName
from tests.support.budget import dear

STACKS = """name: shop
description: A shop.
default_purpose: demo
parameters: {}
purposes: {demo: {description: To show.}}
stacks:
  network: {}
  data:
    needs: [network]
  app:
    inputs:
      vpc_id: {from: network.vpc_id, stand_in: vpc-0}
      bucket:
        from: data.bucket
        stand_in: any
"""

HOOKS = """hooks:
  secret:
    uses: aws.secret
  smoke:
    uses: http.probe
    needs:
      - secret
    with:
      url: {from: app.url}
"""


def pipeline(stacks: str = STACKS, hooks: str = HOOKS) -> Pipeline:
    declared = load(stacks, Template, "template.yaml")
    return Pipeline(stacks=declared.stacks, hooks=load(hooks, Hooks, "hooks.yaml").hooks)


def found(stacks: str = STACKS, hooks: str = HOOKS) -> list[tuple[bool, int, str]]:
    problem = problems(pipeline(stacks, hooks), StepDocuments("template.yaml", stacks, "hooks.yaml", hooks))
    return [(each.path == "template.yaml", each.line, each.message) for each in problem]


def test_inputs_imply_needs() -> None:
    built = graph(pipeline())
    assert built.nodes[StepName("app")].needs == ("network", "data")
    assert built.nodes[StepName("smoke")].needs == ("app", "secret")
    assert built.order == ("network", "data", "app", "secret", "smoke")


def test_sound_declarations_have_no_problems() -> None:
    assert found() == []


def test_an_unknown_step_is_named_with_its_line_and_what_was_meant() -> None:
    assert found(stacks=STACKS.replace("needs: [network]", "needs: [netwrok]")) == [
        (True, 9, "`data` needs `netwrok`, which is not a step of this environment. Did you mean `network`?")
    ]
    assert found(hooks=HOOKS.replace("- secret", "- secrets")) == [
        (
            False,
            7,
            "`smoke` needs `secrets`, which is not a step of this environment. Did you mean `secret`?",
        )
    ]


def test_an_unknown_source_of_an_input_is_named_with_its_line() -> None:
    assert found(stacks=STACKS.replace("from: data.bucket", "from: dta.bucket")) == [
        (True, 13, "`app` needs `dta`, which is not a step of this environment. Did you mean `data`?")
    ]


def test_a_step_that_needs_itself_is_named() -> None:
    assert found(hooks=HOOKS.replace("- secret", "- smoke")) == [(False, 7, "`smoke` depends on itself.")]


def test_a_circle_is_named_whole() -> None:
    circular = STACKS.replace("network: {}", "network: {needs: [app]}")
    [(in_stacks, line, message)] = found(stacks=circular)
    assert in_stacks
    assert line == 7
    assert message.startswith("`network` is in a dependency cycle: `network` → `app` → `network`.")
    with pytest.raises(InvalidInput, match="cycle"):
        graph(pipeline(circular))


def test_a_circle_through_a_hook_is_found() -> None:
    assert "cycle" in found(stacks=STACKS.replace("network: {}", "network: {needs: [smoke]}"))[0][2]


def test_a_name_for_a_stack_and_a_hook_is_refused() -> None:
    assert found(hooks=HOOKS.replace("  secret:", "  data:").replace("- secret", "- data"))[0] == (
        False,
        2,
        "`data` is the name of both a stack and a hook. Rename the hook.",
    )


def test_a_hook_takes_over_the_ledgers_entry_of_no_other_step() -> None:
    taken = HOOKS.replace("    uses: http.probe\n", "    uses: http.probe\n    renamed_from: [data, probe]\n")
    assert found(hooks=taken) == [(False, 6, "`data` is still a step of its own.")]
    both = taken.replace("data, ", "").replace("aws.secret\n", "aws.secret\n    renamed_from: [probe]\n")
    assert [message for _, _, message in found(hooks=both)] == ["`probe` is also the former name of another step."] * 2
    stacks = STACKS.replace("  data:\n", "  data:\n    renamed_from: [probe]\n")
    assert [is_in for is_in, _, _ in found(stacks=stacks, hooks=both.replace("[probe]", "[]", 1))] == [True, False]


@pytest.mark.parametrize("source", ["secret.version", "data.bucket"])
def test_a_stack_takes_an_output_only_with_a_stand_in(source: str) -> None:
    without = STACKS.replace("from: data.bucket\n        stand_in: any\n", f"from: {source}\n")
    [(in_stacks, line, message)] = found(stacks=without)
    assert (in_stacks, line) == (True, 13)
    assert message.endswith(
        "may not exist yet at plan time, or no longer when a destroy is planned. Add a mock value (`stand_in`)."
    )
    assert found(stacks=without + "        stand_in: v0\n") == []


def test_when_leaves_steps_out_and_their_needs_pass_through() -> None:
    hooks = HOOKS.replace("  secret:\n", "  secret:\n    needs: [data]\n    when: {purpose: [qa]}\n").replace(
        "with:\n      url: {from: app.url}", "with: {url: {value: x}}"
    )
    built = graph(pipeline(hooks=hooks), PurposeName("demo"), {})
    assert built.order == ("network", "data", "app", "smoke")
    assert built.nodes[StepName("smoke")].needs == ("data",)
    assert "secret" in graph(pipeline(hooks=hooks), PurposeName("qa"), {}).nodes


def test_when_compares_parameters() -> None:
    hooks = HOOKS.replace("  smoke:\n", "  smoke:\n    when: {parameter: {probe: true}}\n")
    assert "smoke" in graph(pipeline(hooks=hooks), PurposeName("demo"), {ParameterName("probe"): True}).nodes
    assert "smoke" not in graph(pipeline(hooks=hooks), PurposeName("demo"), {ParameterName("probe"): False}).nodes
    assert "smoke" not in graph(pipeline(hooks=hooks), PurposeName("demo"), {}).nodes


def test_an_output_of_a_step_left_out_is_refused() -> None:
    stacks = STACKS.replace("  data:\n", "  data:\n    when: {purpose: [qa]}\n")
    with pytest.raises(InvalidInput, match="`app` uses an output of `data`, which is not part of this environment"):
        graph(pipeline(stacks=stacks), PurposeName("demo"), {})


def test_a_failed_step_blocks_what_needs_it_and_nothing_else() -> None:
    built = graph(pipeline())
    data, network, secret = StepName("data"), StepName("network"), StepName("secret")
    assert blocked(built, {data}) == {"app": "data", "smoke": "data"}
    assert ready(built, {network}, {network, data, secret}) == ()
    assert ready(built, set(), set()) == ("network", "secret")


def test_the_picture_uses_no_word_of_mermaids() -> None:
    stacks = STACKS.replace("network", "end")
    assert diagram(pipeline(stacks)).splitlines() == [
        "flowchart LR",
        '  s0["end"]',
        '  s1["data"]',
        '  s2["app"]',
        '  s3(["secret"])',
        '  s4(["smoke"])',
        "  s0 --> s1",
        "  s0 --> s2",
        "  s1 --> s2",
        "  s2 --> s4",
        "  s3 --> s4",
    ]


def test_the_picture_shows_states() -> None:
    text = mermaid(graph(pipeline()), {StepName("data"): "failed"})
    assert '  s1["data"]:::failed' in text
    assert "classDef failed" in text


@st.composite
def acyclic(draw: st.DrawFn) -> Pipeline:
    """Pipelines whose needs point only to earlier names, declared in any order."""
    names = [StepName(f"s-{number}") for number in range(draw(st.integers(0, 12)))]
    steps: dict[StepName, Stack | Hook] = {}
    for position, name in enumerate(names):
        earlier = names[:position]
        needs = tuple(draw(st.lists(st.sampled_from(earlier), max_size=3))) if earlier else ()
        takes: bool = draw(st.booleans())
        source = draw(st.sampled_from(earlier)) if earlier and takes else None
        inputs = {ParameterName("x"): FromOutput(source=f"{source}.y", stand_in="z")} if source else {}
        is_stack: bool = draw(st.booleans())
        if is_stack:
            steps[name] = Stack(needs=needs, inputs=inputs)
        else:
            steps[name] = Hook(
                uses="http.probe", needs=needs, inputs=dict(inputs), undo=NoUndo(none="nothing is left behind")
            )
    order = draw(st.permutations(list(steps)))
    return Pipeline(
        stacks={name: step for name in order if isinstance(step := steps[name], Stack)},
        hooks={name: step for name in order if isinstance(step := steps[name], Hook)},
    )


@dear(40)
@given(acyclic())
def test_every_step_comes_once_and_after_its_needs(declared: Pipeline) -> None:
    built = graph(declared)
    assert sorted(built.order) == sorted(declared.steps)
    position = {name: number for number, name in enumerate(built.order)}
    assert all(position[need] < position[name] for name, node in built.nodes.items() for need in node.needs)
    assert graph(declared) == built


@dear(40)
@given(acyclic(), st.data())
def test_the_scheduler_runs_every_step_once_or_blocks_it(declared: Pipeline, data: st.DataObject) -> None:
    built = graph(declared)
    done: set[StepName] = set()
    failed: set[StepName] = set()
    running: list[StepName] = []
    started: list[StepName] = []
    while True:
        for name in ready(built, done, {*started}):
            assert set(built.nodes[name].needs) <= done
            started.append(name)
            running.append(name)
        if not running:
            break
        name = running.pop(data.draw(st.integers(0, len(running) - 1)))
        fails: bool = data.draw(st.booleans())
        (failed if fails else done).add(name)
    assert len(started) == len(set(started))
    assert {*started, *blocked(built, failed)} == set(built.nodes)
    assert not set(started) & blocked(built, failed).keys()
