variable "names" {
  type = list(string)
}
resource "terraform_data" "details" {
  input = merge(jsondecode(file("${path.module}/../details.json")), { names = var.names })
}
