provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id] # refuses to plan with another account's credentials

  default_tags {
    tags = {
      Environment = var.name
      System      = "newsletter"
      Stack       = "app"
      Purpose     = var.purpose
      ManagedBy   = "envclone"
    }
  }
}
