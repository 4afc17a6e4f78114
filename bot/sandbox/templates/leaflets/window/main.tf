terraform {
  required_version = ">= 1.10.0, < 2.0.0" # 1.10: the S3 backend locks without a table (use_lockfile)

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id] # refuses to plan with another account's credentials
}

variable "name" {
  description = "The environment's name."
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

resource "aws_cloudwatch_log_group" "window" {
  name              = "/${var.name}/window"
  retention_in_days = 7
}
