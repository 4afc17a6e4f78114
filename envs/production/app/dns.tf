resource "aws_route53_record" "public" {
  zone_id = var.public_zone_id
  name    = var.public_domain
  type    = "A"

  alias {
    name                   = var.load_balancer_dns_name
    zone_id                = var.load_balancer_zone_id
    evaluate_target_health = true
  }
}

# The names in the application's configuration. They are the same in every environment, and answer only inside its VPC.
locals {
  private_names = {
    db        = var.db_endpoint
    db-reader = var.db_reader_endpoint
  }
}

resource "aws_route53_record" "private" {
  for_each = local.private_names

  zone_id = var.private_zone_id
  name    = "${each.key}.${var.private_domain}"
  type    = "CNAME"
  ttl     = 60
  records = [each.value]
}
