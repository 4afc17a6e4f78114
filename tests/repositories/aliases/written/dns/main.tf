terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
  backend "s3" {
    bucket = "acme-state-live"
    key    = "production/dns/terraform.tfstate"
    region = "eu-central-1"
  }
}

provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = [var.account_id]
  assume_role {
    role_arn     = "arn:aws:iam::${var.account_id}:role/deploy"
    session_name = "terraform"
  }
}

provider "aws" {
  alias               = "us"
  region              = "us-east-1"
  allowed_account_ids = [var.account_id]
  assume_role {
    role_arn = "arn:aws:iam::${var.account_id}:role/deploy"
  }
}

provider "aws" {
  alias               = "dns"
  region              = "eu-central-1"
  allowed_account_ids = [var.account_id]
  assume_role {
    role_arn = var.dns_role
  }
}

variable "account_id" {
  type = string
}
variable "dns_role" {
  type = string
}
variable "domain" {
  type = string
}
variable "disposable" {
  type    = bool
  default = false
}

resource "aws_acm_certificate" "site" {
  provider          = "aws.us"
  domain_name       = var.domain
  validation_method = "DNS"
}

resource "aws_route53_zone" "site" {
  name          = var.domain
  force_destroy = var.disposable
}

resource "aws_route53_record" "delegation" {
  provider = aws.dns
  zone_id  = "Z0123456789ABCDEFGHIJ"
  name     = var.domain
  type     = "NS"
  ttl      = 300
  records  = aws_route53_zone.site.name_servers
}
