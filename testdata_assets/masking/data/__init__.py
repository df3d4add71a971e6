"""Frozen data behind the masks: character classes and value pools, and the scripts that made them.

Masks are a function of these files, so they are changed only together with their version number and the
golden vectors. Building them again needs Faker and Python's Unicode tables; using them needs neither.
"""
