"""Any two directories of Terraform code, held against each other with nothing but the code."""

from tests.core.parity.directories.layouts import causes, compare, said

CODE = """
variable "size" {}
variable "name" { default = "shop" }
locals { copies = 3 }
resource "aws_instance" "web" {
  count         = local.copies
  instance_type = var.size
  tags          = { Name = "${var.name}-${count.index}" }
}
resource "aws_db_instance" "main" {
  instance_class          = "db.r6g.large"
  backup_retention_period = 30
}
"""
TWO = {
    "infra/production/main.tf": CODE,
    "infra/production/terraform.tfvars": 'size = "m5.large"\n',
    "infra/staging/main.tf": CODE.replace("= 30", "= 1"),
    "infra/staging/terraform.tfvars": '# smaller\nsize = "t3.small"\nname = "shop"\n',
}
STAGING, PRODUCTION = "infra/staging", "infra/production"


def test_a_directory_is_equal_to_itself() -> None:
    parity = compare(TWO, PRODUCTION, PRODUCTION)
    assert parity.differences == []
    assert parity.compared == parity.equal == 8


def test_a_variable_is_the_cause_with_both_files_and_lines() -> None:
    found = causes(compare(TWO, STAGING, PRODUCTION))
    variable = "variable size infra/staging/terraform.tfvars:2 infra/production/terraform.tfvars:1"
    assert found == {
        **{f"aws_instance.web[{n}]:instance_type": [variable] for n in range(3)},
        "aws_db_instance.main:backup_retention_period": ["code infra/staging/main.tf:12 infra/production/main.tf:12"],
    }


def test_files_of_values_are_read_in_terraforms_order() -> None:
    texts = {
        **TWO,
        "infra/staging/terraform.tfvars.json": '{\n  "size": "json"\n}',
        "infra/staging/b.auto.tfvars": 'size = "b"',
        "infra/staging/a.auto.tfvars.json": '{"size": "a"}',
    }
    for last in ("b", "a", "json", "t3.small"):
        assert said(compare(texts, STAGING, PRODUCTION))["aws_instance.web[0]:instance_type"] == ("m5.large", last)
        del texts[next(path for path, text in texts.items() if f'"{last}"' in text and "staging" in path)]


def test_what_is_missing_by_a_local_value_says_which() -> None:
    texts = {**TWO, "infra/staging/main.tf": CODE.replace("copies = 3", "copies = 1")}
    parity = compare(texts, STAGING, PRODUCTION)
    [missing] = [each for each in parity.differences if each.difference.kind == "missing"]
    assert (missing.difference.address, missing.instances) == ("aws_instance.web", 2)
    assert causes(parity)["aws_instance.web"] == [
        "local local.copies infra/staging/main.tf:4 infra/production/main.tf:4"
    ]


def test_a_block_that_one_side_has_not_is_told_once_and_with_its_place() -> None:
    more = CODE + 'resource "aws_route53_zone" "private" {\n  name = "internal"\n}\n'
    parity = compare({**TWO, "infra/production/main.tf": more}, STAGING, PRODUCTION)
    [missing] = [each for each in parity.differences if each.difference.kind == "missing"]
    assert missing.difference.address == "aws_route53_zone.private"
    assert str(missing.there) == "infra/production/main.tf:14"
    turned = compare({**TWO, "infra/production/main.tf": more}, PRODUCTION, STAGING)
    assert [e.difference.address for e in turned.differences if e.difference.kind == "extra"] == [
        "aws_route53_zone.private"
    ]


MODULE = """
variable "size" {}
variable "copies" {}
variable "env" {}
resource "aws_instance" "web" {
  count         = var.copies
  instance_type = var.size
  tags          = { Name = "${var.env}-web" }
}
"""
CALL = """
module "%s_web" {
  source = "../../modules/web"
  size   = "%s"
  copies = %d
  env    = "%s"
}
"""
SHARED = {
    "modules/web/main.tf": MODULE,
    "live/prod/main.tf": CALL % ("prod", "m5.large", 2, "prod"),
    "live/stage/main.tf": CALL % ("stage", "t3.small", 1, "stg"),
}


