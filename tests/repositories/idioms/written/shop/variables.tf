variable "name" {
  type     = string
  nullable = false
}
variable "zones" {
  type = list(string)
}
variable "size" {
  type    = number
  default = 1
  validation {
    condition     = var.size >= 1 && (var.name != "" || var.size < length(var.zones))
    error_message = "${var.name} has ${var.size}."
  }
}
variable "extra" {
  type = map(object({ size = number, tags = optional(map(string), {}) }))
}
variable "secret" {
  type      = string
  sensitive = true
  default   = "x"
}
variable "token" {
  type      = string
  ephemeral = true
  default   = null
}
