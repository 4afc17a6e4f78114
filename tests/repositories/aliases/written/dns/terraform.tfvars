account_id = "111111111111"
dns_role   = "arn:aws:iam::111111111111:role/delegation"
domain     = "shop.acme.example"
disposable = false
