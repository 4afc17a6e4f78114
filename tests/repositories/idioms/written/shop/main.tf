locals {
  script = <<-EOT
    #!/bin/sh
    echo "${var.name}" $${HOME} %%{x}
    %{for z in var.zones~}
    echo ${z}
    %{endfor~}
  EOT
  quoted = <<EOF
{"a": "${jsonencode({ b = var.name })}"}
EOF

  größe = "straße ✓"
  names = { "ключ" = var.name, (var.name) = "日本" }

  pairs = { for p in setproduct(var.zones, ["x", "y"]) : "${p[0]}-${p[1]}" => { zone = p[0], kind = p[1] } }
  by    = { for k, v in local.pairs : v.zone => k... }
  shape = var.name == "production" ? { size = 3, tags = ["x"] } : { size = 1, tags = [] }
  sizes = merge([for z in var.zones : { (z) = local.shape.size }]...)
  all   = flatten([for k, v in local.sizes : [for i in range(v) : "${k}${i}"]])
}
resource "terraform_data" "pair" {
  for_each = local.pairs
  input    = [each.value.zone, local.by[each.value.zone], local.script, local.quoted]
}
resource "terraform_data" "extra" {
  for_each = { for k, v in var.extra : k => v if v.size > 1 }
  input    = merge(each.value.tags, { names = local.names, größe = local.größe })
}
resource "terraform_data" "count" {
  count = var.size
  input = sensitive(var.secret)
  lifecycle {
    create_before_destroy = true
    replace_triggered_by  = [terraform_data.extra]
    precondition {
      condition     = can(regex("^[a-z]", var.name))
      error_message = "Name: ${var.name}."
    }
    postcondition {
      condition     = self.output != null
      error_message = "None."
    }
  }
}
module "m" {
  source   = "./m"
  for_each = toset(["a"])
  rules    = { a = { port = 80 }, b = { port = 443, cidrs = ["10.0.0.0/8"] } }
}
moved {
  from = terraform_data.old
  to   = module.m["a"].terraform_data.new
}
removed {
  from = terraform_data.gone
  lifecycle {
    destroy = false
  }
}
check "zones" {
  assert {
    condition     = length(var.zones) > 0 && alltrue([for z in var.zones : z != ""])
    error_message = "No zone in ${var.name}."
  }
}
output "all" {
  value = format("%s-%03d %v", var.name, local.shape.size, local.all)
}
output "one" {
  value = one(terraform_data.extra["b-c"][*].output.x)
}
output "legacy" {
  value     = join(",", terraform_data.count.*.output)
  sensitive = true
}
output "plain" {
  value = try(length(nonsensitive(sha256(var.secret))), null)
}
