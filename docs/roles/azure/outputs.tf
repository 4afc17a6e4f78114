output "account" {
  description = "The account, as .github/envclone.yml names it below `accounts:`."
  value = yamlencode({
    (var.name) = merge(local.account, { for verb, made in azuread_application.envclone : "${verb}_role" => made.client_id })
  })
}
