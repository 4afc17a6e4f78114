# A worker that sends invoices: where it logs, where it is configured, and what it is called.
variable "name" {
  description = "What the worker is called."
  type        = string
}

variable "log_days" {
  description = "Days for which logs are kept."
  type        = number
}

variable "settings" {
  description = "What the worker reads at its start."
  type        = map(string)
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/worker"
  retention_in_days = var.log_days
}

resource "aws_ssm_parameter" "settings" {
  for_each = var.settings

  name  = "/${var.name}/${each.key}"
  type  = "String"
  value = each.value
}

output "log_group" {
  description = "Where the worker logs."
  value       = aws_cloudwatch_log_group.this.name
}
