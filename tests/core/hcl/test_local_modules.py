"""Modules of the repository are read and held against the static checks wherever they lie."""

import posixpath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules, gate
from bot.core.hcl.local_modules import code_id, modules_outside, places_outside
from bot.core.ledger.step_digest import StackGiven, stack_digest
from bot.core.tree import File, Tree, tree_id
from bot.model.pipeline import Stack
from bot.model.roots import DEFAULT
from bot.model.static_check_rules import StaticCheckRules
from bot.names import StepName

APP = StepName("app")
HARMLESS = 'variable "name" {\n  type = string\n}\nresource "terraform_data" "x" {\n  input = var.name\n}\n'


def files(**texts: str) -> dict[str, File]:
    return {path: File(text.encode()) for path, text in texts.items()}


def call(source: str) -> str:
    return f'module "x" {{\n  source = "{source}"\n  name   = "a"\n}}\n'


def code(main: str, repository: dict[str, str], own: dict[str, str] | None = None) -> Tree:
    """Return an environment's code; `repository` holds what a directory outside holds."""
    mine = files(**{"app/.terraform.lock.hcl": "", "app/main.tf": main}, **(own or {}))

    def read(directory: str) -> Tree:
        prefix = f"{directory}/"
        return files(
            **{path.removeprefix(prefix): text for path, text in repository.items() if path.startswith(prefix)}
        )

    return {**mine, **modules_outside(mine, read)}


def findings(found: Tree, **rules: bool) -> list[str]:
    return [str(each) for each in gate(found, {APP: Stack()}, GateRules(StaticCheckRules(**rules), FACTS), "envs/x")]


def test_a_harmless_module_beside_the_environments_passes() -> None:
    assert findings(code(call("../../../modules/logs"), {"../../modules/logs/main.tf": HARMLESS})) == []


def test_a_module_beside_the_stack_passes() -> None:
    assert findings(code(call("../lambda"), {}, {"lambda/main.tf": HARMLESS})) == []


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ('resource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "id"\n  }\n}\n', "main.tf:2: a `provisioner` runs programs"),
        ('locals {\n  x = file("/etc/passwd")\n}\n', "main.tf:2: `file` may read files of its own module"),
        ('locals {\n  x = file("${path.module}/../other/x")\n}\n', "main.tf:2: `file` may read files of its own module"),
        ('data "external" "x" {\n  program = ["id"]\n}\n', "main.tf:1: provider `hashicorp/external`"),
        ('module "y" {\n  source = "git::https://evil.example/x"\n}\n', "main.tf:1: module source `git::https://evil.example/x`"),
        ('x = = 1\n', "main.tf:1: not HCL"),
    ],
)  # fmt: skip
def test_what_a_module_outside_may_not_do_is_refused_at_its_own_line(inner: str, message: str) -> None:
    found = findings(code(call("../../../modules/logs"), {"../../modules/logs/main.tf": inner}))[0]
    assert found.startswith(f"modules/logs/{message}"), found


def test_a_module_called_by_a_module_is_read_as_well() -> None:
    repository = {
        "../../modules/logs/main.tf": call("../inner"),
        "../../modules/inner/main.tf": call("./deep"),
        "../../modules/inner/deep/main.tf": 'data "http" "x" {\n  url = "https://x"\n}\n',
    }
    (found, *_) = findings(code(call("../../../modules/logs"), repository))
    assert found.startswith("modules/inner/deep/main.tf:1: provider `hashicorp/http`")


def test_modules_that_call_one_another_come_to_an_end() -> None:
    repository = {"../../modules/a/main.tf": call("../b"), "../../modules/b/main.tf": call("../a")}
    assert findings(code(call("../../../modules/a"), repository)) == []


def test_code_beside_a_module_that_nobody_calls_is_no_concern() -> None:
    repository = {
        "../../modules/logs/main.tf": HARMLESS,
        "../../modules/logs/examples/all/main.tf": 'data "external" "x" {\n  program = ["id"]\n}\n',
        "../../modules/logs/examples/all/override.tf": "",
    }
    assert findings(code(call("../../../modules/logs"), repository)) == []


def test_an_override_file_of_a_module_is_refused() -> None:
    repository = {"../../modules/logs/main.tf": HARMLESS, "../../modules/logs/main_override.tf": ""}
    (found,) = findings(code(call("../../../modules/logs"), repository))
    assert found.startswith("modules/logs/main_override.tf:1: override files")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("../../../../etc", "leaves the repository"),
        ("../../..", "or is all of it"),
        ("../../../modules/none", "is not the directory of a module"),
        ("./none", "is not the directory of a module"),
        ("/etc/terraform", "is a path of one machine"),
        ("../../../.git/x", "leaves the repository"),
    ],
)
def test_a_source_that_names_no_module_of_the_repository_is_refused(source: str, message: str) -> None:
    (found,) = findings(code(call(source), {"../../modules/logs/main.tf": HARMLESS}))
    assert found.startswith(f"envs/x/app/main.tf:1: module source `{source}`"), found
    assert message in found


def test_a_template_file_of_a_module_is_looked_into_where_the_root_module_finds_it() -> None:
    hostile = {"app/x.tpl": '${file("/etc/passwd")}'}
    inner = 'locals {\n  x = templatefile("x.tpl", {})\n}\n'
    (found,) = findings(code(call("../../../modules/logs"), {"../../modules/logs/main.tf": inner}, hostile))
    assert found.startswith("envs/x/app/x.tpl:1: `file` may read")


