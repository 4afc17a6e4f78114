terraform {
  backend "s3" {
    bucket               = "acme-state"
    key                  = "shop.tfstate"
    region               = "eu-central-1"
    workspace_key_prefix = "live/shop"
  }
}

locals {
  sizes = {
    prod    = 3
    default = 1
  }
  size = lookup(local.sizes, terraform.workspace, local.sizes.default)
}

resource "terraform_data" "server" {
  count = local.size
  input = "shop-${terraform.workspace}-${count.index}"
}

output "servers" {
  value = terraform_data.server[*].output
}
