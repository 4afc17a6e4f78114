output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "One public subnet for each zone, in the order of the zones."
  value       = [for zone in var.zones : aws_subnet.public[zone].id]
}

output "private_subnet_ids" {
  description = "One private subnet for each zone, in the order of the zones."
  value       = [for zone in var.zones : aws_subnet.private[zone].id]
}

output "load_balancer_security_group_id" {
  description = "The security group of the load balancer."
  value       = aws_security_group.load_balancer.id
}

output "app_security_group_id" {
  description = "The security group of the application."
  value       = aws_security_group.app.id
}

output "database_security_group_id" {
  description = "The security group of the database."
  value       = aws_security_group.database.id
}
