"""Golden images: building, attesting, publishing, retiring."""
