"""Why a model is left to scikit-learn."""


class NotExact(Exception):
    """A model has no fast path; the reason, the rest of a sentence that begins with "scikit-learn serves, because"."""
