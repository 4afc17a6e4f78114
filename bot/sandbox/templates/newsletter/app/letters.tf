resource "aws_sns_topic" "letters" {
  name = "${var.name}-letters"
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "/${var.name}/app"
  retention_in_days = var.log_days
}

resource "aws_secretsmanager_secret" "signing" {
  name                    = "${var.name}/signing-key"
  recovery_window_in_days = 0
}
