"""What people read of a change of modules beside the environments that a rollout applies in waves."""
