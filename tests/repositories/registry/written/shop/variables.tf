variable "environment" {
  type = string
}
variable "region" {
  type    = string
  default = "eu-central-1"
}
variable "retention_seconds" {
  type = number
}
