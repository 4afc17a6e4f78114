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

variable "vpc_cidr" {
  description = "The network of the VPC, cut into sixteen subnets: public ones from the start, private ones from the middle."
  type        = string

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 4, 15)) && try(tonumber(split("/", var.vpc_cidr)[1]) <= 22, false)
    error_message = "An IPv4 network of /22 or larger, such as 10.64.0.0/20."
  }
}

variable "zones" {
  description = "The availability zones that carry one public and one private subnet each."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 8 && length(distinct(var.zones)) == length(var.zones)
    error_message = "Two to eight different zones: a load balancer and a database cluster need two."
  }

  validation {
    condition     = alltrue([for zone in var.zones : startswith(zone, var.region)])
    error_message = "Every zone lies in the region."
  }
}

variable "allowed_cidrs" {
  description = "The networks that may reach the load balancer."
  type        = list(string)

  validation {
    condition     = alltrue([for cidr in var.allowed_cidrs : can(cidrhost(cidr, 0))])
    error_message = "Each entry is a network in CIDR notation."
  }
}
