"""Validation: proving an image clean, undistorted and whole before it may be branched."""
