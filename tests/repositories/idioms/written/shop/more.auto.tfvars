zones = ["a", "b"]
extra = {
  a     = { size = 1 }
  "b-c" = { size = 2, tags = { x = "y" } }
}
