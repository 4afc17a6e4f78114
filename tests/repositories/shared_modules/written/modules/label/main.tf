variable "name" {
  type = string
}
output "text" {
  value = templatefile("${path.module}/label.tftpl", { name = var.name })
}
