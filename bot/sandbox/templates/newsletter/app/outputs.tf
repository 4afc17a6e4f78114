output "flags_path" {
  description = "The path below which feature flags lie."
  value       = "/${var.name}/flags"
}

output "table" {
  description = "The table of readers."
  value       = aws_dynamodb_table.readers.name
}
