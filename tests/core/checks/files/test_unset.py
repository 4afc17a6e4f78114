"""Variables without a value, and files whose values nobody reads: what a plan would only say after a pull request."""

import pytest

from bot.core.checks.files.unset import unset
from bot.core.tree import File
from bot.model.pipeline import FromOutput, Stack
from bot.names import ParameterName, StepName
from tests.support.repositories import KINDS, Adopted

SIZE = 'variable "size" {}\nvariable "name" {\n  default = "x"\n}\n'
RENAME = [
    "app/production.tfvars is read only with `-var-file`, which envclone never passes: rename it to production.auto.tfvars."
]


def said(files: dict[str, str], *given: str, **inputs: FromOutput) -> list[str]:
    code = {path: File(text.encode()) for path, text in {"app/main.tf": SIZE, **files}.items()}
    return list(
        unset(
            code,
            {StepName("app"): Stack(inputs={ParameterName(name): given_by for name, given_by in inputs.items()})},
            given,
        )
    )


def test_a_variable_without_a_value_is_said_with_every_way_to_give_one() -> None:
    (line,) = said({})
    assert line.startswith("stack `app` has no value for `size`, so its plan fails: write it into app/terraform.tfvars")
    assert "`inputs`" in line
    assert "`TF_VAR_size`" in line


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"app/terraform.tfvars": "size = 1\n"}, []),
        ({"app/terraform.tfvars.json": '{"size": null}'}, []),
        ({"app/x.auto.tfvars": "size = 1\n"}, []),
        ({"app/x.auto.tfvars.json": '{"size": 1}'}, []),
        ({"app/production.tfvars": "size = 1\n"}, RENAME),
        ({"app/production.tfvars": "size = 1\n", "app/terraform.tfvars": "size = 2\n"}, []),
        ({"app/backend.tf": 'terraform {\n  cloud {\n    organization = "acme"\n  }\n}\n'}, []),
        ({"app/backend.tf": 'terraform {\n  backend "remote" {\n  }\n}\n'}, []),
        ({"app/module/main.tf": 'variable "inner" {}\n', "app/terraform.tfvars": "size = 1\n"}, []),
    ],
)
def test_what_terraform_reads_by_itself_gives_a_value_and_no_other_file_does(
    files: dict[str, str], found: list[str]
) -> None:
    assert said(files) == found


def test_an_output_of_another_stack_and_a_secret_of_the_account_are_values_too() -> None:
    assert said({}, size=FromOutput(source="network.size")) == []
    assert said({}, "TF_VAR_size", "PG_CONN_STR") == []


@pytest.mark.parametrize("values", ["size = \n", "[1]", "{"])
def test_what_can_not_be_read_gives_none(values: str) -> None:
    assert len(said({"app/terraform.tfvars": values, "app/terraform.tfvars.json": values})) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_repositories_as_people_write_them_lack_nothing(kind: str) -> None:
    adopted = Adopted(kind)
    names = {name for account in adopted.policy.accounts.values() for name in account.variables}
    assert list(unset(adopted.base.source_files, adopted.template.declaration.stacks, names)) == []
