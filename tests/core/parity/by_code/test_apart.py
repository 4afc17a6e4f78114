"""A clone that is production under another name is refused, whatever its review would say."""

from dataclasses import replace

import pytest

from bot.clouds.registry import FACTS
from bot.core.parity.by_code.apart import not_apart, unread
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.rendering.assemble import TemplateAt
from bot.core.tree import File, Tree
from bot.names import ParameterName
from tests.core.parity import shop

WHERE = "envs/demo-x"
SOURCE = CodeSide(shop.BASE.source, shop.BASE.source_files)


def told(files: Tree) -> list[str]:
    return [str(each) for each in not_apart(SOURCE, CodeSide(shop.clone().manifest, files), FACTS, WHERE)]


def test_a_clone_of_our_own_template_is_another_environment() -> None:
    assert told(shop.clone().files) == []
    assert unread(shop.BASE.template, shop.BASE.source, shop.clone().manifest) == []


def test_a_stack_with_the_sources_state_is_refused_at_its_backend() -> None:
    backend = "network/backend.tf"
    files = {**shop.clone().files, backend: SOURCE.files[backend]}
    said = "stack `network` has the state of `production`: let its place come from a parameter with `identity: true`."
    assert told(files) == [f"envs/demo-x/{backend}:2: {said}"]


def test_a_stack_with_the_sources_code_is_refused() -> None:
    theirs = {path: file for path, file in SOURCE.files.items() if path.startswith("network/")}
    ours = {path: file for path, file in shop.clone().files.items() if not path.startswith("network/")}
    local = b'terraform {\n  backend "local" {}\n}\n'
    both = {**theirs, "network/backend.tf": File(local)}
    found = not_apart(
        CodeSide(SOURCE.manifest, {**SOURCE.files, **both}),
        CodeSide(shop.clone().manifest, {**ours, **both}),
        FACTS,
        WHERE,
    )
    assert ["stack `network` is, file for file, that of `production`" in str(each) for each in found] == [True]
    reads = File(b"locals {\n  name = terraform.workspace\n}\n")
    both["network/names.tf"] = reads
    assert (
        not_apart(
            CodeSide(SOURCE.manifest, {**SOURCE.files, **both}),
            CodeSide(shop.clone().manifest, {**ours, **both}),
            FACTS,
            WHERE,
        )
        == []
    ), "its workspace tells it apart"


def without(template: TemplateAt, name: str, instead: str) -> TemplateAt:
    """Return a template whose files write a value out in place of a parameter."""
    text = f"{{{{ {name} }}}}".encode()
    assert any(text in file.data for file in template.files.values())
    files = {
        path: File(file.data.replace(text, instead.encode()), file.executable) for path, file in template.files.items()
    }
    return replace(template, files=files)


@pytest.mark.parametrize("is_used", [True, False])
def test_an_identity_parameter_that_changes_no_file_is_refused_where_it_is_declared(is_used: bool) -> None:
    template, name = shop.BASE.template, ParameterName("state_bucket")
    value = str(SOURCE.manifest.parameters[name])
    changed = template if is_used else without(template, name, value)
    found = [str(each) for each in unread(changed, SOURCE.manifest, shop.clone().manifest)]
    assert [f"`{name}` has `identity: true`, but changes no file" in each for each in found] == [True] * (not is_used)
    assert all(each.startswith("templates/production/template.yaml:") for each in found)
