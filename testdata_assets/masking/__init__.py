"""Masking: rules become a plan, the plan runs over blocks of COPY text."""
