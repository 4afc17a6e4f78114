# What the application reads at its start. Everything that reaches outside the environment stands here, in one place.
locals {
  parameters = {
    payments_url  = var.payments_url
    webhook_url   = var.webhook_url
    mail_sender   = var.mail_sender
    outbound_mail = var.outbound_mail
  }
}

resource "aws_ssm_parameter" "app" {
  for_each = local.parameters

  name  = "/${var.name}/app/${each.key}"
  type  = "String"
  value = each.value
}
