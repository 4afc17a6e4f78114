run "x" {
  command = plan
  assert {
    condition     = var.name != ""
    error_message = "no"
  }
}
