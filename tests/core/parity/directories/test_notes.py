"""What could not be compared is said, never left out in silence."""

import pytest

from tests.core.parity.directories.layouts import compare, said

GOOD = 'resource "aws_vpc" "main" { cidr_block = "10.0.0.0/16" }\n'


@pytest.mark.parametrize(
    ("path", "text", "note"),
    [
        ("qa/broken.tf", "resource {", "is not read:"),
        ("qa/terraform.tfvars", "size = ", "its values are not read:"),
        ("qa/x.auto.tfvars.json", "[1]", "a file of values in JSON is an object"),
        ("qa/main.tofu", GOOD, "is read as OpenTofu does"),
        ("qa/more.tf.json", "[]", "is not read:"),
        ("qa/override.tf", GOOD.replace("10.0", "10.1"), "overrides other blocks"),
        ("qa/qa.tfvars", 'size = "s"', "name it with `--var-file`"),
        ("qa/terragrunt.hcl", "inputs = {}", "Terragrunt's configuration is not read"),
        (
            "qa/vpc.tf",
            'module "vpc" { source = "terraform-aws-modules/vpc/aws" }',
            "is a module outside of the repository",
        ),
        ("qa/gone.tf", 'module "gone" { source = "../gone" }', "calls a module that is not there (../gone)"),
        ("qa/variables.tf", 'variable "token" {}', "on one side only no file and no default gives a value"),
    ],
)
def test_what_is_not_read_or_not_evaluated_is_said(path: str, text: str, note: str) -> None:
    parity = compare({"prod/main.tf": GOOD, "qa/main.tf": GOOD, path: text}, "qa", "prod")
    assert any(note in each.text for each in parity.notes), parity.notes


def test_a_root_module_that_is_too_much_to_evaluate_is_left_out_and_named() -> None:
    much = (
        "locals {\n"
        + "".join(f"  x{n} = [for i in range(1000) : [for j in range(100) : i]]\n" for n in range(9))
        + "}\n"
    )
    much += 'resource "terraform_data" "x" {\n  input = [' + ", ".join(f"local.x{n}" for n in range(9)) + "]\n}\n"
    texts = {"prod/a/main.tf": GOOD, "qa/a/main.tf": GOOD, "qa/b/main.tf": much, "prod/b/main.tf": GOOD}
    parity = compare(texts, "qa", "prod")
    assert [each.place for each in parity.notes if "is not compared" in each.text] == ["qa/b"]


def test_instances_that_only_terraform_can_know_are_counted_and_not_called_missing() -> None:
    code = 'resource "aws_instance" "w" {\n  for_each = toset(%s)\n  ami = "a"\n}\n'
    texts = {"prod/main.tf": code % "data.x.y.ids", "qa/main.tf": code % '["a"]'}
    parity = compare(texts, "qa", "prod")
    assert said(parity) == {}
    assert parity.set_apart["blocks whose instances only Terraform can know"] == 1


def test_a_workspace_that_is_not_known_is_said_once_however_much_depends_on_it() -> None:
    blocks = [f'resource "terraform_data" "x{n}" {{\n  input = terraform.workspace\n}}\n' for n in range(400)]
    code = {"infra/main.tf": "".join(blocks)}
    (note,) = compare(code, "infra", "infra").notes
    assert note.place == "infra/main.tf:2"
    assert note.text.startswith("and 399 other lines read `terraform.workspace`")
    assert "`--workspace`" in note.text
    (left,) = compare(code, "infra", "infra", workspaces=("qa", "")).notes
    assert left == note, "that of one side says nothing of the other's"
    named = compare(code, "infra", "infra", workspaces=("qa", "prod"))
    assert (list(named.notes), len(named.differences)) == ([], 400)
