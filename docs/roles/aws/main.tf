# The two roles of one AWS account, as docs/oidc.md of envclone describes them. Apply it as an administrator of the account, with the
# values of that account: once for each account of the policy. The state bucket has to be there.
terraform {
  required_version = ">= 1.10.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
}

locals {
  issuer   = trimprefix(var.issuer, "https://")
  provider = "arn:aws:iam::${var.account_id}:oidc-provider/${local.issuer}"
  bucket   = "arn:aws:s3:::${var.state_bucket}"

  # Repositories created since mid-July 2026 have the ids of owner and repository in the subject. With them nobody gets in who makes
  # a repository under your old name after a rename.
  names   = split("/", var.repository)
  subject = var.repository_ids == null ? "repo:${var.repository}" : "repo:${local.names[0]}@${var.repository_ids.owner}/${local.names[1]}@${var.repository_ids.repository}"
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.creates_identity_provider ? 1 : 0

  url            = var.issuer
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "trust" {
  for_each = toset(["plan", "apply"])

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    # Only a job in this GitHub environment has the subject, and only the default branch may use that.
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = ["${local.subject}:environment:envclone-${each.key}"]
    }
  }
}

resource "aws_iam_role" "plan" {
  name                 = "envclone-plan"
  description          = "Reads what environments consist of, and writes reviews beside the state."
  assume_role_policy   = data.aws_iam_policy_document.trust["plan"].json
  max_session_duration = 3600
}

data "aws_iam_policy_document" "plan" {
  statement {
    sid       = "ReadState"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = [local.bucket, "${local.bucket}/*"]
  }

  statement {
    sid       = "WriteReviews"
    actions   = ["s3:PutObject"]
    resources = ["${local.bucket}/reviews/*"]
  }

  dynamic "statement" {
    for_each = length(var.plan_actions) > 0 ? [var.plan_actions] : []
    content {
      sid       = "ReadResources"
      actions   = statement.value
      resources = ["*"]
    }
  }

  statement {
    sid       = "NeverReadValues"
    effect    = "Deny"
    actions   = ["secretsmanager:GetSecretValue", "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:Query", "sqs:ReceiveMessage"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "plan" {
  name   = "envclone-plan"
  role   = aws_iam_role.plan.name
  policy = data.aws_iam_policy_document.plan.json
}

resource "aws_iam_role_policy_attachment" "plan" {
  for_each = toset(var.plan_policy_arns)

  role       = aws_iam_role.plan.name
  policy_arn = each.value
}

resource "aws_iam_role" "apply" {
  name                 = "envclone-apply"
  description          = "Manages what environments consist of."
  assume_role_policy   = data.aws_iam_policy_document.trust["apply"].json
  max_session_duration = 10800 # a workflow asks for three hours
  permissions_boundary = var.permissions_boundary
}

data "aws_iam_policy_document" "apply" {
  statement {
    sid       = "WriteState"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"]
    resources = [local.bucket, "${local.bucket}/*"]
  }

  # Beside its lock, the backend keeps a checksum of each state in the table.
  dynamic "statement" {
    for_each = var.lock_table == null ? [] : [var.lock_table]
    content {
      sid       = "LockState"
      actions   = ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]
      resources = ["arn:aws:dynamodb:${var.region}:${var.account_id}:table/${statement.value}"]
    }
  }

  # After a destroy the account is searched for what was left.
  statement {
    sid       = "FindOrphans"
    actions   = ["tag:GetResources"]
    resources = ["*"]
  }

  # State and reviews are kept as versions.
  statement {
    sid       = "KeepVersions"
    effect    = "Deny"
    actions   = ["s3:DeleteObjectVersion", "s3:DeleteBucket"]
    resources = [local.bucket, "${local.bucket}/*"]
  }
}

resource "aws_iam_role_policy" "apply" {
  name   = "envclone-apply"
  role   = aws_iam_role.apply.name
  policy = data.aws_iam_policy_document.apply.json
}

resource "aws_iam_role_policy_attachment" "apply" {
  for_each = toset(var.apply_policy_arns)

  role       = aws_iam_role.apply.name
  policy_arn = each.value
}
