terraform {
  required_version = ">= 1.10"
  backend "s3" {
    bucket = "acme-state"
    key    = "production/shop/terraform.tfstate"
    region = "eu-central-1"
  }
}
