"""Objects beside the Terraform state, one file for each place that holds them."""
