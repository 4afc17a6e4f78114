output "account" {
  description = "The account, as .github/envclone.yml names it below `accounts:`."
  value = yamlencode({
    (var.account_id) = {
      plan_role    = aws_iam_role.plan.arn
      apply_role   = aws_iam_role.apply.arn
      region       = var.region
      state_bucket = var.state_bucket
    }
  })
}
