"""Modules of the repository are read and held against the static checks wherever they lie."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules, gate
from bot.core.hcl.local_modules import code_id, modules_outside, places_outside
from bot.core.tree import File, Tree, tree_id
from bot.model.pipeline import Stack
from bot.model.policy import StaticCheckRules
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
