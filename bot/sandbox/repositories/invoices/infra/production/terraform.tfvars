env          = "production"
log_days     = 365
batch_size   = 500 # the gateway takes no more
mail_gateway = "https://mail.acme.example/v2"