def test_the_id_of_the_code_is_gits_until_a_module_outside_is_called_and_then_changes_with_it() -> None:
    alone = code('resource "terraform_data" "x" {}\n', {})
    assert code_id(alone) == tree_id(alone)
    one = code(call("../../../modules/logs"), {"../../modules/logs/main.tf": HARMLESS})
    other = code(
        call("../../../modules/logs"), {"../../modules/logs/main.tf": HARMLESS, "../../modules/logs/x.json": "1"}
    )
    assert len({code_id(one), code_id(other), code_id(alone)}) == 3


def test_a_directory_inside_another_one_counts_once() -> None:
    repository = {"../../modules/a/main.tf": call("./b"), "../../modules/a/b/main.tf": HARMLESS}
    assert places_outside(code(call("../../../modules/a"), repository)) == ["../../modules/a"]


REPOSITORY = files(
    **{
        "policies/a.json": "{}",
        "policies/sub/b.json": "{}",
        "policies/sub/main.tf": "x = = 1",
        "policy/a.json": "{}",
        "modules/m/main.tf": HARMLESS,
        "modules/m/t.tpl": "t",
        "envs/y/environment.yaml": "",
        "envs/y/app/a.json": "{}",
        "envs/a.json": "{}",
        "templates/t/template.yaml": "",
        "templates/t/a.json": "{}",
        ".github/a.json": "{}",
        ".git/config": "",
        "a.json": "{}",
    }
)


def code_of(own: Tree) -> Tree:
    """Return the code of the environment `x` of the repository, by the rules of what may be read of it."""

    def read(directory: str) -> Tree:
        place = DEFAULT.module(directory, "x")
        owned = place is not None and any(
            f"{DEFAULT.owner(place)}/{each}" in REPOSITORY for each in ("environment.yaml", "template.yaml")
        )
        inside = f"{place}/"
        return (
            {}
            if place is None or owned
            else {path.removeprefix(inside): file for path, file in REPOSITORY.items() if path.startswith(inside)}
        )

    return {**own, **modules_outside(own, read)}


def own_code(body: str) -> dict[str, File]:
    return files(
        **{
            "app/.terraform.lock.hcl": "",
            "app/main.tf": body,
            "app/b.json": "1",
            "net/a.json": "1",
            "environment.yaml": "",
        }
    )


@pytest.mark.parametrize(
    "said",
    [
        'file("${path.module}/../../../policies/a.json")',
        'file("${path.root}/../../../policies/sub/b.json")',
        'filesha256("../../../policies/a.json")',
        '[for f in fileset("../../../policies", "*.json") : file("../../../policies/${f}")]',
        '[for f in fileset("${path.module}/../../../policies", "**") : file("${path.module}/../../../policies/${f}")]',
        'file("${local.policies}/a.json")',
        'file("../net/a.json")',
    ],
)
def test_a_file_in_a_directory_beside_the_environments_is_read_if_the_directory_is_written_out(said: str) -> None:
    found = code_of(own_code(f'locals {{\n  policies = "${{path.module}}/../../../policies"\n  x = {said}\n}}\n'))
    assert findings(found) == []
    assert not any(path.startswith("../../policy/") for path in found)


SEGMENTS = st.sampled_from(
    ["..", "..", "..", ".", "", "policies", "polic", "sub", "a.json", "b.json", "envs", "x", "y", "app", "net", ".git", "config", "templates",
     "t", "modules", "m", ".github", "${each}", "ies${each}"]
)  # fmt: skip


@example("file", "${path.module}/", ["..", "..", "..", "policies", "a.json"])
@example("fileset", "", ["..", "..", "..", "policies"])
@example("file", "${local.up}/", ["polic${each}"])
@example("file", "", ["..", "..", "..", "polic${each}"])
@given(
    st.sampled_from(["file", "fileset", "templatefile"]),
    st.sampled_from(["", "${path.module}/", "${path.root}/", "${local.up}/", "./"]),
    st.lists(SEGMENTS, min_size=1, max_size=7),
)
def test_what_may_be_read_counts_in_the_id_of_the_code_and_in_the_digest_of_the_stack(
    function: str, begun: str, path: list[str]
) -> None:
    written = begun + "/".join(path)
    more = {"file": "", "fileset": ', "**"', "templatefile": ", {}"}[function]
    # Beside it a directory is read whose name begins as others do.
    own = own_code(
        f'locals {{\n  up = "${{path.module}}/../../.."\n  polices = fileset("../../../policies", "*")\n'
        f'  x = [for each in ["ies/a.json", "y/a.json", "a.json"] : {function}("{written}"{more})]\n}}\n'
    )
    found = code_of(own)
    if findings(found):
        return
    everything = {**{f"envs/x/{path}": file for path, file in own.items()}, **REPOSITORY}
    for each in ["ies/a.json", "y/a.json", "a.json"]:
        plain = written.replace("${each}", each)
        for root in ("${path.module}", "${path.root}"):
            plain = plain.replace(root, ".")
        place = posixpath.normpath(posixpath.join("envs/x/app", plain.replace("${local.up}", "../../..")))
        read = [
            name
            for name in everything
            if name == place or (function == "fileset" and f"{name}/".startswith(f"{place}/"))
        ]
        for name in read:
            inside = posixpath.relpath(name, "envs/x")
            assert inside in found, f"{written} reads {name}, which is no part of the code"
            changed = {**found, inside: File(found[inside].data + b"!")}
            assert code_id(changed) != code_id(found)
            assert digest(changed) != digest(found)


def digest(code: Tree) -> str:
    return stack_digest(APP, code, StackGiven({}), "k" * 64)
