"""Rendering: byte for byte, escaped, and never another structure (laws 2, 3 and 6)."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import hcl2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clouds.registry import FACTS
from bot.commands.model import Clone
from bot.core.hcl.comparison.structure import structure
from bot.core.rendering.assemble import assemble, manifest_file, read_manifest, read_template
from bot.core.rendering.escape import as_json, finalize_hcl, hcl
from bot.core.rendering.parameter_types import checked
from bot.core.rendering.render import render
from bot.core.requests.clone import Draft, draft_clone
from bot.core.requests.refusal import Refused
from bot.core.tree import File, Tree, tree_id
from bot.errors import InvalidInput
from bot.model.roots import DEFAULT as ROOTS
from bot.model.template import StringParameter
from bot.names import EnvironmentName, ParameterName, TemplateName
from tests import ROOT
from tests.support import example
from tests.support.budget import examples
from tests.support.patience import PATIENCE

ANY_TEXT = st.text(max_size=80) | st.sampled_from(
    [
        '"',
        "\\",
        "${var.x}",
        "%{ if true }",
        '"\n}\nresource "null_resource" "x" {',
        "{{ 7*7 }}",
        "{% raw %}",
        "<<EOT",
        "$${",
        '\\"',
        "a\tb",
        "'",
        "#",
        "//",
    ]
)


def acceptable(text: str) -> bool:
    try:
        checked(ParameterName("greeting"), StringParameter(type="string", description="any"), text)
    except InvalidInput:
        return False
    return True


def draft(**command: Any) -> Draft:
    drafted = draft_clone(example.asked(**command), example.base())
    assert isinstance(drafted, Draft), drafted
    return drafted


@cache
def plain() -> Tree:
    return draft().files


def test_files_are_copied_byte_for_byte_and_j2_files_lose_their_ending() -> None:
    files = draft().files
    assert files["app/main.tf"].data == example.MAIN
    assert files["app/logo.bin"].data == bytes(range(256))
    assert files["hooks/seed"].executable
    assert set(files) == {
        "environment.yaml", "hooks.yaml", "network/main.tf", "app/main.tf", "app/terraform.tfvars.json", "app/backend.tf",
        "app/logo.bin", "hooks/seed", "app/provider.tf", "app/.terraform.lock.hcl", "network/.terraform.lock.hcl",
    }  # fmt: skip


def test_values_arrive_in_terraform_exactly_as_they_were_given() -> None:
    files = draft(set={ParameterName("greeting"): 'a "b" \\ ${c} %{d}'}).files
    assert json.loads(files["app/terraform.tfvars.json"].data)["greeting"] == 'a "b" \\ ${c} %{d}'


def test_a_value_in_hcl_is_escaped_by_default() -> None:
    source = {"a.tf.j2": File(b'locals {\n  x = "{{ greeting }}"\n  y = {{ greeting | hcl }}\n}\n')}
    declared = {ParameterName("greeting"): example.template().declaration.parameters[ParameterName("greeting")]}
    rendered = render(source, declared, {ParameterName("greeting"): 'a"${b}%{c}\\'})
    assert (
        rendered["a.tf"].data.decode()
        == 'locals {\n  x = "a\\"$\\u007bb}%\\u007bc}\\\\"\n  y = "a\\"$\\u007bb}%\\u007bc}\\\\"\n}\n'
    )


@examples(50)
@given(ANY_TEXT.filter(acceptable))
def test_law_3_no_value_changes_the_structure_of_a_rendered_file(text: str) -> None:
    files = draft(set={ParameterName("greeting"): text}).files
    for path in ("app/terraform.tfvars.json", "app/backend.tf"):
        assert structure(path, files[path].data) == structure(path, plain()[path].data)
    assert json.loads(files["app/terraform.tfvars.json"].data)["greeting"] == text


@examples(150)
@given(ANY_TEXT.filter(acceptable))
def test_law_3_a_text_in_a_quoted_hcl_string_is_one_literal(text: str) -> None:
    found = hcl2.loads(f'a = "{finalize_hcl(text)}"\nb = {hcl(text)}\n')
    assert set(found) == {"a", "b"}
    assert found["a"] == found["b"]
    assert structure("x.tf", f'a = "{finalize_hcl(text)}"\n'.encode()) == structure("x.tf", b'a = "neutral"\n')


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (b"x = {{ greeting }}\n", "1\ny = 2"),
        (b"x = {{ greeting }}\n", "file(1)"),
        (b"{{ greeting }} = 1\n", "y"),
        (b'resource "{{ greeting }}" "x" {\n}\n', "y"),
        (b"x = <<EOT\n{{ greeting }}\nEOT\n", "y"),
        (b"# {{ greeting }}\nx = 1\n{% if greeting == 'y' %}y = 2\n{% endif %}", "y"),
    ],
)
def test_a_text_where_only_syntax_may_stand_is_refused_by_name(source: bytes, value: str) -> None:
    declared = {ParameterName("greeting"): StringParameter(type="string", description="any")}
    if b'resource "' in source:  # a label in quotes is text to the grammar: it is escaped, and can't leave its quotes
        rendered = render({"a.tf.j2": File(source)}, declared, {ParameterName("greeting"): 'y" "z'})
        assert hcl2.loads(rendered["a.tf"].data.decode())
        return
    with pytest.raises(InvalidInput, match=r"a\.tf\.j2.*`greeting`|a\.tf:\d+: not HCL"):
        render({"a.tf.j2": File(source)}, declared, {ParameterName("greeting"): value})


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        (
            "a.tf.j2",
            b"x = {{ nothing }}\n",
            "'nothing' is undefined. Declare `nothing` under `parameters` in template.yaml.",
        ),
        ("a.tf.j2", b"x = {{ nothing | hcl }}\n", "'nothing' is undefined"),
        ("a.json.j2", b'{"x": {{ nothing | json }}}\n', "'nothing' is undefined"),
        ("a.tf.j2", b'{% include "b" %}', "can't include another one"),
        ("a.tf.j2", b'{% import "b" as b %}', "can't include another one"),
        ("a.tf.j2", b'x = "{{ "".__class__.__mro__ }}"\n', "unsafe"),
        ("a.tf.j2", b"x = {{ greeting.upper.__globals__ }}\n", "has no attribute"),
        ("a.tf.j2", b'x = "{{ range(9) }}"\n', "'range' is undefined"),
        ("a.tf.j2", b'x = "{{ lipsum() }}"\n', "'lipsum' is undefined"),
        ("a.tf.j2", b'x = "{{ [greeting] }}"\n', "can't be written inside a string"),
        ("a.tf.j2", b"x = {{ greeting\n", "a.tf.j2:"),
        ("a.tf.j2", b"x = \xff\n", "not UTF-8"),
        ("a.tf.json.j2", b"{}", "Use a .tf file"),
        ("a.sh.j2", b"echo {{ greeting }}", "can be rendered"),
        ("a.sh.j2", b"", "is copied if it is named `a.sh.j2.j2`"),
        ("a.tf.j2", b'x = "{{ .Values.name }}"\n', "go between `{% raw %}` and `{% endraw %}`"),
        ("a.tf", b"x = = 1\n", "a.tf:1: not HCL"),
        ("a b.tf", b"x = 1\n", "not a valid path"),
        ("../a.tf", b"x = 1\n", "not a valid path"),
        (".git/config", b"", "not a valid path"),
    ],
)
def test_a_template_that_is_not_safe_is_refused_by_file(path: str, source: bytes, complaint: str) -> None:
    declared = {ParameterName("greeting"): StringParameter(type="string", description="any")}
    with pytest.raises(InvalidInput, match=re.escape(complaint)):
        render({path: File(source)}, declared, {ParameterName("greeting"): "hello"})


def test_a_file_that_is_itself_to_end_in_j2_is_copied_as_it_is() -> None:
    found = render({"app/x.conf.j2.j2": File(b"{{ not ours }}", executable=True)}, {}, {})
    assert found == {"app/x.conf.j2": File(b"{{ not ours }}", executable=True)}


def test_two_files_that_render_to_one_are_refused() -> None:
    with pytest.raises(InvalidInput, match="two files"):
        render({"a.tf": File(b"x = 1\n"), "a.tf.j2": File(b"x = 1\n")}, {}, {})


@pytest.mark.slow
def test_law_2_the_same_input_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    program = "from tests.core.rendering.test_render import draft\nfrom bot.core.tree import tree_id\nprint(tree_id(draft().files))\n"
    root = ROOT
    for seed in ("1", "2"):
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(root), "LC_ALL": "C", "TZ": "Asia/Tokyo"}
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
        assert done.stdout.strip() == tree_id(draft().files)


def test_law_2_an_environment_is_a_function_of_its_template_and_manifest() -> None:
    drafted = draft()
    assert assemble(example.template(), drafted.manifest) == drafted.files
    again = read_manifest({"environment.yaml": manifest_file(drafted.manifest, ROOTS)}, "envs/demo-x")
    assert again == drafted.manifest


def test_law_6_nothing_of_productions_identity_is_in_a_clone() -> None:
    for purpose in ("demo", "qa", "load-test"):
        files = draft(name="demo-y", purpose=purpose).files
        everything = b"".join(file.data for path, file in files.items() if path != "environment.yaml")
        for mark in (b"111111111111", b"shop.acme.example", b"10.0.0.0/16", b"payments.acme.example", b"production/"):
            assert mark not in everything
        values = read_manifest(files, "x").parameters
        for name, parameter in example.template().declaration.parameters.items():
            if parameter.identity:
                assert values[name] != example.PRODUCTION_VALUES[name]


@given(st.dictionaries(st.sampled_from(["a", "b/c", "b/d", "e.f", "b.x", "b0"]), st.binary(max_size=20), max_size=6))
@examples(25)
def test_tree_ids_are_gits_own(files: dict[str, bytes]) -> None:
    import tempfile  # noqa: PLC0415 (hypothesis and function-scoped fixtures don't mix)

    with tempfile.TemporaryDirectory() as scratch:

        def git(*words: str) -> str:
            return subprocess.run(
                ["git", "-C", scratch, *words], capture_output=True, text=True, check=True, timeout=PATIENCE
            ).stdout.strip()

        git("init", "-q")
        for path, data in files.items():
            place = Path(scratch) / path
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(data)
            place.chmod(0o755 if len(data) % 2 else 0o644)
        git("add", "-A")
        tree = {path: File(data, executable=bool(len(data) % 2)) for path, data in files.items()}
        assert tree_id(tree) == git("write-tree")


def test_json_values_are_written_in_one_way() -> None:
    assert as_json({"b": 1, "a": "é${x}"}) == '{"a": "é${x}", "b": 1}'


def test_a_template_reads_with_the_line_of_each_mistake() -> None:
    files = example.template_files()
    files["template.yaml"] = File(example.DECLARATION.replace("app_min: {", "app_min: {maximum: 4, ").encode())
    with pytest.raises(
        InvalidInput, match=r"templates/shop/template.yaml:11: unknown key `parameters.app_min.maximum`"
    ):
        read_template(TemplateName("shop"), files, FACTS)


def test_a_refusal_is_a_value_with_the_command_to_type_instead() -> None:
    refusal = draft_clone(example.asked(purpose="dmo"), example.base())
    assert isinstance(refusal, Refused)
    assert isinstance(refusal.instead, Clone)
    assert refusal.instead.purpose == "demo"
    assert refusal.instead.name == EnvironmentName("demo-x")
