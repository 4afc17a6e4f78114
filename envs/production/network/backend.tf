terraform {
  backend "s3" {
    bucket       = "acme-production-tfstate"
    key          = "production/network/terraform.tfstate"
    region       = "eu-central-1"
    encrypt      = true
    use_lockfile = true
  }
}
