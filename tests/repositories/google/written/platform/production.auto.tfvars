project_id = "acme-shop-live"
tier       = "db-custom-4-16384"
