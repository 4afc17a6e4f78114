environment       = "production"
retention_seconds = 345600
