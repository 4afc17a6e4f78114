"""Whatever names a file is held against the bounds of the module, wherever it stands and whosever argument it is."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules, downloaded_findings, gate
from bot.core.tree import File
from bot.model.pipeline import Stack
from bot.model.static_check_rules import StaticCheckRules
from bot.names import StepName

RULES = GateRules(
    StaticCheckRules(
        providers=("hashicorp/aws", "acme/any", "hashicorp/kubernetes", "hashicorp/null", "hashicorp/random")
    ),
    FACTS,
)
BLOCKS = 'terraform {\n  required_providers {\n    any = { source = "acme/any" }\n  }\n}\n'
LOCK = 'provider "registry.terraform.io/acme/any" {\n  version = "1.0.0"\n  hashes = ["h1:x="]\n}\n'


def found_in(body: str, kind: str = "any_thing") -> list[str]:
    code = f'{BLOCKS}resource "{kind}" "x" {{\n{body}\n}}\n'
    files = {"app/main.tf": File(code.encode()), "app/.terraform.lock.hcl": File(LOCK.encode())}
    return [each.message for each in gate(files, {StepName("app"): Stack()}, RULES, "envs/x")]


@pytest.mark.parametrize(
    "place",
    [
        "  ARG = VALUE",
        "  part {\n    ARG = VALUE\n  }",
        "  part = { ARG = VALUE }",
        '  parts = [{ name = "x", ARG = VALUE }]',
        "  part = { inner = { ARG = VALUE } }",
        "  part = var.up ? { ARG = VALUE } : null",
        "  part = merge(var.x, { ARG = VALUE })",
        '  dynamic "part" {\n    for_each = var.parts\n    content {\n      inner = { ARG = VALUE }\n    }\n  }',
        "  parts = [for name in var.names : { ARG = VALUE }]",
    ],
)
@pytest.mark.parametrize(
    "argument", ["filename", "kubeconfig", "source_dir", "ca_cert_file", "key_file_path", "keyring"]
)
def test_an_argument_that_says_a_file_is_held_wherever_it_stands(place: str, argument: str) -> None:
    def told(value: str) -> list[str]:
        return found_in(place.replace("ARG", argument).replace("VALUE", value))

    for value in ('"/etc/passwd"', '"../../x"', '"~/.aws/credentials"', "var.x", '"${path.module}/../../../x"'):
        assert any(f"`{argument}` names a file" in each for each in told(value)), value
    for value in ('"${path.module}/x"', '"x.json"', "null"):
        assert told(value) == [], value


@pytest.mark.parametrize("form", ["= { filename = var.x }", "{\n    filename = var.x\n  }"])
def test_what_is_only_compared_with_what_it_was_may_be_called_a_file(form: str) -> None:
    assert found_in(f"  triggers {form}", "null_resource") == []
    assert found_in(f"  keepers {form}", "random_id") == []
    assert any("`filename` names a file" in each for each in found_in(f"  triggers {form}"))
    assert any("`filename` names a file" in each for each in found_in(f"  other {form}", "null_resource"))


def test_path_is_not_terraform_s_where_a_loop_calls_its_variable_so() -> None:
    body = '  parts = [for path in var.l : { filename = "${path.module}/x" }]'
    assert any("`filename` names a file" in each for each in found_in(body))


@pytest.mark.parametrize(
    ("body", "argument"),
    [
        ('  anything = "file:///etc/passwd"', "anything"),
        ('  part {\n    anything = "~/.ssh/id_rsa"\n  }', "anything"),
        ('  part {\n    anything = "~runner/x"\n  }', "anything"),
        ('  part = { inner = ["../../x"] }', "inner"),
        ('  part = { (var.x) = "./../x" }', "part"),
        ('  part = var.up ? "/proc/self/environ" : "x"', "part"),
        ('  anything = "../${var.x}"', "anything"),
        ('  source_of {\n    path = "../../x"\n  }', "path"),
    ],
)
def test_what_plainly_is_a_path_of_this_machine_is_refused_whatever_its_name(body: str, argument: str) -> None:
    assert any(f"`{argument}` is a path of the machine that plans" in each for each in found_in(body)), found_in(body)


@pytest.mark.parametrize(
    "body",
    [
        '  volume_mount {\n    mount_path = "/var/run/docker.sock"\n  }',
        '  host_path {\n    path = "/proc/self"\n  }',
        '  http_get {\n    path = "/ready"\n  }',
        '  command = ["/bin/sh", "-c", "cd ../x"]\n  args = ["../x", "/proc/self/exe"]',
        '  image = "ghcr.io/acme/x:1"\n  url = "https://x.example/a/../b"',
        '  name = "/aws/lambda/x"\n  pattern = "/api/*"',
        "  script = <<EOT\n../run\n~/x\nEOT",
        "  boot_disk {\n    source = other.x.self_link\n  }",
    ],
)
def test_paths_of_a_container_or_of_an_address_are_none_of_this_machine(body: str) -> None:
    assert found_in(body, "kubernetes_deployment") == []


PLACE = "../../modules/logs"
"""Of the module, from the environment."""
LOGS = f"../{PLACE}"
"""Of the module, from a stack."""


def found_beside(inside: str, of_module: str = "") -> list[str]:
    """Return what is found where a stack calls a module beside the environments, and reads `inside`, or the module reads `of_module`."""
    read = "locals {{\n  x = {0}\n}}\n"
    main = f'variable "x" {{}}\nmodule "logs" {{\n  source = "{LOGS}"\n}}\n{read.format(inside or "1")}'
    files = {
        "app/main.tf": File(main.encode()),
        "app/.terraform.lock.hcl": File(b"# none\n"),
        f"{PLACE}/main.tf": File(f'variable "x" {{}}\n{read.format(of_module or "1")}'.encode()),
        f"{PLACE}/src/x.json": File(b"{}"),
        f"{PLACE}-other/x.json": File(b"{}"),
        "../../modules/other/x.json": File(b"{}"),
    }
    return [each.message for each in gate(files, {StepName("app"): Stack()}, RULES, "envs/x")]


@pytest.mark.parametrize(
    "path",
    [
        f'file("{LOGS}/src/x.json")',
        f'file("${{path.root}}/{LOGS}/src/x.json")',
        f'file("./{LOGS}/src/x.json")',
        f'templatefile("{LOGS}/src/x.json", {{}})',
        f'[for f in fileset("{LOGS}/src", "*.json") : file("{LOGS}/src/${{f}}")]',
    ],
)
def test_what_lies_in_a_module_that_the_stack_calls_may_be_read_from_anywhere_in_it(path: str) -> None:
    assert found_beside(path) == []
    assert found_beside("", path) == []
    assert found_beside('file("${path.module}/' + LOGS + '/src/x.json")') == []
    assert found_beside("", 'file("${path.module}/../logs/src/x.json")') == []


@pytest.mark.parametrize(
    "path",
    [
        f'"{LOGS}/../other/x.json"',
        f'"{LOGS}/${{var.x}}"',
        f'"{LOGS}/${{var.x}}/x.json"',
        f'"{LOGS}/.terraform/x"',
        '"../../..//etc/passwd"',
        '"../../../modules/${var.x}/x.json"',
        '"${path.module}/../../../../x"',
        '"../../../modules"',
        '"..\\\\..\\\\..\\\\modules\\\\logs"',
    ],
)
def test_what_lies_in_no_directory_that_is_written_out_is_refused_with_the_way(path: str) -> None:
    for said in (found_beside(f"file({path})"), found_beside("", f"file({path})")):
        assert any("may be read where its directory is written out" in each for each in said), said


def test_a_module_where_init_puts_it_is_refused_with_the_way() -> None:
    files = {"app/main.tf": File(b'module "x" {\n  source = "./.terraform/modules/v3/subnet"\n}\n')}
    found = gate(files | {"app/.terraform.lock.hcl": File(b"")}, {StepName("app"): Stack()}, RULES, "envs/x")
    assert "write the module's own source and version" in found[0].message


@pytest.mark.parametrize("kind", ["data.archive_file", "archive_file"])
@pytest.mark.parametrize("path", ["KIND.x.output_path", 'KIND.x["a"].output_path', "one(KIND.x[*].output_path)"])
def test_a_file_that_this_code_makes_may_be_named_and_read(kind: str, path: str) -> None:
    named = path.replace("KIND", kind)
    assert found_in(f"  filename = {named}\n  sha = filebase64sha256({named})") == []
    assert found_in(f"  filename = {named}", "aws_lambda_function") == []


@pytest.mark.parametrize(
    "body",
    [
        "  filename = data.other_file.x.output_path",
        "  filename = data.archive_file.x.source_file",
        "  parts = [for data in var.l : { filename = data.archive_file.x.output_path }]",
        "  parts = [for archive_file in var.l : { filename = archive_file.x.output_path }]",
        "  x = [for data in var.l : file(data.archive_file.x.output_path)]",
        "  filename = module.archive_file.x.output_path",
        "  x = templatefile(data.archive_file.x.output_path, {})",
    ],
)
def test_what_only_looks_like_a_file_of_this_code_is_refused(body: str) -> None:
    assert found_in(body) != []


@pytest.mark.parametrize("path", ["${path.module}/errored.tfstate", "errored.tfstate", "${local.x}.tfstate"])
def test_no_file_is_called_as_a_state_is(path: str) -> None:
    code = f'locals {{\n  x = "${{path.module}}/errored"\n}}\nresource "local_file" "x" {{\n  filename = "{path}"\n  content  = "x"\n}}\n'
    files = {"app/main.tf": File(code.encode()), "app/.terraform.lock.hcl": File(LOCK.encode())}
    (found,) = gate(files, {StepName("app"): Stack()}, GateRules(StaticCheckRules(), FACTS), "envs/x")
    assert "`filename` names a state, which is Terraform's own" in found.message


@pytest.mark.parametrize(
    "code",
    [
        "locals {\n  x = file(var.path)\n}\n",
        'locals {\n  x = [for f in fileset(var.path, "**/*.json") : templatefile("${var.path}/${f}", {})]\n}\n',
        'locals {\n  x = templatefile(coalesce(var.path, "${path.module}/../../templates/x.tpl"), {})\n}\n',
        "locals {\n  x = templatestring(var.path, {})\n}\n",
        'resource "aws_lambda_function" "x" {\n  filename = var.path\n}\n',
        'data "cloudinit_config" "x" {\n  part {\n    filename = try(var.path, null)\n  }\n}\n',
    ],
)
def test_a_module_that_the_policy_names_computes_its_paths(code: str) -> None:
    code += 'variable "path" {}\n'
    named = StaticCheckRules(
        providers=("hashicorp/aws", "hashicorp/cloudinit"),
        data_sources=("cloudinit_config",),
        reading_modules=("modules/logs", "acme/logs/any"),
    )
    free, strict = (
        GateRules(named, FACTS),
        GateRules(named.model_copy(update={"reading_modules": ("modules/log",)}), FACTS),
    )
    outside = {
        "app/.terraform.lock.hcl": File(b""),
        "app/main.tf": File(b'module "x" {\n  source = "../../../modules/logs"\n}\n'),
        "../../modules/logs/main.tf": File(code.encode()),
    }
    assert not gate(outside, {StepName("app"): Stack()}, free, "envs/x")
    said = gate(outside, {StepName("app"): Stack()}, strict, "envs/x")
    assert "needs `modules/logs` in the policy's `gate.reading_modules`" in said[0].message
    assert gate({**outside, "app/y.tf": File(code.encode())}, {StepName("app"): Stack()}, free, "envs/x"), (
        "its caller doesn't"
    )
    downloaded = {"main.tf": File(code.encode())}
    assert not downloaded_findings(downloaded, free, "x", "acme/logs/any//modules/inner")
    assert downloaded_findings(downloaded, free, "x", "acme/other/any")


def test_a_module_that_computes_its_paths_may_not_write_down_one_of_the_machine() -> None:
    rules = GateRules(StaticCheckRules(providers=("acme/any",), reading_modules=("acme/x/any",)), FACTS)
    plain = 'resource "any_thing" "x" {\n  anything = "/etc/passwd"\n}\n'
    assert downloaded_findings({"main.tf": File(plain.encode())}, rules, "x", "acme/x/any")
