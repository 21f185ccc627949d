"""The Keras network that reads a face crop: a small residual net with squeeze-and-excitation.

Residual units follow He et al. (2016), the channel gates Hu et al. (2018).
"""

from __future__ import annotations

from typing import Any

#: Side of the grey crop that the network takes, px.
INPUT_SIZE = 48
#: Width of the shipped network's features.
FEATURES = 192
#: The answer that is used, and the one that is only there to be compared with others' figures.
HEADS = ("logits", "label_logits")
#: How the names of a residual unit's last convolution and its normalization go on.
LAST = "_last"


def build(*, channels: tuple[int, ...] = (32, 64, 96, 128),
          blocks: tuple[int, ...] = (1, 1, 1), dropout: float = 0.3,
          name: str = "emocli_face") -> Any:
    """Build the untrained network.

    Input: (n, INPUT_SIZE, INPUT_SIZE, 1) float32, grey levels 0..255.  Output: {"features":
    (n, channels[-1]), "logits": (n, 7), "label_logits": (n, 7)}: what ten voters would say (FER+), and what
    the one label of FER2013 would be.  The two agree on two faces of three, so one answer cannot be good at
    both.  `channels` are the stem's width and one width a stage, `blocks` the residual units a stage.
    """
    from keras import Input, Model, layers

    from emocli.emotions import EMOTIONS

    def conv(x: Any, width: int, name: str, kernel: int = 3, stride: int = 1) -> Any:
        x = layers.Conv2D(width, kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_conv",
                          kernel_initializer="he_normal")(x)
        return layers.BatchNormalization(momentum=0.9, epsilon=1e-3, name=f"{name}_norm")(x)

    def unit(x: Any, width: int, name: str) -> Any:
        y = layers.ReLU()(conv(x, width, f"{name}_first"))
        y = conv(y, width, f"{name}{LAST}")
        gate = layers.GlobalAveragePooling2D()(y)
        gate = layers.Dense(width // 8, activation="relu", name=f"{name}_squeeze")(gate)
        gate = layers.Dense(width, activation="sigmoid", name=f"{name}_excite")(gate)
        y = layers.Multiply()([y, layers.Reshape((1, 1, width))(gate)])
        return layers.ReLU()(layers.Add()([x, y]))

    inputs = Input((INPUT_SIZE, INPUT_SIZE, 1), name="face")
    x = inputs / 127.5 - 1.0  # not layers.Rescaling, which wants TensorFlow on every backend
    x = layers.ReLU()(conv(x, channels[0], "stem"))
    for stage, (width, count) in enumerate(zip(channels[1:], blocks, strict=True), 1):
        x = layers.ReLU()(conv(x, width, f"stage{stage}", stride=2))
        for number in range(1, count + 1):
            x = unit(x, width, f"stage{stage}_unit{number}")
    features = layers.GlobalAveragePooling2D(name="features")(x)
    heads = {name: layers.Dense(len(EMOTIONS), name=name)(layers.Dropout(dropout)(features))
             for name in HEADS}
    return Model(inputs, {"features": features, **heads}, name=name)


def mirrored(model: Any) -> Any:
    """The same network, averaging over a face and its mirror image; what is shipped."""
    from keras import Input, Model, ops

    inputs = Input(model.input_shape[1:], name="face")
    plain, mirror = model(inputs), model(ops.flip(inputs, axis=2))
    heads = {name: (plain[name] + mirror[name]) / 2 for name in plain}
    return Model(inputs, heads, name="emocli_face_mirrored")
