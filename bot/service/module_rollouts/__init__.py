"""A changed module beside the environments, applied to those that use it wave by wave."""
