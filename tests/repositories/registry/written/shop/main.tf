provider "aws" {
  region = var.region
  default_tags {
    tags = { Environment = var.environment }
  }
}

locals {
  queues   = toset(["orders", "refunds"])
  policies = "${path.module}/policies"
}

module "queue" {
  source   = "acme/queue/aws"
  version  = "~> 2.1"
  for_each = local.queues

  name              = "${var.environment}-${each.value}"
  retention_seconds = var.retention_seconds
  policy            = file("${local.policies}/${each.value}.json")
}

module "alarms" {
  source  = "acme/alarms/aws//modules/queues"
  version = "4.0.2"

  names = [for key in sort(local.queues) : module.queue[key].name]
}

resource "random_id" "suffix" {
  byte_length = 2
}

resource "aws_s3_bucket" "receipts" {
  bucket        = "${var.environment}-receipts-${random_id.suffix.hex}"
  force_destroy = var.environment != "production"
}
