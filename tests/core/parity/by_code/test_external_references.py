"""What a clone reaches outside, as production does, is listed once for people to judge."""

from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.parity.by_code.external_references import external_references
from bot.core.tree import File
from tests.core.parity import shop

CODE = b"""
locals {
  hook    = "https://Hooks.partner.example/v1"
  again   = "https://hooks.partner.example:8443/v2"
  mail    = "Team <ops@acme.example>"
  role    = "arn:aws:iam::999999999999:role/shared"
  service = "https://sqs.eu-central-1.amazonaws.com/x"
  here    = "http://127.0.0.1:8080"
}
resource "terraform_data" "outside" {
  input = [local.hook, local.again, local.mail, local.role, local.service, local.here]
}
"""


def listed(code: bytes = CODE, **update: object) -> list[str]:
    clone = shop.clone()
    both = {"network/outside.tf": File(code)}
    sides = (
        CodeSide(shop.BASE.source, {**shop.BASE.source_files, **both}),
        CodeSide(clone.manifest, {**clone.files, **both}),
    )
    compared = compare(*sides, shop.BASE.template, shop.NOW)
    declared = shop.BASE.template.declaration.model_copy(update=update)
    return [str(each) for each in external_references(compared, sides[1], declared)]


def test_hosts_mail_addresses_and_accounts_are_listed_once_with_their_first_place() -> None:
    place = "(network/outside.tf:11)"
    assert listed() == [f"999999999999 {place}", f"hooks.partner.example {place}", f"ops@acme.example {place}"]


def test_what_the_template_declares_as_shared_is_not_listed() -> None:
    shared = ("partner.example", "999999999999", "ops@acme.example")
    assert listed(shared=shared) == []


def test_where_the_code_of_a_module_comes_from_is_nothing_that_an_environment_reaches() -> None:
    code = b"""
module "logs" {
  source = "git::ssh://git@github.com/acme/tf-logs.git//log-group?ref=v1.4.0"
  target = "https://logs.partner.example"
}
"""
    assert listed(code) == ["logs.partner.example (network/outside.tf:4)"]


def test_projects_and_subscriptions_of_other_clouds_are_accounts_too() -> None:
    code = b"""
resource "google_project_iam_member" "reads" {
  project = "acme-shared"
  role    = "projects/acme-roles/roles/reader"
}
resource "azurerm_role_assignment" "reads" {
  tags  = { project = "shop" }
  scope = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/shared"
}
"""
    assert listed(code) == [
        "11111111-1111-4111-8111-111111111111 (network/outside.tf:8)",
        "acme-roles (network/outside.tf:4)",
        "acme-shared (network/outside.tf:3)",
    ]
