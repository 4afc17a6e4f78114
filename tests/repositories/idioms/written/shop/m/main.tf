variable "rules" {
  type = map(object({ port = number, cidrs = optional(list(string), ["0.0.0.0/0"]) }))
}
resource "terraform_data" "new" {
  input = { for k, r in var.rules : k => r.cidrs if r.port != 22 }
}
