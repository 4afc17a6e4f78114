output "url" {
  description = "Where the shop answers."
  value       = "${var.scheme}://${aws_route53_record.public.name}"
}

output "healthz_url" {
  description = "Where the load balancer itself says that it is there."
  value       = "http://${aws_route53_record.public.name}/healthz"
}

output "cluster" {
  description = "The container cluster."
  value       = aws_ecs_cluster.this.name
}

output "service" {
  description = "The container service."
  value       = aws_ecs_service.app.name
}

output "log_group" {
  description = "The application's log group."
  value       = aws_cloudwatch_log_group.app.name
}

output "alarm_topic_arn" {
  description = "The topic that alarms are announced on."
  value       = aws_sns_topic.alarms.arn
}

output "private_names" {
  description = "The names that resolve inside the VPC."
  value       = sort([for record in aws_route53_record.private : record.name])
}
