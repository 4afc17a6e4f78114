variable "name" {}
variable "cidr" {}
variable "zones" { type = list(string) }
variable "public" {
  type    = list(string)
  default = []
}
variable "private" {
  type    = list(string)
  default = []
}
variable "database" {
  type    = list(string)
  default = []
}
variable "tags" { default = {} }
variable "public_tags" { default = {} }
variable "has_own_acl" { default = false }
variable "has_flow_log" { default = false }
variable "instance_tenancy" { default = null }
variable "ipv4_ipam_pool_id" { default = null }

locals {
  with_acl  = var.has_own_acl && length(var.private) > 0
  with_logs = var.has_flow_log ? 1 : 0
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  instance_tenancy     = var.instance_tenancy
  ipv4_ipam_pool_id    = var.ipv4_ipam_pool_id
  enable_dns_hostnames = true
  enable_dns_support   = true
  tags                 = merge({ Name = var.name }, var.tags)
}

resource "aws_default_security_group" "this" {
  vpc_id  = aws_vpc.this.id
  ingress = []
  egress  = []
  tags    = merge({ Name = "${var.name}-default" }, var.tags)
}

resource "aws_default_network_acl" "this" {
  default_network_acl_id = aws_vpc.this.default_network_acl_id
  subnet_ids             = null

  dynamic "ingress" {
    for_each = { 100 = "0.0.0.0/0" }
    content {
      rule_no    = ingress.key
      action     = "allow"
      protocol   = "-1"
      from_port  = 0
      to_port    = 0
      cidr_block = ingress.value
    }
  }
  egress {
    rule_no    = 100
    action     = "allow"
    protocol   = "-1"
    from_port  = 0
    to_port    = 0
    cidr_block = "0.0.0.0/0"
  }
  tags = merge({ Name = "${var.name}-default" }, var.tags)
  lifecycle {
    ignore_changes = [subnet_ids]
  }
}

resource "aws_default_route_table" "this" {
  default_route_table_id = aws_vpc.this.default_route_table_id
  propagating_vgws       = null
  tags                   = merge({ Name = "${var.name}-default" }, var.tags)
}

resource "aws_internet_gateway" "this" {
  count  = length(var.public) > 0 ? 1 : 0
  vpc_id = aws_vpc.this.id
  tags   = merge({ Name = var.name }, var.tags)
}

resource "aws_subnet" "public" {
  count                                          = length(var.public)
  vpc_id                                         = aws_vpc.this.id
  availability_zone                              = element(var.zones, count.index)
  cidr_block                                     = var.public[count.index]
  ipv6_cidr_block                                = null
  map_public_ip_on_launch                        = false
  enable_resource_name_dns_aaaa_record_on_launch = false
  private_dns_hostname_type_on_launch            = null
  tags = merge(
    { Name = format("%s-public-%s", var.name, element(var.zones, count.index)) },
    var.tags,
    var.public_tags,
  )
}

resource "aws_subnet" "private" {
  count             = length(var.private)
  vpc_id            = aws_vpc.this.id
  availability_zone = element(var.zones, count.index)
  cidr_block        = var.private[count.index]
  ipv6_native       = false
  tags              = merge({ Name = format("%s-private-%s", var.name, element(var.zones, count.index)) }, var.tags)
}

resource "aws_subnet" "database" {
  count             = length(var.database)
  vpc_id            = aws_vpc.this.id
  availability_zone = element(var.zones, count.index)
  cidr_block        = var.database[count.index]
  tags              = merge({ Name = format("%s-database-%s", var.name, element(var.zones, count.index)) }, var.tags)
}

resource "aws_db_subnet_group" "database" {
  count      = length(var.database) > 0 ? 1 : 0
  name       = lower(var.name)
  subnet_ids = aws_subnet.database[*].id
  tags       = merge({ Name = lower(var.name) }, var.tags)
}

resource "aws_route_table" "public" {
  count  = length(var.public) > 0 ? 1 : 0
  vpc_id = aws_vpc.this.id
  tags   = merge({ Name = "${var.name}-public" }, var.tags)
}

resource "aws_route" "public" {
  count                  = length(var.public) > 0 ? 1 : 0
  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
  timeouts {
    create = "5m"
  }
}

resource "aws_route_table" "private" {
  count  = length(var.private)
  vpc_id = aws_vpc.this.id
  tags   = merge({ Name = format("%s-private-%s", var.name, element(var.zones, count.index)) }, var.tags)
}

resource "aws_route_table" "database" {
  for_each = toset(var.database)
  vpc_id   = aws_vpc.this.id
  tags     = merge({ Name = "${var.name}-database" }, var.tags)
}

resource "aws_route_table_association" "public" {
  count          = length(var.public)
  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_route_table_association" "private" {
  count          = length(var.private)
  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private[count.index].id
}

resource "aws_route_table_association" "database" {
  count          = length(var.database)
  subnet_id      = aws_subnet.database[count.index].id
  route_table_id = aws_route_table.database[var.database[count.index]].id
}

resource "aws_network_acl" "private" {
  count      = local.with_acl ? 1 : 0
  vpc_id     = aws_vpc.this.id
  subnet_ids = aws_subnet.private[*].id
  tags       = merge({ Name = "${var.name}-private" }, var.tags)
}

resource "aws_network_acl_rule" "private" {
  for_each        = local.with_acl ? { in = false, out = true } : {}
  network_acl_id  = aws_network_acl.private[0].id
  egress          = each.value
  rule_number     = 100
  rule_action     = "allow"
  protocol        = "-1"
  from_port       = 0
  to_port         = 0
  icmp_code       = null
  ipv6_cidr_block = null
  cidr_block      = "0.0.0.0/0"
}

resource "aws_cloudwatch_log_group" "flow" {
  count             = local.with_logs
  name              = "/flow/${var.name}"
  retention_in_days = null
  kms_key_id        = null
  skip_destroy      = false
  tags              = var.tags
}

resource "aws_iam_role" "flow" {
  count                = local.with_logs
  name_prefix          = "flow-"
  permissions_boundary = null
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
    }]
  })
  tags = var.tags
}

resource "aws_iam_policy" "flow" {
  count       = local.with_logs
  name_prefix = "flow-"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = "*" }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy_attachment" "flow" {
  count      = local.with_logs
  role       = aws_iam_role.flow[0].name
  policy_arn = aws_iam_policy.flow[0].arn
}

resource "aws_flow_log" "this" {
  count                    = local.with_logs
  vpc_id                   = aws_vpc.this.id
  traffic_type             = "ALL"
  log_destination          = aws_cloudwatch_log_group.flow[0].arn
  iam_role_arn             = aws_iam_role.flow[0].arn
  log_format               = null
  max_aggregation_interval = 600
  dynamic "destination_options" {
    for_each = []
    content {
      file_format = "parquet"
    }
  }
  tags = merge({ Name = var.name }, var.tags)
}
