terraform {
  required_version = ">= 1.10.0, < 2.0.0" # 1.10: the S3 backend locks without a table (use_lockfile)

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}
