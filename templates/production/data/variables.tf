variable "name" {
  description = "The environment's name; every other name derives from it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name)) && length(var.name) <= 24
    error_message = "Lower-case letters, digits and single hyphens, starting with a letter, at most 24 characters."
  }
}

variable "account_id" {
  description = "The AWS account that this environment lives in; the provider refuses every other."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An AWS account id has twelve digits."
  }
}

variable "region" {
  description = "The AWS region that this environment lives in."
  type        = string
}

variable "purpose" {
  description = "What the environment is for; a tag."
  type        = string
}

variable "team" {
  description = "The team that pays for the environment and is called when it breaks; a tag."
  type        = string
}

variable "private_subnet_ids" {
  description = "The private subnets that carry the database."
  type        = list(string)
}

variable "database_security_group_id" {
  description = "The security group of the database."
  type        = string
}

variable "db_engine_version" {
  description = "The PostgreSQL version of the database cluster."
  type        = string
}

variable "db_class" {
  description = "The class of each of the cluster's three instances: one writer and two readers in three zones."
  type        = string
}

variable "db_storage_type" {
  description = "The storage of each instance: gp3, or io2 with provisioned operations."
  type        = string

  validation {
    condition     = contains(["gp3", "io2"], var.db_storage_type)
    error_message = "gp3 or io2."
  }
}

variable "db_storage_gb" {
  description = "Gibibytes of storage for each instance."
  type        = number
}

variable "db_iops" {
  description = "Provisioned operations a second for io2; gp3 below 400 GiB has none to set."
  type        = number
}

variable "backup_days" {
  description = "Days for which the database can be restored to any point."
  type        = number

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "1 to 35 days; 0 would switch backups off."
  }
}

variable "payments_url" {
  description = "Where the shop takes payments."
  type        = string
}

variable "webhook_url" {
  description = "Where the shop announces itself and its orders to partners."
  type        = string
}

variable "mail_sender" {
  description = "The sender of the shop's mail."
  type        = string
}

variable "outbound_mail" {
  description = "`send` delivers mail to customers; `capture` keeps it in the uploads bucket."
  type        = string

  validation {
    condition     = contains(["send", "capture"], var.outbound_mail)
    error_message = "send or capture."
  }
}

variable "protected" {
  description = "Whether the environment must survive a mistaken destroy; true for production alone."
  type        = bool
}
