import {
  to = terraform_data.server[0]
  id = "0b2e5b9c"
}
