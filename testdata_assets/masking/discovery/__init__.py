"""Discovery: what of a database is personal, told from its catalog and small samples, written as masking rules.

`lexicon` and `names` read column and table names, `values` and `dictionaries` look at sampled values,
`classify` puts both together, `documents` does so inside JSON, arrays and composites, `domains` finds columns
that share values, `choose` turns findings into rules that fit the database, `write` prints them as YAML, and
`discover` runs them in order.
"""
