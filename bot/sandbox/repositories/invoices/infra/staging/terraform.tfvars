env          = "staging"
log_days     = 14
batch_size   = 20
mail_gateway = "https://mail.staging.acme.example/v2"
