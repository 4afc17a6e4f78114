"""What `terraform init` downloaded is held against the static checks before anything of it is run. Git and Terraform are real."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from bot.clients.cage import Cage
from bot.clients.hcl_referee import gate_rules
from bot.clients.terraform.installed import downloaded_code, foreign, handed
from bot.clients.terraform.output import TerraformFailed
from bot.clients.terraform.program import find_terraform
from bot.clients.terraform.terraform import Terraform
from bot.core.tree import File
from bot.model.policy import Policy
from bot.model.static_check_rules import StaticCheckRules
from tests.support.small_monorepo import place
from tests.support.terraform import LOCK

HARMLESS = 'variable "name" {}\nresource "terraform_data" "x" {\n  input = file("${path.module}/x.txt")\n}\n'


def module_repository(root: Path, files: dict[str, str]) -> str:
    """Make a git repository with a module and a tag, and return its source."""
    place(root, {path: File(text.encode()) for path, text in {"x.txt": "hello", **files}.items()})
    git = ("git", "-C", str(root), "-c", "user.name=Alice", "-c", "user.email=alice@example.com")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "module"), ("tag", "v1.0.0")):
        subprocess.run([*git, *words], check=True, capture_output=True)
    return f"git::file://{root}"


def init(tmp_path: Path, source: str, ending: str = "?ref=v1.0.0") -> None:
    """Prepare a stack that calls the module, which the policy names without its `?ref=`."""
    stack = tmp_path / "stack"
    place(stack, {"main.tf": File(f'module "x" {{\n  source = "{source}{ending}"\n  name = "a"\n}}\n'.encode())})
    rules = gate_rules(Policy(gate=StaticCheckRules(module_sources=(source,))))
    repository = Cage((tmp_path / "module",), ())
    with Terraform(find_terraform(os.environ), os.environ, rules, repository).opened(stack) as module:
        module.init()


def test_a_harmless_module_is_downloaded_and_passes(tmp_path: Path) -> None:
    inner = 'module "inner" {\n  source = "./inner"\n}\n'
    files = {"main.tf": HARMLESS + inner, "inner/main.tf": "", "examples/all/main.tf": 'data "external" "x" {}\n'}
    init(tmp_path, module_repository(tmp_path / "module", files))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"main.tf": 'variable "name" {}\nlocals {\n  x = file("/etc/passwd")\n}\n'}, "x/main.tf:3: `file` may read files of its own module"),
        ({"main.tf": 'variable "name" {}\nresource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "id"\n  }\n}\n'}, "x/main.tf:3: a `provisioner` runs programs"),
        (
            {"main.tf": 'variable "name" {}\nmodule "inner" {\n  source = "./inner"\n}\n', "inner/main.tf": 'locals {\n  x = templatefile("${path.module}/x.tftpl", {})\n}\n', "inner/x.tftpl": '${file("/etc/passwd")}'},
            "x.inner/x.tftpl:1: `file` may read",
        ),
        ({"main.tf": 'variable "name" {}\nlocals {\n  x = <<EOT\nEOT \n  y = file("/etc/passwd")\n}\n'}, "x/main.tf:5: `file` may read"),
    ],
)  # fmt: skip
def test_what_a_stack_may_not_do_a_downloaded_module_may_not_do(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    source = module_repository(tmp_path / "module", files)
    with pytest.raises(TerraformFailed) as failed:
        init(tmp_path, source)
    assert message in str(failed.value)


def test_a_symlink_that_leaves_a_downloaded_module_is_refused(tmp_path: Path) -> None:
    repository = tmp_path / "module"
    repository.mkdir()
    (repository / "x.txt").symlink_to("/proc/self/environ")
    (repository / "main.tf").write_text(HARMLESS)
    data = tmp_path / "data"
    (data / "modules").mkdir(parents=True)
    repository.rename(data / "modules" / "x")
    assert list(listed(data, source="git::https://git.example/x?ref=v1", directory=str(data / "modules" / "x"))) == [
        "module `x` (`git::https://git.example/x?ref=v1`) has a symlink that leaves it: `x.txt`"
    ]


@pytest.mark.parametrize(
    ("version", "allowed"), [("5.1.0", True), ("6.0.0", False), ("", False), ("5.1.0-beta1", False)]
)
def test_the_version_that_was_installed_must_be_in_the_policys_range(
    tmp_path: Path, version: str, allowed: bool
) -> None:
    data = tmp_path / "data"
    source = "registry.terraform.io/acme/vpc/aws"
    said = list(listed(data, source=source, directory="nowhere", version=version))
    assert (said == []) is allowed
    assert allowed or "allows `>= 5.0, < 6`" in said[0]


def test_the_code_of_what_was_downloaded_is_read_and_nothing_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "data/modules/vpc"
    (place / "examples").mkdir(parents=True)
    (place / "main.tf").write_text("# code")
    (place / "README.md").write_text("no code")
    (place / "examples/main.tf").write_text("# an example")
    (place / "link.tf").symlink_to("/etc/hostname")
    own = {"Key": "own", "Source": "../own", "Dir": "../own"}
    entries = [
        {"Key": "", "Source": "", "Dir": "."},
        {"Key": "vpc", "Source": "acme/vpc/aws", "Dir": "data/modules/vpc"},
        own,
    ]
    (tmp_path / "data/modules/modules.json").write_text(json.dumps({"Modules": entries}))
    assert downloaded_code(tmp_path / "data") == {"vpc": {"main.tf": File(b"# code")}}
    assert downloaded_code(tmp_path / "nothing") == {}


def test_what_a_download_may_do_its_inner_modules_may(tmp_path: Path) -> None:
    data = tmp_path / "data"
    place(data / "modules/x/inner", {"main.tf": File(b'variable "of" {}\nlocals {\n  x = file(var.of)\n}\n')})
    keys = {"": ("", "."), "x": ("acme/x/any", "data/modules/x"), "x.y": ("./inner", "data/modules/x/inner")}
    listing = [{"Key": key, "Source": source, "Dir": at} for key, (source, at) in keys.items()]
    place(data / "modules", {"modules.json": File(json.dumps({"Modules": listing}).encode())})

    def told(*reading: str) -> list[str]:
        rules = StaticCheckRules(module_sources=("acme/x/any *",), reading_modules=reading)
        return list(foreign(data, gate_rules(Policy(gate=rules)), b""))

    assert told("acme/x/any") == []
    assert "needs `acme/x/any` in the policy's `gate.reading_modules`" in told()[0]


def listed(data: Path, *, source: str, directory: str, version: str = "") -> list[str]:
    """Return what is said of one module in Terraform's own listing."""
    (data / "modules").mkdir(parents=True, exist_ok=True)
    entry = {"Key": "x", "Source": source, "Version": version, "Dir": directory}
    (data / "modules" / "modules.json").write_text(json.dumps({"Modules": [entry]}))
    names = ("acme/vpc/aws >= 5.0, < 6", "git::https://git.example/x")
    return list(foreign(data, gate_rules(Policy(gate=StaticCheckRules(module_sources=names))), b""))


