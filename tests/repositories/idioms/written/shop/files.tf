locals {
  queues = { for f in fileset("${path.module}/queues", "**/*.json") :
    trimsuffix(basename(f), ".json") => jsondecode(file("${path.module}/queues/${f}"))
  }
  config = yamldecode(file("${path.module}/config.yaml"))
  users  = { for each in csvdecode(file("${path.module}/users.csv")) : each.name => each }
  policy = templatefile("${path.module}/policy.json.tftpl", {
    statements = jsonencode([for verb in ["Get", "Put"] : { Effect = "Allow", Action = "s3:${verb}Object" }])
    name       = var.name
  })
  hosts = templatefile("${path.module}/hosts.tftpl", { hosts = [for i in range(var.size) : "${var.name}-${i}"], port = 80 })
}
resource "terraform_data" "queue" {
  for_each = local.queues
  input    = merge(each.value, { name = "${var.name}-${each.key}" })
}
resource "terraform_data" "user" {
  for_each = local.users
  input    = "${each.value.role} ${lookup(local.config, "x", "none")} ${local.config.list[2].c}"
}
resource "terraform_data" "text" {
  input = [local.policy, base64encode(local.hosts)]
  triggers_replace = [
    filesha256("${path.module}/code/x.py"),
    sha1(join("", [for f in sort(fileset("${path.module}/code", "*.py")) : filesha1("${path.module}/code/${f}")])),
  ]
}
