resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "Private subnets of ${var.name}"
  subnet_ids  = var.private_subnet_ids
}

# A Multi-AZ DB cluster: one writer and two readable standbys in three zones, made and replaced as one.
resource "aws_rds_cluster" "this" {
  cluster_identifier = var.name
  engine             = "postgres"
  engine_version     = var.db_engine_version
  database_name      = "shop"

  db_cluster_instance_class = var.db_class
  storage_type              = var.db_storage_type
  allocated_storage         = var.db_storage_gb
  iops                      = var.db_storage_type == "io2" ? var.db_iops : null

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [var.database_security_group_id]

  # RDS makes and rotates the password; neither code nor state ever holds it.
  master_username               = "shop"
  manage_master_user_password   = true
  master_user_secret_kms_key_id = aws_kms_key.this.key_id

  storage_encrypted = true
  kms_key_id        = aws_kms_key.this.arn

  backup_retention_period      = var.backup_days
  preferred_backup_window      = "01:00-02:00"
  preferred_maintenance_window = "sun:03:00-sun:04:00"
  copy_tags_to_snapshot        = true

  enabled_cloudwatch_logs_exports = ["postgresql"]

  deletion_protection       = var.protected
  skip_final_snapshot       = !var.protected
  final_snapshot_identifier = var.protected ? "${var.name}-final" : null
}
