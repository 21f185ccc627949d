"""From a face's box to its crop for MediaPipe's face mesh, and from the mesh to mouth and head pose.

The mesh has 478 points (Grishchenko et al. 2020, "Attention Mesh"), numbered as in MediaPipe's canonical face
model: the person's right eye, which a camera shows on the left, is at 33, the left at 263.
"""

from __future__ import annotations

import numpy as np

from emocli.face.align import similarity

#: Pixels a side of a crop, points of a mesh, and how much wider a crop is than the box.
CROP, POINTS, WIDER = 256, 478, 1.5
#: Outer corners of the eyes, inner edge of the lips above and below, corners of the mouth.
EYES, LIPS, CORNERS = (33, 263), (13, 14), (61, 291)
#: Points that no expression moves much, and where they lie in the canonical face model (cm; x to the right
#: of the picture, y up, z towards the camera), as `geometry_pipeline_metadata` in the weights has them.
RIGID = {4: (0, -0.463, 7.587), 6: (0, 2.473, 5.789), 10: (0, 8.262, 4.482),
         33: (-4.446, 2.664, 3.173), 263: (4.446, 2.664, 3.173), 133: (-1.856, 2.585, 3.758),
         362: (1.856, 2.585, 3.758), 129: (-1.786, -0.978, 4.850), 358: (1.786, -0.978, 4.850),
         127: (-7.743, 2.365, -2.005), 356: (7.743, 2.365, -2.005), 54: (-6.279, 6.615, 1.426),
         284: (6.279, 6.615, 1.426), 132: (-7.271, -2.891, -2.252), 361: (7.271, -2.891, -2.252)}
_CANONICAL = np.array(list(RIGID.values()), float)


def mesh_crop(grey: np.ndarray, box: np.ndarray, eyes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The crop (256, 256) uint8 of a grey picture that the mesh is found in, and the matrix (2, 3) that leads
    from it back to the picture.

    `box` is x, y, width, height and `eyes` (2, 2), both in px: a square around the box, WIDER than its longer
    side, turned until the eyes are level, as in MediaPipe's graph.
    """
    import cv2

    x, y, width, height = box
    along = eyes[1] - eyes[0]
    half = WIDER * max(width, height) / 2 * along / max(1e-6, float(np.hypot(*along)))
    middle = np.array([x + width / 2, y + height / 2])
    back = similarity(np.array([[0.0, CROP / 2], [CROP, CROP / 2]]), np.array([middle - half, middle + half]))
    shrink = float(np.hypot(back[0, 0], back[1, 0]))
    if shrink > 2:  # averaged down first, so that no pattern of the sampling gets into the crop
        low = np.maximum(np.floor(middle - 1.5 * np.hypot(*half)), 0).astype(int)
        high = np.ceil(middle + 1.5 * np.hypot(*half)).astype(int)
        patch = grey[low[1]:high[1], low[0]:high[0]]
        size = tuple(max(1, round(n / shrink)) for n in patch.shape[::-1])
        if patch.size:
            grey = cv2.resize(patch, size, interpolation=cv2.INTER_AREA)
            scale = np.array([[size[0] / patch.shape[1]], [size[1] / patch.shape[0]]])
            matrix = np.hstack([back[:, :2], back[:, 2:] - low[:, None]]) * scale
            return _cut(grey, matrix), back
    return _cut(grey, back), back


def _cut(grey: np.ndarray, back: np.ndarray) -> np.ndarray:
    import cv2

    return np.asarray(cv2.warpAffine(grey, back, (CROP, CROP), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                                     borderMode=cv2.BORDER_CONSTANT))


def to_picture(mesh: np.ndarray, back: np.ndarray) -> np.ndarray:
    """A mesh (478, 3) of a crop in px of the picture, float32; `back` (2, 3) is what `mesh_crop` gave."""
    scale = float(np.hypot(back[0, 0], back[1, 0]))
    flat = mesh[:, :2] @ back[:, :2].T + back[:, 2]
    return np.concatenate([flat, mesh[:, 2:] * scale], 1).astype(np.float32)


def mouth(points: np.ndarray) -> np.ndarray:
    """How open and how wide mouths are, (n, 2), in distances of the eyes, so that neither size nor turn of
    the head matters much; `points` are (n, 478, 3)."""
    eyes, lips, corners = (np.linalg.norm(points[:, a] - points[:, b], axis=1)
                           for a, b in (EYES, LIPS, CORNERS))
    return np.stack([lips, corners], 1) / np.maximum(eyes, 1e-6)[:, None]


def head_pose(points: np.ndarray, size: tuple[int, int]) -> tuple[float, float, float]:
    """Yaw, pitch and roll of a head, degrees, from its mesh (478, 2 or 3) in px of a picture of `size`
    (width, height); all NaN where no pose fits.

    As one sees the picture: yaw > 0 turns the face to the right, pitch > 0 raises it, roll > 0 tilts it
    clockwise.  The camera is taken to look at the picture's middle, as wide as a lens of focal length
    max(width, height).
    """
    import cv2

    focal, flip = float(max(size)), np.array([1.0, -1.0, -1.0])
    camera = np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]])
    seen = np.ascontiguousarray(points[list(RIGID), :2], float)
    if not np.isfinite(seen).all():
        return (float("nan"),) * 3
    fits, turn, _ = cv2.solvePnP(_CANONICAL * flip, seen, camera, None, flags=cv2.SOLVEPNP_SQPNP)
    if not fits:
        return (float("nan"),) * 3
    matrix = cv2.Rodrigues(turn)[0]
    angles = (-np.arcsin(np.clip(-matrix[2, 0], -1, 1)), -np.arctan2(matrix[2, 1], matrix[2, 2]),
              np.arctan2(matrix[1, 0], matrix[0, 0]))
    yaw, pitch, roll = np.degrees(angles).tolist()
    return yaw, pitch, roll
