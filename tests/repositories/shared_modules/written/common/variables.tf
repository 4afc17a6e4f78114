variable "environment" {
  type = string
}
variable "replicas" {
  type = number
}
