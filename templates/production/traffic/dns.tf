resource "aws_route53_zone" "public" {
  name          = var.public_domain
  comment       = "Public names of ${var.name}"
  force_destroy = !var.protected
}

# Without this zone the names in the application's configuration do not resolve: environments that lacked it have
# let changes pass that broke where it exists.
resource "aws_route53_zone" "private" {
  name          = var.private_domain
  comment       = "Private names of ${var.name}"
  force_destroy = !var.protected

  vpc {
    vpc_id = var.vpc_id
  }
}
