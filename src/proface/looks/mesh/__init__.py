"""Another face in the place of a face, by a mesh. `compose` is where to start reading."""
