moved {
  from = terraform_data.machine
  to   = terraform_data.server
}
