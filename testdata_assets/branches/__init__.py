"""Branches: writable copy-on-write clones of the published golden image, each with a role of its own.

The registry here is the truth about which branches exist; providers only do what the lifecycle tells them.
"""
