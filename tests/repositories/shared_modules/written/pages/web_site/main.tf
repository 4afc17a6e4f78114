terraform {
  backend "s3" {
    bucket = "acme-state"
    key    = "production/pages/web_site/terraform.tfstate"
    region = "eu-central-1"
  }
}
module "service" {
  source   = "../../../../modules/service"
  name     = "${var.environment}-web_site"
  replicas = var.replicas
}
module "local" {
  source = "./details"
  names  = module.service.names
}
output "names" {
  value = module.service.names
}
