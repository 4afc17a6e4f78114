"""Ways in which a demo may come to reach production: a file with what it holds, and what is said of it."""

from tests.support.shop import HOOKS

LEAKS = {
    "literal": (
        "app/extra.tf",
        'locals { pay = "https://api.payments.example/v1" }',
        "an outside system that production uses",
    ),
    "variable": (
        "app/extra.tf",
        'variable "sender" {\n  type    = string\n  default = "orders@shop.acme.example"\n}',
        "an outside system that production uses",
    ),
    "local": (
        "app/extra.tf",
        """
locals {
  owner = "${"1111"}11111111"
  queue = "https://sqs.${var.region}.amazonaws.com/${local.owner}/orders"
}
resource "aws_ssm_parameter" "queue" {
  name  = "/${var.name}/queue"
  type  = "String"
  value = local.queue
}
""",
        "production's account",
    ),
    "data source": ("app/extra.tf", 'data "aws_sqs_queue" "orders" { name = "production-orders" }', "production"),
    "hook input": (
        "hooks.yaml",
        HOOKS.replace("{parameter: payments_url}", '{value: "https://api.payments.example/v1"}'),
        "an outside system that production uses",
    ),
    "secret path": (
        "app/extra.tf",
        'data "aws_ssm_parameter" "key" { name = "/production/app/payments_url" }',
        "production",
    ),
}
