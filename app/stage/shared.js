// Numbers that the stage shares with Python. Written by `python -m app.page.stage_numbers`; do not edit.

/** As many panels as fit on the stage. */
export const MAX_PANELS = 6;

/** As many classes as a run may have (toy_data/raw.py). */
export const MAX_CLASSES = 64;

/** The code of a coordinate that is missing (engine/frames/codec.py). */
export const MISSING = 65535;

/** Numbers in the row of a shape: kind, role, owner, rival, eight parameters. */
export const SHAPE_ROW = 12;

/** Kinds of shapes (losses/shape.py). */
export const SHAPES = Object.freeze({"segment": 0, "ray": 1, "circle": 2, "arc": 3, "cap": 4, "sphereArc": 5, "sphereConic": 6, "ellipse": 7});

/** What a shape shows (losses/shape.py). */
export const ROLES = Object.freeze({"boundary": 0, "margin": 1, "level": 2, "optimum": 3});

/** How a role is drawn (plots/scene.py). */
export const STROKES = Object.freeze([{"own": false, "alpha": 0.8, "width": 1.5, "dash": 0.0}, {"own": true, "alpha": 0.95, "width": 1.5, "dash": 9.0}, {"own": false, "alpha": 0.35, "width": 0.9, "dash": 0.0}, {"own": true, "alpha": 0.95, "width": 1.8, "dash": 4.0}]);

/** Kinds of heads (losses/head.py), numbered. */
export const HEADS = Object.freeze({"linear": 0, "cosine": 1, "euclidean": 2, "mahalanobis": 3});

/** Where the camera stands in space, its field of view, and the room around the rest (plots/lens.py). */
export const CAMERA = Object.freeze({"azimuth": 0.7, "elevation": 0.42, "field": 0.62, "room": 1.08});

/** The colour of each class (spec/palette.py). */
export const CLASS_COLOURS = Object.freeze([
  "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd", "#ce5ad8", "#d5e694",
  "#296bae", "#d85a74", "#94e69b", "#5b29ae", "#d8ae5a", "#94e6e3", "#ae298c", "#93d85a", "#94a1e6", "#ae3a29", "#5ad88f", "#ce94e6",
  "#adae29", "#5ab3d8", "#e694b6", "#39ae29", "#6f5ad8", "#e6ba94", "#29ae8d", "#d85ad2", "#cae694", "#295aae", "#d85a64", "#94e6a5",
  "#6c29ae", "#d8bf5a", "#94dfe6", "#ae297b", "#83d85a", "#9497e6", "#ae4b29", "#5ad89f", "#d994e6", "#9cae29", "#5aa3d8", "#e694ab",
  "#29ae2a", "#7f5ad8", "#e6c494", "#29ae9e", "#d85ac2", "#c0e694", "#2949ae", "#d8605a", "#94e6b0", "#7d29ae", "#d8cf5a", "#94d4e6",
  "#ae296a", "#73d85a", "#9b94e6", "#ae5c29", "#5ad8af", "#e394e6", "#8bae29", "#5a93d8", "#e694a1", "#29ae3b", "#905ad8", "#e6cf94",
  "#29acae", "#d85ab2", "#b5e694", "#2938ae", "#d8705a", "#94e6ba", "#8e29ae", "#d2d85a", "#94cae6", "#ae2959", "#63d85a", "#a694e6",
  "#ae6d29", "#5ad8bf", "#e694de", "#7aae29", "#5a82d8", "#e69496", "#29ae4b", "#a05ad8", "#e6d994", "#299bae", "#d85aa2", "#abe694",
  "#2a29ae", "#d8805a", "#94e6c5", "#9f29ae", "#c1d85a", "#94bfe6", "#ae2948", "#5ad861", "#b094e6", "#ae7e29", "#5ad8cf", "#e694d4",
  "#69ae29", "#5a72d8", "#e69c94", "#29ae5c", "#b05ad8", "#e6e494", "#298aae", "#d85a92", "#a0e694", "#3b29ae", "#d8905a", "#94e6cf",
  "#ae29ab", "#b1d85a", "#94b5e6", "#ae2937", "#5ad871", "#bb94e6", "#ae8f29", "#5ad1d8", "#e694c9", "#58ae29", "#5a62d8", "#e6a694",
  "#29ae6d", "#c05ad8", "#dde694", "#2979ae", "#d85a82", "#96e694", "#4c29ae", "#d8a15a", "#94e6da", "#ae299a", "#a1d85a", "#94aae6",
  "#ae2b29", "#5ad881", "#c594e6", "#aea029", "#5ac1d8", "#e694be", "#47ae29", "#625ad8", "#e6b194", "#29ae7e", "#d05ad8", "#d3e694",
  "#2968ae", "#d85a71", "#94e69c", "#5d29ae", "#d8b15a", "#94e6e4", "#ae2989", "#91d85a", "#949fe6", "#ae3c29", "#5ad891", "#d094e6",
  "#abae29", "#5ab0d8", "#e694b4", "#36ae29", "#725ad8", "#e6bb94", "#29ae8f", "#d85ad0", "#c8e694", "#2957ae", "#d85a61", "#94e6a7",
  "#6e29ae", "#d8c15a", "#94dde6", "#ae2978", "#81d85a", "#9495e6", "#ae4d29", "#5ad8a1", "#da94e6", "#9aae29", "#5aa0d8", "#e694a9",
  "#29ae2c", "#825ad8", "#e6c694", "#29aea0", "#d85ac0", "#bee694", "#2946ae", "#d8625a", "#94e6b1", "#7f29ae", "#d8d15a", "#94d2e6",
  "#ae2967", "#71d85a", "#9d94e6", "#ae5e29", "#5ad8b2", "#e594e6", "#89ae29", "#5a90d8", "#e6949f", "#29ae3d", "#925ad8", "#e6d094",
  "#29aaae", "#d85ab0", "#b3e694", "#2935ae", "#d8735a", "#94e6bc", "#9029ae", "#cfd85a", "#94c8e6", "#ae2957", "#60d85a", "#a794e6",
  "#ae6f29", "#5ad8c2", "#e694dc", "#78ae29", "#5a80d8", "#e69494", "#29ae4e", "#a25ad8", "#e6db94", "#2999ae", "#d85aa0", "#a9e694",
  "#2d29ae", "#d8835a", "#94e6c6", "#a129ae", "#bfd85a", "#94bde6", "#ae2946", "#5ad863", "#b294e6", "#ae8029", "#5ad8d2", "#e694d2",
  "#67ae29", "#5a70d8", "#e69d94", "#29ae5f",
]);
