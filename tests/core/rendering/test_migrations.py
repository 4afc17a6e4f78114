"""Migrations with blocks: each environment gets those that it has not had, in order and once, and stays what its template renders."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clouds.registry import FACTS
from bot.core.messages.sync_text import migrations
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.rendering.assemble import TemplateAt, assemble, read_template
from bot.core.rendering.migrations import migrated, pending
from bot.core.rendering.synced_values import carried
from bot.core.rendering.verify import verify
from bot.core.requests.preflight import CheckRules, code_findings
from bot.core.requests.template_check.proof import check_template
from bot.core.tree import File
from bot.errors import InvalidInput
from bot.model.environment import Manifest
from bot.model.policy import Policy, Quota
from bot.model.static_check_rules import StaticCheckRules
from bot.names import EnvironmentName, TemplateName
from tests.support import example
from tests.support.budget import examples

FILE = "app/migrations.tf"
IMPORT = 'import {\n  to = aws_ssm_parameter.greeting\n  id = "/production/greeting"\n}'


def moved(number: int) -> str:
    return f"moved {{\n  from = terraform_data.r{number - 1}\n  to   = terraform_data.r{number}\n}}"


def template(blocks: Sequence[tuple[int, str]], **files: bytes) -> TemplateAt:
    """Return the template with a migration for each of these."""
    texts = ((number, text.replace("\n", "\n        ")) for number, text in blocks)
    listed = "".join(
        f"  step_{number}:\n    description: The {number}. step.\n    blocks:\n      app: |\n        {text}\n"
        for number, text in texts
    )
    declaration = example.DECLARATION + (f"migrations:\n{listed}" if blocks else "")
    found = {**example.template_files(), **{path: File(data) for path, data in files.items()}}
    return read_template(TemplateName("shop"), {**found, "template.yaml": File(declaration.encode())}, FACTS)


CHAIN = [template([(number, moved(number)) for number in range(1, last + 1)]) for last in range(7)]
"""Revisions of a template, each with one migration more."""


def clone(at: TemplateAt) -> Manifest:
    given = {"name": EnvironmentName("demo-x"), "source": EnvironmentName("production"), "purpose": "demo"}
    return example.production(at).model_copy(update=given)


def brought(manifest: Manifest, before: TemplateAt, after: TemplateAt) -> Manifest:
    kept = carried(manifest, before.declaration, after.declaration)
    return kept.model_copy(update={"revision": after.revision})


@examples(100)
@given(st.sets(st.integers(0, 6), min_size=1), st.booleans())
def test_whatever_revisions_are_skipped_the_blocks_since_the_first_are_there_once_and_in_order(
    met: set[int], is_clone: bool
) -> None:
    first, *others = sorted(met)
    manifest, at = (clone if is_clone else example.production)(CHAIN[first]), first
    for number in others:
        manifest, at = brought(manifest, CHAIN[at], CHAIN[number]), number
    files = assemble(CHAIN[at], manifest)
    said = files[FILE].data.decode() if FILE in files else ""
    assert said == "\n".join(f"# step_{n}: The {n}. step.\n{moved(n)}\n" for n in range(first + 1, at + 1))
    assert manifest.migrated == (tuple(f"step_{n}" for n in range(first + 1, at + 1)) or None)
    assert [each for each in verify(manifest.name, files, CHAIN[at]) if each.path.endswith(".tf")] == []
    again = brought(manifest, CHAIN[at], CHAIN[at])
    assert assemble(CHAIN[at], again) == files


def test_a_new_environment_has_no_blocks_and_a_dropped_migration_takes_its_own_along() -> None:
    assert FILE not in assemble(CHAIN[6], clone(CHAIN[6]))
    kept = template([(number, moved(number)) for number in range(3, 7)])
    manifest = brought(brought(clone(CHAIN[1]), CHAIN[1], CHAIN[5]), CHAIN[5], kept)
    assert manifest.migrated == ("step_3", "step_4", "step_5", "step_6")
    assert moved(2) not in assemble(kept, manifest)[FILE].data.decode()


def test_a_clone_imports_nothing() -> None:
    after = template([(1, IMPORT), (2, f"{moved(1)}\n\n{IMPORT}\n\n{moved(2)}")])
    production, of_clone = (
        assemble(after, brought(each, CHAIN[0], after)) for each in (example.production(CHAIN[0]), clone(CHAIN[0]))
    )
    assert production[FILE].data.decode().count(IMPORT) == 2
    assert of_clone[FILE].data.decode() == f"# step_2: The 2. step.\n{moved(1)}\n\n{moved(2)}\n"
    only = template([(1, IMPORT)])
    assert FILE not in assemble(only, brought(clone(CHAIN[0]), CHAIN[0], only))


def test_a_clone_that_says_it_has_no_source_is_refused_with_an_import() -> None:
    after = template([(1, IMPORT)])
    pretending = brought(clone(CHAIN[0]), CHAIN[0], after).model_copy(update={"source": None})
    rules = CheckRules(Policy(gate=StaticCheckRules(imports=True)), FACTS)
    found = code_findings(CodeSide(pretending, assemble(after, pretending)), rules)
    assert any(each.path.endswith(FILE) and "nothing to import" in each.message for each in found)


def test_what_a_manifest_names_and_the_template_has_not_is_a_hand_edit() -> None:
    manifest = example.production(CHAIN[1]).model_copy(update={"migrated": ("step_1", "step_9")})
    [found] = verify(manifest.name, assemble(CHAIN[1], manifest), CHAIN[1])
    assert found.message == "template shop has no migration `step_9`."


def test_blocks_pass_the_gate_that_all_code_passes() -> None:
    at = template([(1, moved(1)), (2, IMPORT)])
    production = example.production(at)
    lenient = CheckRules(Policy(gate=StaticCheckRules(imports=True), quota=Quota(total=9, per_owner=9)), FACTS)
    assert check_template(at, production, example.asked(), lenient).findings == []
    [refused] = check_template(at, production, example.asked(), CheckRules(Policy(), FACTS)).findings
    assert "`gate.imports`" in refused.message
    declared = at.files["template.yaml"].data.decode().splitlines()
    assert (refused.path, declared[refused.line - 1].strip()) == ("templates/shop/template.yaml", "import {")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('resource "terraform_data" "x" {}', "no `resource` in line 1: write that in a file of the stack."),
        ("moved {", "migration step_1:"),
        ("# nothing", "no block: leave the stack out."),
    ],
)
def test_a_migration_that_is_not_one_is_named_and_renders_nothing(text: str, message: str) -> None:
    at = template([(1, text)])
    [found] = [each for each in check_template(at, None, example.asked()).findings if message in each.message]
    assert found.path == "templates/shop/template.yaml"
    assert found.line > 1
    with pytest.raises(InvalidInput):
        assemble(at, brought(clone(CHAIN[0]), CHAIN[0], at))


def test_the_template_s_own_file_is_not_written_over() -> None:
    at = template([(1, moved(1))], **{FILE: b"# ours\n"})
    assert FILE in assemble(at, clone(at))
    with pytest.raises(InvalidInput, match="Give the template's own file another name"):
        assemble(at, brought(clone(CHAIN[0]), CHAIN[0], at))


def test_people_read_which_files_a_migration_changes() -> None:
    found = pending(CHAIN[4].declaration, CHAIN[6].declaration)
    assert migrations(found).splitlines()[-1] == "- `step_6` in `app/migrations.tf`: The 6. step."
    assert migrated(clone(CHAIN[4]), CHAIN[4].declaration, CHAIN[6].declaration) == ("step_5", "step_6")
