output "flags_path" {
  description = "The path below which feature flags lie."
  value       = "/${var.name}/flags"
}

output "table" {
  description = "The table of readers."
  value       = aws_dynamodb_table.readers.name
}

output "topic_arn" {
  description = "The topic that letters go to."
  value       = aws_sns_topic.letters.arn
}

output "secret_arn" {
  description = "The secret with the key that letters are signed with."
  value       = aws_secretsmanager_secret.signing.arn
}