def test_arguments_of_shared_modules_are_causes_also_when_the_call_is_named_after_its_side() -> None:
    parity = compare(SHARED, "live/stage", "live/prod")
    assert causes(parity) == {
        "module.prod_web.aws_instance.web[1]": [
            "argument module.prod_web:copies live/stage/main.tf:5 live/prod/main.tf:5"
        ],
        "module.prod_web.aws_instance.web[0]:instance_type": [
            "argument module.prod_web:size live/stage/main.tf:4 live/prod/main.tf:4"
        ],
        "module.prod_web.aws_instance.web[0]:tags.Name": [
            "argument module.prod_web:env live/stage/main.tf:6 live/prod/main.tf:6"
        ],
    }
    assert [each.difference.attribute for each in parity.by_identity] == ["tags.Name"]


def test_only_what_changes_the_value_is_its_cause() -> None:
    code = """
    variable "kind" {}
    variable "big" {}
    variable "small" {}
    resource "aws_instance" "web" { instance_type = var.kind == "prod" ? var.big : var.small }
    """
    values = 'kind = "%s"\nbig = "%s"\nsmall = "t3.nano"\n'
    texts = {
        "prod/main.tf": code,
        "prod/terraform.tfvars": values % ("prod", "m5.large"),
        "qa/main.tf": code,
        "qa/terraform.tfvars": values % ("qa", "m5.small"),
    }
    [cause] = causes(compare(texts, "qa", "prod"))["aws_instance.web:instance_type"]
    assert cause == "variable kind qa/terraform.tfvars:1 prod/terraform.tfvars:1"


def test_what_inputs_leave_unexplained_is_written_in_the_code() -> None:
    texts = {
        "prod/main.tf": 'variable "n" { default = 4 }\nresource "aws_ebs_volume" "v" { size = var.n * 10 }',
        "qa/main.tf": 'variable "n" { default = 2 }\nresource "aws_ebs_volume" "v" { size = var.n + 1 }',
    }
    found = causes(compare(texts, "qa", "prod"))["aws_ebs_volume.v:size"]
    assert found == ["variable n qa/main.tf:1 prod/main.tf:1", "code qa/main.tf:2 prod/main.tf:2"]


def test_maps_by_workspace_are_evaluated() -> None:
    code = """
    locals { sizes = { prod = "m5.large", qa = "t3.small" } }
    resource "aws_instance" "web" { instance_type = local.sizes[terraform.workspace] }
    """
    parity = compare({"infra/main.tf": code}, "infra", "infra", workspaces=("qa", "prod"))
    assert said(parity) == {"aws_instance.web:instance_type": ("m5.large", "t3.small")}
    assert causes(parity) == {"aws_instance.web:instance_type": ["workspace terraform.workspace None None"]}


def test_a_workspace_causes_only_what_it_changes() -> None:
    code = """
    variable "size" { default = SIZE }
    resource "aws_instance" "audit" { count = terraform.workspace == "prod" ? 1 : 0 }
    resource "aws_ebs_volume" "own" { size = var.size }
    resource "aws_ebs_volume" "both" { size = terraform.workspace == "prod" ? var.size * 2 : var.size }
    """
    texts = {"qa/main.tf": code.replace("SIZE", "1"), "prod/main.tf": code.replace("SIZE", "3")}
    variable, workspace = "variable size qa/main.tf:2 prod/main.tf:2", "workspace terraform.workspace None None"
    assert causes(compare(texts, "qa", "prod", workspaces=("qa", "prod"))) == {
        "aws_instance.audit[0]": [workspace],
        "aws_ebs_volume.own:size": [variable],
        "aws_ebs_volume.both:size": [variable, workspace],
    }


