class FrontError(Exception):
    """What keeps the platform from starting, in words for whoever started it, with the way out."""
