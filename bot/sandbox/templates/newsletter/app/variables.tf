variable "name" {
  description = "The environment's name; every other name derives from it."
  type        = string
}

variable "account_id" {
  description = "The AWS account that this environment lives in; the provider refuses every other."
  type        = string
}

variable "region" {
  description = "The AWS region that this environment lives in."
  type        = string
}

variable "purpose" {
  description = "What the environment is for; a tag."
  type        = string
}

variable "mail_sender" {
  description = "The sender of the newsletter."
  type        = string
}

variable "log_days" {
  description = "Days for which logs are kept."
  type        = number
}
