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

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "public_subnet_ids" {
  description = "The public subnets that carry the load balancer."
  type        = list(string)
}

variable "load_balancer_security_group_id" {
  description = "The security group of the load balancer."
  type        = string
}

variable "certificate_arn" {
  description = "The certificate of the public name; empty means plain HTTP, for an environment without one."
  type        = string

  validation {
    condition     = var.certificate_arn == "" || startswith(var.certificate_arn, "arn:aws:acm:${var.region}:${var.account_id}:certificate/")
    error_message = "Empty, or the ARN of a certificate in this account and region."
  }
}

variable "protected" {
  description = "Whether the environment must survive a mistaken destroy; true for production alone."
  type        = bool
}

variable "public_domain" {
  description = "The public DNS zone of this environment; the shop answers at its apex."
  type        = string
}

variable "private_domain" {
  description = "The private DNS zone that only this VPC sees, so its name can be the same in every environment."
  type        = string
}
