resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "app" {
  family                   = "${var.name}-app"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.app_cpu
  memory                   = var.app_memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  container_definitions = jsonencode([{
    name                   = "app"
    image                  = var.app_image
    essential              = true
    readonlyRootFilesystem = true

    portMappings = [{ containerPort = 8080, hostPort = 8080, protocol = "tcp" }]

    environment = [
      { name = "DATABASE_HOST", value = "db.${var.private_domain}" },
      { name = "DATABASE_READER_HOST", value = "db-reader.${var.private_domain}" },
      { name = "ORDERS_QUEUE_URL", value = var.orders_queue_url },
      { name = "PARAMETER_PATH", value = var.parameter_path },
      { name = "UPLOADS_BUCKET", value = var.uploads_bucket },
    ]

    secrets = [
      { name = "APP_SECRET", valueFrom = var.app_secret_arn },
      { name = "DATABASE_SECRET", valueFrom = var.db_secret_arn },
      { name = "PAYMENTS_SECRET", valueFrom = var.payments_secret_arn },
    ]

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.app.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "app"
      }
    }
  }])
}

resource "aws_ecs_service" "app" {
  name            = "app"
  cluster         = aws_ecs_cluster.this.arn
  task_definition = aws_ecs_task_definition.app.arn
  launch_type     = "FARGATE"
  desired_count   = var.app_min
  propagate_tags  = "SERVICE"
  force_delete    = !var.protected

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 60

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.private_subnet_ids
    security_groups  = [var.app_security_group_id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = var.target_group_arn
    container_name   = "app"
    container_port   = 8080
  }

  lifecycle {
    ignore_changes = [desired_count] # the autoscaler's, between its bounds
  }

  depends_on = [aws_iam_role_policy.execution, aws_iam_role_policy.task]
}
