variable "env" {
  description = "Which environment it is; names begin with it."
  type        = string
}

variable "log_days" {
  description = "Days for which logs are kept."
  type        = number
}

variable "batch_size" {
  description = "Invoices that one run sends."
  type        = number
}

variable "mail_gateway" {
  description = "Where mail is handed in."
  type        = string
}
