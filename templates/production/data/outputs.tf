output "kms_key_arn" {
  description = "The key that encrypts everything that the environment keeps."
  value       = aws_kms_key.this.arn
}

output "db_cluster_id" {
  description = "The database cluster's identifier."
  value       = aws_rds_cluster.this.cluster_identifier
}

output "db_endpoint" {
  description = "The host name of the database's writer."
  value       = aws_rds_cluster.this.endpoint
}

output "db_reader_endpoint" {
  description = "The host name of the database's readers."
  value       = aws_rds_cluster.this.reader_endpoint
}

output "db_secret_arn" {
  description = "The secret in which RDS keeps the database's password."
  value       = aws_rds_cluster.this.master_user_secret[0].secret_arn
}

output "app_secret_arn" {
  description = "The secret with the keys that the application signs with."
  value       = aws_secretsmanager_secret.app.arn
}

output "payments_secret_arn" {
  description = "The secret with the credentials for the payment service."
  value       = aws_secretsmanager_secret.payments.arn
}

output "assets_bucket" {
  description = "The bucket of the shop's own assets."
  value       = aws_s3_bucket.this["assets"].bucket
}

output "uploads_bucket" {
  description = "The bucket of customers' uploads."
  value       = aws_s3_bucket.this["uploads"].bucket
}

output "parameter_path" {
  description = "The path of the application's parameters."
  value       = "/${var.name}/app"
}

output "orders_queue_arn" {
  description = "The queue of orders to fulfil."
  value       = aws_sqs_queue.orders.arn
}

output "orders_queue_url" {
  description = "The address of the queue of orders."
  value       = aws_sqs_queue.orders.url
}

output "orders_dead_queue_arn" {
  description = "The queue of orders that nobody could fulfil."
  value       = aws_sqs_queue.orders_dead.arn
}

output "flags_path" {
  description = "The path of the application's feature flags, which the pipeline writes."
  value       = "/${var.name}/app/flags"
}
