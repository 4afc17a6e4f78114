"""The demonstration's third act: a template changes, and its environments follow; what somebody changed by hand is put right or kept."""
