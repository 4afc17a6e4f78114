"""What is known of single providers, whichever cloud they are for."""

FILES_SAY_SO = (
    "archive_", "azapi_", "azuread_", "azurerm_", "cloudinit_", "datadog_", "external", "github_", "google_", "helm_", "kubernetes_", "local_",
    "null_", "random_", "template_", "tfe_", "time_", "tls_",
)  # fmt: skip
"""What types of resources begin with, of providers that read a file only where an argument is called so (`source`, `filename`, `…_file`).

What else begins with a `/` there is part of an address, a path in a container, a pattern or an id. What `external` is
given is its program's, which the policy allows or not. Source: the providers' schemas.
"""
