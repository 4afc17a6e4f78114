variable "name" {
  type = string
}
variable "replicas" {
  type    = number
  default = 1
}
module "label" {
  source = "../label"
  name   = var.name
}
resource "terraform_data" "replica" {
  count = var.replicas
  input = "${module.label.text}-${count.index}"
}
output "names" {
  value = terraform_data.replica[*].output
}
