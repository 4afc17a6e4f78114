output "account" {
  description = "The account, as .github/envclone.yml names it below `accounts:`."
  value       = yamlencode({ (var.project) = local.account })
}
