output "topic_arn" {
  description = "The topic that letters go to."
  value       = aws_sns_topic.letters.arn
}

output "secret_arn" {
  description = "The secret with the key that letters are signed with."
  value       = aws_secretsmanager_secret.signing.arn
}
