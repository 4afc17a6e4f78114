# Shells only: their values are written by the pipeline's hooks, so that no state and no plan holds one.
resource "aws_secretsmanager_secret" "app" {
  name                    = "${var.name}/app"
  description             = "Keys that the application signs with"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.protected ? 30 : 0
}

resource "aws_secretsmanager_secret" "payments" {
  name                    = "${var.name}/payments"
  description             = "Credentials for the payment service"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.protected ? 30 : 0
}
