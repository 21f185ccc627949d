"""The seven classes, and what other label sets call them."""

from emocli.emotions import CLASSES, EMOTIONS, index_of


def test_labels_of_other_sets() -> None:
    assert [index_of(label) for label in ("Joy", " calm ", "분노", "ps", "boredom")] == [0, 2, 5, 1, None]
    assert EMOTIONS == ("happiness", "surprise", "neutral", "fear", "disgust", "anger", "sadness")
    assert len({c.colour for c in CLASSES}) == len({c.emoji for c in CLASSES}) == 7
