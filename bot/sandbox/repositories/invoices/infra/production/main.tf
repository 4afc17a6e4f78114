# The worker has been here since the first customer.
module "worker" {
  source   = "../modules/worker"
  name     = "${var.env}-invoices"
  log_days = var.log_days

  settings = {
    batch_size   = tostring(var.batch_size)
    mail_gateway = var.mail_gateway
  }
}

# Support asked for it after the outage, and staging never got it.
resource "aws_cloudwatch_log_group" "audit" {
  name              = "/${var.env}-invoices/audit"
  retention_in_days = 731
}

output "log_group" {
  description = "Where the worker logs."
  value       = module.worker.log_group
}
