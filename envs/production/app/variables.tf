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

variable "scheme" {
  description = "How the shop is reached: http or https."
  type        = string
}

variable "load_balancer_dns_name" {
  description = "The load balancer's own name."
  type        = string
}

variable "load_balancer_zone_id" {
  description = "The hosted zone of the load balancer's own name."
  type        = string
}

variable "load_balancer_metric" {
  description = "The load balancer's name in CloudWatch."
  type        = string
}

variable "target_group_arn" {
  description = "The target group that the application's tasks join."
  type        = string
}

variable "target_group_metric" {
  description = "The target group's name in CloudWatch."
  type        = string
}

variable "private_subnet_ids" {
  description = "The private subnets that carry the application."
  type        = list(string)
}

variable "app_security_group_id" {
  description = "The security group of the application."
  type        = string
}

variable "public_zone_id" {
  description = "The public hosted zone."
  type        = string
}

variable "private_zone_id" {
  description = "The private hosted zone."
  type        = string
}

variable "kms_key_arn" {
  description = "The key that encrypts everything that the environment keeps."
  type        = string
}

variable "db_cluster_id" {
  description = "The database cluster's identifier."
  type        = string
}

variable "db_endpoint" {
  description = "The host name of the database's writer."
  type        = string
}

variable "db_reader_endpoint" {
  description = "The host name of the database's readers."
  type        = string
}

variable "db_secret_arn" {
  description = "The secret with the database's password."
  type        = string
}

variable "app_secret_arn" {
  description = "The secret with the keys that the application signs with."
  type        = string
}

variable "payments_secret_arn" {
  description = "The secret with the credentials for the payment service."
  type        = string
}

variable "assets_bucket" {
  description = "The bucket of the shop's own assets."
  type        = string
}

variable "uploads_bucket" {
  description = "The bucket of customers' uploads."
  type        = string
}

variable "parameter_path" {
  description = "The path of the application's parameters."
  type        = string
}

variable "orders_queue_arn" {
  description = "The queue of orders to fulfil."
  type        = string
}

variable "orders_queue_url" {
  description = "The address of the queue of orders."
  type        = string
}

variable "public_domain" {
  description = "The public DNS zone of this environment; the shop answers at its apex."
  type        = string
}

variable "private_domain" {
  description = "The private DNS zone that only this VPC sees."
  type        = string
}

variable "app_image" {
  description = "The application's image, with its tag or digest."
  type        = string

  validation {
    condition     = can(regex("[:@]", var.app_image)) && !endswith(var.app_image, ":latest")
    error_message = "An image with a tag or a digest, and not `latest`: what runs must be known from the code."
  }
}

variable "app_cpu" {
  description = "CPU units of each task; 1024 are one virtual CPU."
  type        = number
}

variable "app_memory" {
  description = "Mebibytes of memory of each task."
  type        = number
}

variable "app_min" {
  description = "The fewest tasks that run."
  type        = number

  validation {
    condition     = var.app_min >= 1
    error_message = "At least one task."
  }
}

variable "app_max" {
  description = "The most tasks that run."
  type        = number

  validation {
    condition     = var.app_max >= var.app_min
    error_message = "At least as many as app_min."
  }
}

variable "log_days" {
  description = "Days for which logs are kept; one of the periods that CloudWatch knows."
  type        = number
}

variable "protected" {
  description = "Whether the environment must survive a mistaken destroy; true for production alone."
  type        = bool
}
