"""A production becomes a template, or is refused where it can't be read."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import yaml

from bot.clouds.registry import FACTS
from bot.core.adoption.adopt import Adoption, adopt
from bot.core.adoption.settled import as_in_production, called_in_both, given_elsewhere
from bot.core.adoption.stacks import stack_names
from bot.core.hcl.syntax.tokens import NotHcl
from bot.core.parity.directories.compare import sides_likeness
from bot.core.parity.directories.sides import RootSource, side_of
from bot.core.rendering.assemble import read_template
from bot.core.tree import File
from bot.errors import InvalidInput
from bot.model.pipeline import When
from bot.model.roots import DEFAULT
from bot.names import PurposeName, StepName, TemplateName


def adopted(code: str, values: bytes = b"") -> Adoption:
    files = {"live/prod/main.tf": File(code.encode()), "live/prod/terraform.tfvars": File(values)}
    side = side_of("live/prod", "live/prod", files)
    return adopt("production", side, None, sides_likeness(side, side, FACTS), roots=DEFAULT)


def adopted_with(code: str, *both: tuple[str, str]) -> Adoption:
    """Adopt code whose texts `%s` are production's and the other environment's."""
    theirs, ours = (
        side_of(
            f"live/{name}",
            f"live/{name}",
            {
                f"live/{name}/main.tf": File((code % tuple(pair[at] for pair in both)).encode()),
                f"live/{name}/backend.hcl": File(b'bucket = "acme-state"\n'),
            },
        )
        for at, name in enumerate(("prod", "staging"))
    )
    return adopt("production", theirs, ours, sides_likeness(ours, theirs, FACTS), roots=DEFAULT)


def test_what_the_command_line_gave_a_backend_is_asked_for_in_the_code() -> None:
    found = adopted_with('terraform {\n  backend "s3" {\n    region = "%s"\n  }\n}\n', ("eu-west-1", "eu-west-1"))
    (said,) = found.undecided
    assert (said.path, said.line) == ("templates/production/main/main.tf", 3)
    assert "the backend `s3` lacks `bucket` and `key`" in said.message
    assert "`live/prod/backend.hcl` may have them" in said.message
    written = 'terraform {\n  backend "s3" {\n    bucket = "%s"\n    key = "app.tfstate"\n  }\n}\n'
    assert not adopted_with(written, ("acme", "acme")).undecided
    remote = 'terraform {\n  backend "remote" {\n    organization = "%s"\n    workspaces {\n      name = "app"\n    }\n  }\n}\n'
    assert not adopted_with(remote, ("acme", "acme")).undecided


def test_a_table_of_locks_and_a_key_are_an_account_s_and_follow_no_clone_s_name() -> None:
    code = 'terraform {\n  backend "s3" {\n    bucket = "%s"\n    key = "production/main/a.tfstate"\n    dynamodb_table = "%s"\n    kms_key_id = "%s"\n  }\n}\n'
    both = [(f"{each}-prod", f"{each}-staging") for each in ("state", "locks", "alias/key")]
    declared = yaml.safe_load(adopted_with(code, *both).files["template.yaml"].data)["parameters"]
    assert {name: each["derive"] for name, each in declared.items() if name.startswith("state_")} == {
        "state_bucket": "state-staging",
        "state_dynamodb_table": "locks-staging",
        "state_kms_key_id": "alias/key-staging",
    }


def test_a_host_is_called_so_and_one_that_both_call_is_for_a_person_to_decide() -> None:
    code = 'resource "aws_route53_record" "a" {\n  name = "%s"\n}\nlocals {\n  pay  = "%s"\n  mail = "%s"\n}\n'
    found = adopted_with(
        code,
        ("acme.example", "staging.acme.example"),
        ("https://pay.example/live", "https://pay.example/test"),
        ("https://mail.example", "https://trap.example"),
    )
    assert {each.name: each.description for each in found.parameters}["host"] == "`name` in main/main.tf."
    declared = yaml.safe_load(found.files["template.yaml"].data)["parameters"]
    assert [name for name, each in declared.items() if each.get("outbound")] == ["mail"]

    def calls(**declared: object) -> list[str]:
        template = read_template(TemplateName("production"), found.files, FACTS)
        said = template.declaration.model_copy(update=declared)
        return [each.message for each in called_in_both(found.parameters, replace(template, declaration=said))]

    assert [each.partition(".")[0] for each in calls()] == ["`pay` calls `pay"]
    assert calls(shared=("pay.example",)) == calls(parameters={}) == []


def test_what_every_clone_gets_as_production_has_it_is_named_until_somebody_decides_about_it() -> None:
    code = "".join(f'resource "terraform_data" "{each}" {{\n  input = "%s"\n}}\n' for each in "ab")
    theirs, ours = (
        side_of(at, at, {f"{at}/main.tf": File((code % (at, at) + more).encode()), f"{at}/x.json": File(at.encode())})
        for at, more in (("prod", "locals {\n  only = 1\n  more = 2\n}\n"), ("staging", ""))
    )
    found = adopt("production", theirs, ours, sides_likeness(ours, theirs, FACTS), roots=DEFAULT)
    template = read_template(TemplateName("production"), found.files, FACTS)

    def named(edit: Callable[[str], str] = str, path: str = "main/main.tf.j2", **declared: object) -> list[str]:
        edited = {**found.files, path: File(edit(found.files[path].data.decode()).encode())}
        there = replace(template, files=edited, declaration=template.declaration.model_copy(update=declared))
        said = as_in_production(found.as_in_production, found.files, there)
        return [f"{each.path.removeprefix('templates/production/main/')}:{each.line}" for each in said]

    assert named() == ["main.tf.j2:7", "x.json:1"]
    assert named("# a line above\n".__add__)[0] == "main.tf.j2:8", "it is still there"
    only = When(purpose=(PurposeName("production"),))
    for decided in (
        named(lambda text: text.replace("locals", "{% if disposable %}\nlocals") + "{% endif %}"),
        named(lambda text: text.replace("  more", "{% if disposable %}\n  less = 1\n{% endif %}  more")),
        named(lambda text: text.replace("only = 1", "only = {{ only }}")),
        named(files={"main/main.tf": only}),
    ):
        assert decided == ["x.json:1"]
    assert named("{}".__add__, "main/x.json") == named(files={"main/x.json": only}) == ["main.tf.j2:7"]


def test_what_the_other_environment_s_values_alone_say_is_named_until_the_template_says_it() -> None:
    code, values = b'variable "log_level" {}\nvariable "size" {}\n', {"prod": 'size = "l"\n', "staging": 'size = "s"\n'}
    values["staging"] += 'log_level = "debug"\nunknown = "x"\n'
    theirs, ours = (
        side_of(at, at, {f"{at}/main.tf": File(code), f"{at}/terraform.tfvars": File(text.encode())})
        for at, text in values.items()
    )
    found = adopt("production", theirs, ours, sides_likeness(ours, theirs, FACTS), roots=DEFAULT)
    template = read_template(TemplateName("production"), found.files, FACTS)
    (said,) = given_elsewhere(found.given_elsewhere, template)
    assert str(said).startswith("staging/terraform.tfvars:2: `log_level` has a value here alone")
    path = "main/terraform.tfvars.j2"
    given = File(template.files[path].data + b'{% if debugs %}log_level = "debug"\n{% endif %}')
    assert not [*given_elsewhere(found.given_elsewhere, replace(template, files={**template.files, path: given}))]


def test_each_spelling_of_productions_name_follows_a_clones_name_where_identity_is_searched_for() -> None:
    found = adopted('locals {\n  a = "prod-x"\n  b = "production-y"\n}\n')
    declared = yaml.safe_load(found.files["template.yaml"].data)["parameters"]
    assert {name: each["derive"] for name, each in declared.items()} == dict.fromkeys(
        ("name", "name_2"), "{environment}"
    )


def test_a_range_that_holds_all_private_networks_is_nothing_that_a_clone_gets_its_own_of() -> None:
    found = adopted('locals {\n  allowed_cidr = "10.0.0.0/8"\n  own_cidr     = "10.1.0.0/16"\n}\n')
    assert [each.theirs for each in found.parameters] == ["10.1.0.0/16"]


def test_a_host_that_a_record_makes_is_identity_and_one_that_is_looked_up_is_not() -> None:
    code = 'data "aws_route53_zone" "a" {\n  name = "acme.example"\n}\nresource "aws_iam_policy" "b" {\n  name = "acme.read"\n}\n'
    records = (
        'resource "aws_route53_record" "c" {\n  name    = "shop.acme.example"\n  records = ["lb.acme.example"]\n}\n'
    )
    assert [(each.name, each.theirs) for each in adopted(code + records).parameters] == [("host", "shop.acme.example")]


def test_code_that_can_t_be_read_is_named_where_it_lies() -> None:
    with pytest.raises(NotHcl, match=r"^live/prod/main\.tf:2: not HCL: "):
        adopted('locals {\n  x = "a\n}\n')


def test_values_that_are_encrypted_are_named_where_they_lie() -> None:
    with pytest.raises(InvalidInput, match=r"^live/prod/terraform\.tfvars: not UTF-8 .* `variables` in the policy"):
        adopted("locals {}\n", b"\0GITCRYPT\0\xd0")


def test_stacks_are_called_after_their_directories_as_far_as_a_step_may_be() -> None:
    directories = {
        "": "main",
        "network": "network",
        "network/vpc": "network-vpc",
        "stack/app": "stack-app",
        "envs/Dev": "envs/dev",
        "envs-dev": "envs-dev-2",
        "0-bootstrap": "stack-0-bootstrap",
        "add-ons/secrets-store-csi-driver-provider-azure": "add-ons/secrets-store-csi-driver-provider-azure",
        "add-ons/secrets-store-csi-driver-provider-azure-x": "store-csi-driver-provider-azure-x",
        "x" * 60: "x" * 40,
        f"a/{'x' * 60}": f"{'x' * 38}-2",
        f"{'1' * 60}": f"stack-{'1' * 34}",
    }
    found = stack_names([RootSource(each, each, {}) for each in directories])
    assert found == directories
    assert [StepName(each) for each in found.values()] == list(directories.values())


def test_paths_of_files_elsewhere_lead_where_they_led() -> None:
    written = adopted(
        'locals {\n  up = "${path.module}/../../policies/"\n  x  = file("../shared/x.json")\n  y  = file("${path.module}/y.json")\n}\n'
        'resource "terraform_data" "z" {\n  input = [file("${path.root}/../../policies/${local.z}.json"), "../as/it/is"]\n}\n'
    ).written["main/main.tf"]
    assert written.data.decode() == (
        'locals {\n  up = "${path.module}/../../../policies/"\n  x  = file("../../../live/shared/x.json")\n  y  = file("${path.module}/y.json")\n}\n'
        'resource "terraform_data" "z" {\n  input = [file("${path.root}/../../../policies/${local.z}.json"), "../as/it/is"]\n}\n'
    )
