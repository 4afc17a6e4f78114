# Encrypted with keys of the queue service: a queue is a passage, not a place where data is kept.

resource "aws_sqs_queue" "orders_dead" {
  name                      = "${var.name}-orders-dead"
  message_retention_seconds = 1209600 # 14 days, the most there is: somebody has to look at these
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "orders" {
  name                       = "${var.name}-orders"
  visibility_timeout_seconds = 120
  message_retention_seconds  = 345600
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.orders_dead.arn
    maxReceiveCount     = 5
  })
}
