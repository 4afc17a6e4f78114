resource "aws_dynamodb_table" "readers" {
  name         = "${var.name}-readers"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "address"

  attribute {
    name = "address"
    type = "S"
  }
}

resource "aws_ssm_parameter" "sender" {
  name  = "/${var.name}/app/sender"
  type  = "String"
  value = var.mail_sender
}

resource "aws_ssm_parameter" "topic" {
  name  = "/${var.name}/app/topic"
  type  = "String"
  value = aws_sns_topic.letters.arn
}
