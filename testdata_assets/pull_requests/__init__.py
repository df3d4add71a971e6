"""Pull requests: the webhook receiver, the inbox it fills, and what the inbox means for branches.

State, not events, decides: the inbox tells which pull requests are open, and branches are compared with that.
"""
