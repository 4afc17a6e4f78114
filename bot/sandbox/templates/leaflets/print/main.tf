terraform {
  required_version = ">= 1.10.0, < 2.0.0" # 1.10: the S3 backend locks without a table (use_lockfile)
}

variable "name" {
  description = "The environment's name."
  type        = string
}

variable "purpose" {
  description = "What the environment is for."
  type        = string
}

variable "pages" {
  description = "Pages of a leaflet."
  type        = number
}

variable "most_pages" {
  description = "Pages that the press can bind."
  type        = number
}

resource "terraform_data" "leaflet" {
  input = { title = "News of ${var.name}", pages = var.pages }
}

output "flags_path" {
  description = "The path below which feature flags lie."
  value       = "/${var.name}/flags"
}
