"""What `envclone template check` says of each purpose, and what it doubts: it holds here, and may not on the machines that plan."""

from dataclasses import replace

import pytest

from bot.clouds.registry import FACTS
from bot.core.rendering.assemble import assemble, read_template
from bot.core.requests.clone import draft_clone
from bot.core.requests.refusal import Refused
from bot.core.requests.template_check.proof import check_template
from bot.core.tree import File
from bot.names import TemplateName
from tests.support import example

HEAD = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.0.0"\n  hashes = '


def test_a_missing_lock_file_and_code_that_is_refused_are_said_in_one_go() -> None:
    at = example.template()
    runs = {"app/run.tf": File(b'data "external" "x" {\n  program = ["id"]\n}\n')}
    files = {path: file for path, file in at.files.items() if not path.endswith(".terraform.lock.hcl")}
    said = [str(each) for each in check_template(replace(at, files={**files, **runs}), None, example.asked()).findings]
    lacking = [each.split(":")[0] for each in said if "missing, so any provider version" in each]
    stacks = at.declaration.stacks
    assert sorted(lacking) == sorted(f"{at.where}/{stack}/.terraform.lock.hcl" for stack in stacks), "each once"
    assert any("external" in each for each in said), said


@pytest.mark.parametrize(
    ("hashes", "is_doubted"),
    [
        ('["h1:a="]', True),
        ('["h1:a=", "h1:b="]', False),
        ('["h1:a=", "zh:c"]', False),
        ('["zh:c"]', False),  # a registry's: of all platforms
    ],
)
def test_a_lock_file_that_may_lack_the_runners_platform_gets_the_command_that_fixes_it(
    hashes: str, is_doubted: bool
) -> None:
    at = example.template()
    lock = {"app/.terraform.lock.hcl": File(f"{HEAD}{hashes}\n}}\n".encode())}
    doubts = check_template(replace(at, files={**at.files, **lock}), None, example.asked()).doubts
    assert ["(app)" in each for each in doubts] == ([True] if is_doubted else [])
    said = "`terraform providers lock -platform=linux_amd64` in envs/NAME/app, and copy the .terraform.lock.hcl that it writes to templates/shop/app."
    assert all(said in each for each in doubts), "Terraform reads no `.tf.j2`"
    plain = {path: file for path, file in at.files.items() if not path.endswith(".j2")}
    doubts = check_template(replace(at, files={**plain, **lock}), None, example.asked()).doubts
    assert all("-platform=linux_amd64` in templates/shop/app, and commit the file." in each for each in doubts)


def test_a_provider_in_a_lock_file_that_no_code_uses_is_doubted() -> None:
    at = example.template()
    files = {**at.files, "network/.terraform.lock.hcl": at.files["app/.terraform.lock.hcl"]}
    doubts = check_template(replace(at, files=files), example.production(), example.asked()).doubts
    [said] = [each for each in doubts if "which no code uses" in each]
    assert said.startswith("the .terraform.lock.hcl of `network` names `registry.terraform.io/hashicorp/aws`")
    assert said.endswith("run `terraform init -backend=false` in templates/shop/network, and commit the file.")


def test_each_purpose_says_how_many_files_it_renders_and_how_many_of_them_differ_from_the_source_s() -> None:
    proof = check_template(example.template(), example.production(), example.asked())
    assert proof.findings == []
    # The manifest, the backend and the values of variables.
    assert [line for line in proof.proved if "purpose" in line] == [
        "purpose production is production's own",
        "purpose demo renders 11 files, of which 3 differ from production's",
        "purpose qa renders 11 files, of which 3 differ from production's",
        "purpose load-test renders 11 files, of which 3 differ from production's",
    ]


def test_files_that_only_opentofu_reads_are_said_before_what_is_missed_without_them() -> None:
    at = example.template()
    files = {
        path.replace(".tf.j2", ".tofu.j2").replace("main.tf", "main.tofu"): file for path, file in at.files.items()
    }
    said = [
        str(each) for each in check_template(replace(at, files=files), example.production(), example.asked()).findings
    ]
    assert (
        f"{at.where}/app/main.tofu:1: .tofu files are read only by OpenTofu, so Terraform would not plan what was reviewed. Rename it to "
        "main.tf, which both read, in place of any file of that name. If OpenTofu is to plan all environments, say `tool: opentofu` in "
        "the policy." in said
    )


def test_a_variable_without_a_value_is_doubted() -> None:
    at = example.template()
    more = {"app/more.tf": File(b'variable "forgotten" {}\n')}
    proof = check_template(replace(at, files={**at.files, **more}), example.production(), example.asked())
    assert proof.findings == []
    assert ["no value for `forgotten`" in each for each in proof.doubts] == [True]


def test_what_only_clones_for_one_purpose_would_be_refused_for_names_it() -> None:
    # Of the clones, those for `demo` alone have a small database.
    code = b'resource "aws_db_instance" "a" {\n  deletion_protection = {{ (db_class == "small") | json }}\n  skip_final_snapshot = true\n}\n'
    at = read_template(TemplateName("shop"), {**example.template_files(), "app/db.tf.j2": File(code)}, FACTS)
    source = example.production(at)
    said = [each.message for each in check_template(at, source, example.asked()).findings]
    assert said
    assert {each.rpartition(". ")[2] for each in said} == {"So it is for the purpose `demo`."}
    base = replace(example.base(), template=at, source=source, source_files=assemble(at, source))
    refused = draft_clone(example.asked(), base)
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("The template's code would not be planned for the purpose `demo`. ")
