module "worker" {
  source   = "../modules/worker"
  name     = "${var.env}-invoices"
  log_days = var.log_days

  settings = {
    batch_size   = tostring(var.batch_size)
    mail_gateway = var.mail_gateway
  }
}

output "log_group" {
  description = "Where the worker logs."
  value       = module.worker.log_group
}
