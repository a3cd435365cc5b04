"""Classification of every kind of label, and answers to score, for their tests."""

from tasks.text_classification import TextClassification

NAME = "text_classification"
ONE, MANY, ORDERED = (TextClassification(NAME, None, kind) for kind in ("single_label", "multi_label", "ordinal"))


def answered(predictions, **more):
    """Predictions as `metrics` gets them, with further values of each."""
    return [{"prediction": p, **{name: values[i] for name, values in more.items()}} for i, p in enumerate(predictions)]