STACKS = {
    f"{env}/{stack}/main.tf": f'resource "aws_{kind}" "this" {{\n  size = {size}\n}}\n'
    for env, size in (("prod", 2), ("qa", 1))
    for stack, kind in (("network", "vpc"), ("data", "db_instance"), ("app", "instance"))
}


def test_trees_are_compared_root_module_by_root_module() -> None:
    parity = compare(STACKS, "qa", "prod")
    assert [(each.name, each.ours, each.theirs) for each in parity.roots] == [
        (name, f"qa/{name}", f"prod/{name}") for name in ("app", "data", "network")
    ]
    assert set(said(parity)) == {
        "app/aws_instance.this:size",
        "data/aws_db_instance.this:size",
        "network/aws_vpc.this:size",
    }


def test_a_renamed_directory_is_found_by_what_it_holds() -> None:
    texts = {path.replace("qa/data", "qa/rds"): text for path, text in STACKS.items()}
    parity = compare(texts, "qa", "prod")
    assert [(each.ours, each.theirs) for each in parity.roots if each.is_by_content] == [("qa/rds", "prod/data")]
    assert "data/aws_db_instance.this:size" in said(parity)


def test_a_root_module_that_one_side_has_not_is_missing_as_a_whole() -> None:
    texts = {path: text for path, text in STACKS.items() if path != "qa/network/main.tf"}
    parity = compare(texts, "qa", "prod")
    assert [each.difference.address for each in parity.differences if each.difference.kind == "missing"] == ["network/"]


def test_names_accounts_and_addresses_are_kept_apart_from_what_matters() -> None:
    code = """
    variable "env" {}
    variable "vpc_cidr" {}
    resource "aws_s3_bucket" "data" { bucket = "acme-${var.env}-data" }
    resource "aws_vpc" "main" { cidr_block = var.vpc_cidr }
    resource "aws_iam_role" "app" { assume_role_policy = "arn:aws:iam::%s:role/ci-${var.env}" }
    resource "aws_instance" "web" { instance_type = var.env == "production" ? "m5.large" : "t3.small" }
    """
    texts = {
        "production/main.tf": code % "111111111111",
        "production/terraform.tfvars": 'env = "production"\nvpc_cidr = "10.0.0.0/16"',
        "staging/main.tf": code % "222222222222",
        "staging/terraform.tfvars": 'env = "staging"\nvpc_cidr = "10.1.0.0/16"',
    }
    parity = compare(texts, "staging", "production")
    assert [each.difference.address for each in parity.telling] == ["aws_instance.web"]
    assert len(parity.by_identity) == 3


def test_variables_of_a_program_are_no_names_of_its_environment() -> None:
    call = 'module "app" {\n source = "../modules/app"\n environment = { LEVEL = "%s", STAGE = "%s" }\n}\n'
    texts = {
        "modules/app/main.tf": 'variable "environment" {}\nresource "aws_ssm_parameter" "all" {\n for_each = var.environment\n value = each.value\n}\n',
        "production/main.tf": call % ("warn", "blue"),
        "staging/main.tf": call % ("debug", "green"),
    }  # fmt: skip
    parity = compare(texts, "staging", "production")
    assert [each.difference.address for each in parity.telling] == ['module.app.aws_ssm_parameter.all["LEVEL"]']
    assert [each.difference.address for each in parity.by_identity] == ['module.app.aws_ssm_parameter.all["STAGE"]']


def test_a_host_of_production_lacks_the_label_that_names_the_others_environment() -> None:
    code = """
    resource "aws_ssm_parameter" "api" { value = "https://api.%sacme.example/v1" }
    resource "aws_ssm_parameter" "web" { value = "%sacme.example" }
    resource "aws_ssm_parameter" "peer" { value = "%s" }
    """
    texts = {
        "production/main.tf": code % ("", "", "api.partner.example"),
        "staging/main.tf": code % ("stg.", "stg.", "sandbox.partner.example"),
    }
    parity = compare(texts, "staging", "production")
    assert [each.difference.address for each in parity.telling] == ["aws_ssm_parameter.peer"]
    assert len(parity.by_identity) == 2


