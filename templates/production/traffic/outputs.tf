output "public_zone_id" {
  description = "The public hosted zone."
  value       = aws_route53_zone.public.zone_id
}

output "public_name_servers" {
  description = "What the parent zone delegates to."
  value       = aws_route53_zone.public.name_servers
}

output "private_zone_id" {
  description = "The private hosted zone."
  value       = aws_route53_zone.private.zone_id
}

output "scheme" {
  description = "How the shop is reached: http or https."
  value       = local.tls ? "https" : "http"
}

output "load_balancer_dns_name" {
  description = "The load balancer's own name."
  value       = aws_lb.this.dns_name
}

output "load_balancer_zone_id" {
  description = "The hosted zone of the load balancer's own name."
  value       = aws_lb.this.zone_id
}

output "load_balancer_metric" {
  description = "The load balancer's name in CloudWatch."
  value       = aws_lb.this.arn_suffix
}

output "target_group_arn" {
  description = "The target group that the application's tasks join."
  value       = aws_lb_target_group.app.arn

  depends_on = [aws_lb_listener.http, aws_lb_listener.https] # a service can only join a group that a listener uses
}

output "target_group_metric" {
  description = "The target group's name in CloudWatch."
  value       = aws_lb_target_group.app.arn_suffix
}
