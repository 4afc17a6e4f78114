"""Terraform's functions that compute and nothing else: an allow-list, for what a newer version adds may read files.

Source: `terraform metadata functions -json` of 1.11, what later versions and OpenTofu have besides
(https://developer.hashicorp.com/terraform/language/functions, https://opentofu.org/docs/language/functions). Those that read files
or run a text are judged in `file_access`.
"""

COMPUTING = frozenset(
    {
        # Numbers
        "abs", "ceil", "floor", "log", "max", "min", "parseint", "pow", "signum", "sum",
        # Texts and paths; a path alone opens nothing
        "abspath", "basename", "chomp", "dirname", "endswith", "format", "formatlist", "indent", "join", "lower", "pathexpand", "regex",
        "regexall", "replace", "split", "startswith", "strcontains", "strrev", "substr", "title", "trim", "trimprefix", "trimspace",
        "trimsuffix", "upper",
        # Collections
        "alltrue", "anytrue", "chunklist", "coalesce", "coalescelist", "compact", "concat", "contains", "distinct", "element", "flatten",
        "index", "keys", "length", "list", "lookup", "map", "matchkeys", "merge", "one", "range", "reverse", "setintersection",
        "setproduct", "setsubtract", "setunion", "slice", "sort", "transpose", "values", "zipmap",
        # Encodings
        "base64decode", "base64encode", "base64gunzip", "base64gzip", "csvdecode", "jsondecode", "jsonencode", "textdecodebase64",
        "textencodebase64", "urldecode", "urlencode", "yamldecode", "yamlencode",
        # Times
        "formatdate", "plantimestamp", "timeadd", "timecmp", "timestamp",
        # Digests
        "base64sha256", "base64sha512", "bcrypt", "md5", "rsadecrypt", "sha1", "sha256", "sha512", "uuid", "uuidv5",
        # Networks
        "cidrcontains", "cidrhost", "cidrnetmask", "cidrsubnet", "cidrsubnets",
        # Types and marks, and the words of a variable's `type`
        "can", "convert", "ephemeralasnull", "issensitive", "nonsensitive", "object", "optional", "sensitive", "set", "tobool", "tolist",
        "tomap", "tonumber", "toset", "tostring", "try", "tuple", "type",
    }
)  # fmt: skip
