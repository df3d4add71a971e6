"""The compliance report of an image: what is personal, which rule treats it, what proves it, which duties it serves.

Everything is read from what was recorded and signed with the image; nothing here opens the image's database.
"""