def test_the_same_state_on_both_sides_is_an_alarm() -> None:
    backend = 'terraform {\n  backend "s3" {\n    bucket = "state"\n    key = "%s"\n  }\n}\n'
    same = {"prod/main.tf": backend % "net", "qa/main.tf": backend % "net"}
    [alarm] = compare(same, "qa", "prod").alarms
    assert "keep their state at the same place (net)" in alarm.text
    assert compare({**same, "qa/main.tf": backend % "qa/net"}, "qa", "prod").alarms == []


def test_secrets_are_never_shown() -> None:
    code = """
    variable "db_password" {}
    variable "quiet" { sensitive = true }
    resource "aws_db_instance" "main" {
      password = var.db_password
      username = var.quiet
    }
    resource "aws_lambda_function" "f" {
      environment {
        variables = { API_TOKEN = "%s" }
      }
    }
    """
    texts = {
        "prod/main.tf": code % "hunter-prod",
        "prod/terraform.tfvars": 'db_password = "hunter-a"\nquiet = "hunter-b"',
        "qa/main.tf": code % "hunter-qa",
        "qa/terraform.tfvars": 'db_password = "hunter-c"\nquiet = "hunter-d"',
    }
    parity = compare(texts, "qa", "prod")
    assert len(parity.differences) == 3
    assert "hunter" not in repr(parity)


def test_secrets_are_never_shown_where_they_end_up() -> None:
    code = """
    variable "db_password" {}
    variable "quiet" { sensitive = true }
    variable "more" {}
    variable "token_url" {}
    locals { url = "https://%s/?t=${var.quiet}" }
    resource "terraform_data" "one" {
      input = {
        name  = "x-${var.db_password}"
        key   = var.more["client_secret"]
        url   = local.url
      }
    }
    resource "terraform_data" "plain" { input = "${var.token_url}/${var.more.plain}" }
    resource "terraform_data" "two" { input = "https://%s/?t=${var.quiet}" }
    module "m" {
      source = "./m"
      given  = var.db_password
    }
    """
    module = 'variable "given" {}\nresource "terraform_data" "three" {\n  input = "d-${var.given}"\n}\n'
    values = 'db_password = "hunter-%s"\nquiet = "hunter"\ntoken_url = "plain-%s"\n'
    more = 'more = { client_secret = "hunter-of-%s", plain = "plain-%s" }\n'
    texts = {
        path: text
        for side in ("prod", "qa")
        for path, text in (
            (f"{side}/main.tf", code % (side, side)),
            (f"{side}/m/main.tf", module),
            (f"{side}/terraform.tfvars", values % (side, side) + more % (side, side)),
        )
    }
    parity = compare(texts, "qa", "prod")
    found = said(parity)
    assert "hunter" not in repr(parity)
    assert found["terraform_data.plain:input"] == ("plain-prod/plain-prod", "plain-qa/plain-qa")
    hidden = {key for key, texts in found.items() if texts == ("***", "***")}
    inside = {f"terraform_data.one:input.{key}" for key in ("name", "key", "url")}
    assert hidden == {*inside, "terraform_data.two:input", "module.m.terraform_data.three:input"}


def test_blocks_of_a_root_module_that_one_side_lacks_are_counted_whatever_their_type_is_called() -> None:
    blocks = 'terraform {\n}\nresource "terraform_data" "one" {\n}\nresource "aws_x" "two" {\n}\noutput "x" {\n  value = 1\n}\n'
    parity = compare(
        {"prod/a/main.tf": "locals {}\n", "qa/a/main.tf": "locals {}\n", "qa/b/main.tf": blocks}, "qa", "prod"
    )
    assert [each.instances for each in parity.differences if each.difference.kind == "extra"] == [2]