@pytest.mark.parametrize(
    ("lock", "is_held"),
    [
        (LOCK, True),
        (LOCK.replace("5.100.0", "5.99.0"), False),
        (LOCK.replace("hashicorp/aws", "hashicorp/awscc"), False),
        (LOCK[: LOCK.index("  hashes")] + "}\n", False),
        (LOCK[: LOCK.index("  hashes")] + "  hashes = []\n}\n", False),
        ("", False),
    ],
)
def test_a_provider_must_be_the_one_of_the_lock_file(tmp_path: Path, lock: str, is_held: bool) -> None:
    (tmp_path / "providers/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64").mkdir(parents=True)
    found = list(foreign(tmp_path, gate_rules(Policy()), lock.encode()))
    assert (found == []) is is_held
    assert is_held or "`registry.terraform.io/hashicorp/aws` `5.100.0` is not in `.terraform.lock.hcl`" in found[0]


def test_what_a_downloaded_module_is_handed_is_no_path_of_the_machine(tmp_path: Path) -> None:
    module, deeper = 'module "x" {\n  source = "acme/x/any"\n  of     = NAME\n}\n', tmp_path / "data" / "modules" / "x"
    inner = 'variable "of" {}\nresource "any_thing" "y" {\n  anything = "${var.of}/environ"\n}\n'
    outer = 'variable "of" {}\nmodule "y" {\n  source = "./y"\n  of     = var.of\n}\noutput "of" {\n  value = "/proc/1"\n}\n'
    stack, rules = tmp_path / "stack", gate_rules(Policy(gate=StaticCheckRules(providers=("hashicorp/any",))))
    keys = {"": ".", "x": "data/modules/x", "x.y": "data/modules/x/y"}
    listing = [{"Key": key, "Source": "acme/x/any" if key == "x" else "./y", "Dir": at} for key, at in keys.items()]
    place(deeper.parent, {"modules.json": File(json.dumps({"Modules": listing}).encode())})
    place(deeper, {"main.tf": File(outer.encode()), "y/main.tf": File(inner.encode())})

    def told(code: str) -> list[str]:
        place(stack, {"main.tf": File(code.encode())})
        return list(handed(stack, tmp_path / "data", rules))

    assert told(module.replace("NAME", '"shop"')) == []
    (found,) = told(module.replace("NAME", '"/proc/self"'))
    assert "modules/x.y/main.tf:3: `anything` is a path of the machine" in found
    (found,) = told(module.replace("NAME", '"shop"') + 'resource "any_thing" "z" {\n  anything = module.x.of\n}\n')
    assert "stack/main.tf:6: `anything` is a path of the machine" in found
    # Terraform follows symlinks, and so does this.
    (stack / "values").mkdir()
    (stack / "values/x.tfvars").write_text('of = "/proc/self"\n')
    (stack / "x.auto.tfvars").symlink_to("values/x.tfvars")
    (found,) = told(module.replace("NAME", "var.of") + 'variable "of" {\n}\n')
    assert "modules/x.y/main.tf:3: `anything` is a path of the machine" in found
    (deeper / "y/main.tf").rename(deeper / "y/code.txt")
    (deeper / "y/main.tf").symlink_to("code.txt")
    assert told(module.replace("NAME", '"/proc/self"')) != []
